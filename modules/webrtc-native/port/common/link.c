/* Tells watchers when the addresses to speak from have become others. */
#include "../link.h"

#include <string.h>

#include "platform.h"

#define ADDRESSES 16

/* Held to begin and to end the platform's watch, during which it may call link_look(). */
static pthread_mutex_t beginning = PTHREAD_MUTEX_INITIALIZER;

static struct {
	pthread_mutex_t mutex;
	port_link_watcher *watchers;
	net_address addresses[ADDRESSES];
	int count;
	port_link_pretence pretence;
} state = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static int addresses_now(net_address out[ADDRESSES])
{
	int count = platform_addresses(out, ADDRESSES, false);

	return count < 0 ? 0 : count;
}

static bool same_as_before(const net_address *now, int count)
{
	if (count != state.count)
		return false;
	for (int i = 0; i < count; i++)
		if (!net_address_equal(&now[i], &state.addresses[i]))
			return false;
	return true;
}

static void tell(void)
{
	for (port_link_watcher *at = state.watchers; at; at = at->next)
		at->on_change(at->context);
}

void link_look(void)
{
	net_address now[ADDRESSES];
	int count = addresses_now(now);

	pthread_mutex_lock(&state.mutex);
	if (!same_as_before(now, count)) {
		memcpy(state.addresses, now, sizeof(now));
		state.count = count;
		tell();
	}
	pthread_mutex_unlock(&state.mutex);
}

int port_link_watch(port_link_watcher *watcher)
{
	pthread_mutex_lock(&beginning);
	bool watching = state.watchers != NULL || platform_link_watch();
	if (watching) {
		link_look(); /* so that what is news is measured against now */
		pthread_mutex_lock(&state.mutex);
		watcher->next = state.watchers;
		state.watchers = watcher;
		pthread_mutex_unlock(&state.mutex);
	}
	pthread_mutex_unlock(&beginning);
	return watching ? 0 : -1;
}

void port_link_unwatch(port_link_watcher *watcher)
{
	pthread_mutex_lock(&beginning);
	pthread_mutex_lock(&state.mutex);
	for (port_link_watcher **at = &state.watchers; *at; at = &(*at)->next)
		if (*at == watcher) {
			*at = watcher->next;
			break;
		}
	bool last = state.watchers == NULL;
	pthread_mutex_unlock(&state.mutex);
	if (last)
		platform_link_unwatch();
	pthread_mutex_unlock(&beginning);
}

bool port_link_up(void)
{
	net_address now[ADDRESSES];

	pthread_mutex_lock(&state.mutex);
	port_link_pretence pretence = state.pretence;
	pthread_mutex_unlock(&state.mutex);
	return pretence == PORT_LINK_REAL ? addresses_now(now) > 0 : pretence == PORT_LINK_UP;
}

void port_link_pretend(port_link_pretence pretence)
{
	pthread_mutex_lock(&state.mutex);
	state.pretence = pretence;
	tell();
	pthread_mutex_unlock(&state.mutex);
}
