/* A peer's sockets, on the transport thread. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/port.h"
#include "../transport.h"
#include "address.h"
#include "loop.h"
#include "platform.h"

#define DATAGRAMS_PER_RUN 64 /* from one socket, then the others have their turn */
#define DSCP_EF (46 << 2)    /* RFC 8837: interactive audio */

struct port_peer {
	pthread_mutex_t mutex; /* guards the core */
	peer *core;
	loop_client loop;
	void (*on_event)(void *context, const peer_event *event);
	void *context;
	port_peer_stats stats;
};

/* ---- With the lock held ---- */

static void send_datagrams(port_peer *self)
{
	ice_datagram datagram;

	while (peer_poll_datagram(self->core, &datagram)) {
		struct sockaddr_storage to;
		socklen_t size = address_to_socket(&datagram.to, &to);
		ssize_t sent;

		do
			sent = sendto(self->loop.sockets[datagram.socket], datagram.bytes, datagram.length, 0,
						  (struct sockaddr *)&to, size);
		while (sent < 0 && errno == EINTR);
		/* A full buffer or a network that is gone: to the protocols above it is a lost packet. */
		if (sent < 0)
			self->stats.dropped_send++;
	}
}

static void hand_out_events(port_peer *self)
{
	peer_event event;

	while (peer_poll_event(self->core, &event))
		self->on_event(self->context, &event);
}

static void receive_datagrams(port_peer *self, int index)
{
	uint8_t bytes[NET_DATAGRAM_MAX + 1]; /* one more, to see what was cut */

	for (int i = 0; i < DATAGRAMS_PER_RUN; i++) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		net_address address;
		ssize_t length = recvfrom(self->loop.sockets[index], bytes, sizeof(bytes), 0,
								  (struct sockaddr *)&from, &size);
		if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		/* ICMP's answers to what we sent come as errors here on some systems: ICE finds out. */
		if (length < 0)
			continue;
		if (length > NET_DATAGRAM_MAX || !address_from_socket(&address, (struct sockaddr *)&from)) {
			self->stats.dropped_oversize++;
			continue;
		}
		peer_input(self->core, index, &address, bytes, (size_t)length, port_now());
		/* Answers leave before the next datagram may want the same buffers. */
		send_datagrams(self);
	}
}

static void run(loop_client *client, uint64_t now)
{
	port_peer *self = (port_peer *)((char *)client - offsetof(port_peer, loop));

	pthread_mutex_lock(&self->mutex);
	for (size_t i = 0; i < client->count; i++)
		if (client->revents[i])
			receive_datagrams(self, (int)i);
	now = port_now(); /* that took its time, and time must not go back */
	if (peer_timeout(self->core) <= now)
		peer_handle_timeout(self->core, now);
	peer_pump(self->core, now);
	send_datagrams(self);
	hand_out_events(self);
	send_datagrams(self); /* taking events can open SCTP's window */
	loop_set_due(client, peer_timeout(self->core));
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
	loop_remove(&self->loop);
	/* No other thread has it now. */
	peer_close(self->core, port_now());
	send_datagrams(self);
	for (size_t i = 0; i < self->loop.count; i++)
		if (self->loop.sockets[i] >= 0)
			close(self->loop.sockets[i]);
	peer_free(self->core);
	pthread_mutex_destroy(&self->mutex);
	port_free(self);
}

