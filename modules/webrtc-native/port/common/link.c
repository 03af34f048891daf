/* Tells a watcher when the addresses to speak from have become others. */
#include "../link.h"

#include "platform.h"

#define ADDRESSES 16

static struct {
	pthread_mutex_t mutex;
	void (*on_change)(void *context); /* NULL: nobody watches */
	void *context;
	net_address addresses[ADDRESSES];
	int count;
	port_link_pretence pretence;
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int count_of(net_address addresses[ADDRESSES])
{
	int count = platform_addresses(addresses, ADDRESSES, false);

	return count < 0 ? 0 : count;
}

static bool same(const net_address *a, const net_address *b, int count)
{
	for (int i = 0; i < count; i++)
		if (!net_address_equal(&a[i], &b[i]))
			return false;
	return true;
}

void link_look(void)
{
	net_address now[ADDRESSES];
	int count = count_of(now);

	pthread_mutex_lock(&state.mutex);
	bool changed = count != state.count || !same(now, state.addresses, count);
	if (changed) {
		for (int i = 0; i < count; i++)
			state.addresses[i] = now[i];
		state.count = count;
	}
	if (changed && state.on_change)
		state.on_change(state.context);
	pthread_mutex_unlock(&state.mutex);
}

int port_link_watch(void (*on_change)(void *context), void *context)
{
	net_address now[ADDRESSES];
	int count = count_of(now);

	pthread_mutex_lock(&state.mutex);
	bool taken = state.on_change != NULL;
	if (!taken) {
		state.on_change = on_change;
		state.context = context;
		state.count = count;
		for (int i = 0; i < count; i++)
			state.addresses[i] = now[i];
	}
	pthread_mutex_unlock(&state.mutex);
	if (taken)
		return -1;
	if (platform_link_watch()) {
		link_look(); /* what changed before the watch began */
		return 0;
	}
	pthread_mutex_lock(&state.mutex);
	state.on_change = NULL;
	pthread_mutex_unlock(&state.mutex);
	return -1;
}

void port_link_unwatch(void)
{
	platform_link_unwatch();
	pthread_mutex_lock(&state.mutex);
	state.on_change = NULL;
	pthread_mutex_unlock(&state.mutex);
}

bool port_link_up(void)
{
	net_address now[ADDRESSES];

	pthread_mutex_lock(&state.mutex);
	port_link_pretence pretence = state.pretence;
	pthread_mutex_unlock(&state.mutex);
	return pretence == PORT_LINK_REAL ? count_of(now) > 0 : pretence == PORT_LINK_UP;
}

void port_link_pretend(port_link_pretence pretence)
{
	pthread_mutex_lock(&state.mutex);
	state.pretence = pretence;
	if (state.on_change)
		state.on_change(state.context);
	pthread_mutex_unlock(&state.mutex);
}
