/* A peer on the transport thread: its life, and what its owner may do with it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "../../core/port.h"
#include "platform.h"
#include "port_peer.h"

static void hand_out_events(port_peer *self)
{
	peer_event event;

	while (peer_poll_event(self->core, &event))
		self->on_event(self->context, &event);
}

static uint64_t due_at(const port_peer *self)
{
	const uint64_t times[] = {peer_timeout(self->core), peer_tcp_due(self), peer_relay_due(self),
							  peer_gather_due(self)};
	uint64_t due = LOOP_NEVER;

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] < due)
			due = times[i];
	return due;
}

static void run(loop_client *client, uint64_t now)
{
	port_peer *self = (port_peer *)((char *)client - offsetof(port_peer, loop));

	pthread_mutex_lock(&self->mutex);
	sockets_receive(self);
	peer_tcp_run(self, now);
	peer_relay_run(self, now);
	peer_gather_run(self, now);
	now = port_now(); /* that took its time, and time must not go back */
	if (peer_timeout(self->core) <= now)
		peer_handle_timeout(self->core, now);
	peer_pump(self->core, now);
	sockets_send(self);
	hand_out_events(self);
	sockets_send(self); /* taking events can open SCTP's window */
	loop_set_due(client, due_at(self));
	pthread_mutex_unlock(&self->mutex);
}

/* ---- The owner ---- */

port_peer *port_peer_create(const peer_config *config,
							void (*on_event)(void *context, const peer_event *event), void *context)
{
	port_peer *self = port_alloc(sizeof(*self), PORT_INTERNAL, PORT_PEER);

	if (!self)
		return NULL;
	self->core = peer_create(config, port_now());
	self->on_event = on_event;
	self->context = context;
	self->loop.run = run;
	pthread_mutex_init(&self->mutex, NULL);
	if (!self->core || loop_add(&self->loop) != 0) {
		peer_free(self->core);
		pthread_mutex_destroy(&self->mutex);
		port_free(self);
		return NULL;
	}
	platform_call_begin();
	return self;
}

void port_peer_free(port_peer *self)
{
	if (!self)
		return;
	platform_call_end();
	pthread_mutex_lock(&self->mutex);
	self->gather_due = false;
	peer_gather_end(self);
	peer_relay_hush(self);
	pthread_mutex_unlock(&self->mutex);
	loop_remove(&self->loop);
	/* No other thread has it now. */
	peer_close(self->core, port_now());
	sockets_send(self);
	peer_relay_drop(self, NULL, 0);
	sockets_close(self);
	peer_tcp_drop(self, NULL, 0);
	ice_servers_release(self->servers);
	peer_free(self->core);
	pthread_mutex_destroy(&self->mutex);
	port_free(self);
}

static int find_addresses(net_address addresses[ICE_LOCAL_MAX], bool loopback, char *error,
						  size_t size)
{
	int found = platform_addresses(addresses, ICE_LOCAL_MAX, loopback);

	if (found < 0)
		snprintf(error, size, "cannot list the network interfaces: %s", strerror(errno));
	return found;
}

int port_peer_set_ice(port_peer *self, const port_ice_config *config)
{
	ice_servers *servers = ice_servers_create(config);

	if (!servers)
		return -1;
	pthread_mutex_lock(&self->mutex);
	peer_gather_end(self);
	ice_servers_release(self->servers);
	self->servers = servers;
	self->gather_due = true;
	self->relay_only |= config->relay_only; /* what is told once stays */
	if (config->relay_only)
		ice_agent_relay_only(peer_ice(self->core));
	pthread_mutex_unlock(&self->mutex);
	loop_wake(&self->loop);
	return 0;
}

/* With the lock held: host candidates, and what others see of us is to be found out. */
static int gather(port_peer *self, const net_address *addresses, int found,
				  ice_candidate out[ICE_LOCAL_MAX])
{
	self->families = 0;
	for (int i = 0; i < found; i++)
		self->families |= addresses[i].family == 6 ? 2 : 1;
	self->gather_due = self->servers != NULL;
	self->gathering = false; /* as the agent has it, fresh or restarted */
	errno = 0;
	if (self->relay_only)
		return 0;
	int count = sockets_gather(self, addresses, found, out);
	peer_tcp_gather(self, addresses, found);
	return count;
}

static int counted(const port_peer *self, int count, char *error, size_t size)
{
	if (count > 0 || (self->relay_only && self->families))
		return count;
	snprintf(error, size, "no usable network address%s%s", errno ? ": " : "",
			 errno ? strerror(errno) : "");
	return -1;
}

int port_peer_gather(port_peer *self, bool loopback, ice_candidate out[ICE_LOCAL_MAX], char *error,
					 size_t size)
{
	net_address addresses[ICE_LOCAL_MAX];
	int found = find_addresses(addresses, loopback, error, size);

	if (found < 0)
		return -1;
	pthread_mutex_lock(&self->mutex);
	int count = gather(self, addresses, found, out);
	pthread_mutex_unlock(&self->mutex);
	loop_wake(&self->loop);
	return counted(self, count, error, size);
}

int port_peer_restart(port_peer *self, bool loopback, ice_candidate out[ICE_LOCAL_MAX], char *error,
					  size_t size)
{
	net_address addresses[ICE_LOCAL_MAX];
	int found = find_addresses(addresses, loopback, error, size);
	int count = -1;

	if (found < 0)
		return -1;
	pthread_mutex_lock(&self->mutex);
	if (peer_restart_ice(self->core, port_now()) == 0) {
		sockets_drop(self, addresses, found);
		peer_tcp_drop(self, addresses, found);
		peer_relay_drop(self, addresses, found);
		self->generation++;
		count = gather(self, addresses, found, out);
	}
	pthread_mutex_unlock(&self->mutex);
	loop_wake(&self->loop);
	if (count >= 0)
		return counted(self, count, error, size);
	snprintf(error, size, "nothing to restart, or no entropy");
	return -1;
}

void port_peer_with(port_peer *self, void (*use)(peer *peer, void *context, uint64_t now),
					void *context)
{
	pthread_mutex_lock(&self->mutex);
	use(self->core, context, port_now());
	pthread_mutex_unlock(&self->mutex);
	loop_wake(&self->loop);
}

void port_peer_wake(port_peer *self)
{
	loop_wake(&self->loop);
}

void port_peer_get_stats(port_peer *self, port_peer_stats *out)
{
	pthread_mutex_lock(&self->mutex);
	*out = self->stats;
	peer_relay_add_stats(self, &out->turn);
	peer_get_stats(self->core, &out->core);
	pthread_mutex_unlock(&self->mutex);
}