/* A socket bound to a free port of `address`, which gets that port. -1 with errno. */
static int open_socket(net_address *address)
{
	struct sockaddr_storage bound;
	socklen_t size = address_to_socket(address, &bound);
	int tos = DSCP_EF, yes = 1;
	int handle = socket(address->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	if (handle < 0)
		return -1;
	fcntl(handle, F_SETFD, FD_CLOEXEC);
	fcntl(handle, F_SETFL, O_NONBLOCK);
	/* Marking is a wish: the network may ignore it, the system refuse it. */
	if (address->family == 6) {
		setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
#ifdef IPV6_TCLASS
		setsockopt(handle, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
#endif
	} else {
		setsockopt(handle, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
	}
	if (bind(handle, (struct sockaddr *)&bound, size) != 0 ||
		getsockname(handle, (struct sockaddr *)&bound, &size) != 0 ||
		!address_from_socket(address, (struct sockaddr *)&bound)) {
		int code = errno;
		close(handle);
		errno = code;
		return -1;
	}
	return handle;
}

/* What `socket` is bound to. */
static bool bound_to(int socket, net_address *out)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);

	return getsockname(socket, (struct sockaddr *)&bound, &size) == 0 &&
		   address_from_socket(out, (struct sockaddr *)&bound);
}

/* With the lock held: a place for a socket that is not watched any more, or a new one; -1. */
static int watch(port_peer *self, int handle)
{
	for (size_t i = 0; i < self->loop.count; i++)
		if (self->loop.sockets[i] < 0) {
			self->loop.sockets[i] = handle;
			loop_set_events(&self->loop, i, POLLIN);
			return (int)i;
		}
	return loop_watch(&self->loop, handle, POLLIN);
}

/* With the lock held. */
static void unwatch(port_peer *self, size_t index)
{
	int handle = self->loop.sockets[index];

	loop_set_events(&self->loop, index, 0);
	self->loop.sockets[index] = -1;
	close(handle);
	peer_forget_path(self->core, (int)index);
}

/* With the lock held: the socket at `address` with the port it got, opened if need be; -1. */
static int socket_at(port_peer *self, net_address *address)
{
	for (size_t i = 0; i < self->loop.count; i++) {
		net_address bound;
		if (self->loop.sockets[i] < 0 || !bound_to(self->loop.sockets[i], &bound))
			continue;
		address->port = bound.port;
		if (net_address_equal(&bound, address))
			return (int)i;
	}
	address->port = 0;

	int handle = open_socket(address);
	int index = handle < 0 ? -1 : watch(self, handle);

	if (handle >= 0 && index < 0)
		close(handle);
	return index;
}

/* With the lock held. */
static int gather(port_peer *self, const net_address *addresses, int found,
				  ice_candidate out[ICE_LOCAL_MAX])
{
	int count = 0;

	for (int i = 0; i < found && count < ICE_LOCAL_MAX; i++) {
		net_address address = addresses[i];
		int index = socket_at(self, &address);
		const ice_candidate *candidate =
			index < 0 ? NULL : ice_agent_add_local(peer_ice(self->core), index, &address);
		if (candidate)
			out[count++] = *candidate;
	}
	return count;
}

static int find_addresses(net_address addresses[ICE_LOCAL_MAX], bool loopback, char *error,
						  size_t size)
{
	int found = platform_addresses(addresses, ICE_LOCAL_MAX, loopback);

	if (found < 0)
		snprintf(error, size, "cannot list the network interfaces: %s", strerror(errno));
	return found;
}

static int counted(int count, char *error, size_t size)
{
	if (count > 0)
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
	errno = 0;
	int count = gather(self, addresses, found, out);
	pthread_mutex_unlock(&self->mutex);
	return counted(count, error, size);
}

/* With the lock held: sockets of addresses that are gone. */
static void drop_sockets(port_peer *self, const net_address *addresses, int found)
{
	for (size_t i = 0; i < self->loop.count; i++) {
		net_address bound;
		bool there = false;
		if (self->loop.sockets[i] < 0)
			continue;
		for (int j = 0; j < found && bound_to(self->loop.sockets[i], &bound); j++) {
			bound.port = addresses[j].port;
			there |= net_address_equal(&bound, &addresses[j]);
		}
		if (!there)
			unwatch(self, i);
	}
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
		drop_sockets(self, addresses, found);
		errno = 0;
		count = gather(self, addresses, found, out);
	}
	pthread_mutex_unlock(&self->mutex);
	loop_wake(&self->loop);
	if (count >= 0)
		return counted(count, error, size);
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
	peer_get_stats(self->core, &out->core);
	pthread_mutex_unlock(&self->mutex);
}
