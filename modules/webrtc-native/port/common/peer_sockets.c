/* A peer's sockets, with its lock held. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "address.h"
#include "port_peer.h"

#define DSCP_EF (46 << 2) /* RFC 8837: interactive audio */

/* ---- In and out ---- */

bool sockets_send_udp(port_peer *self, const ice_datagram *datagram)
{
	struct sockaddr_storage to;
	socklen_t size = address_to_socket(&datagram->to, &to);
	ssize_t sent;

	do
		sent = sendto(self->loop.sockets[datagram->socket], datagram->bytes, datagram->length, 0,
					  (struct sockaddr *)&to, size);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

static bool send_one(port_peer *self, const ice_datagram *datagram)
{
	if (datagram->socket < LOOP_SOCKETS)
		return sockets_send_udp(self, datagram);
	for (int i = 0; i < PEER_RELAYS; i++)
		if (self->relays[i].turn && self->relays[i].name == datagram->socket)
			return peer_relay_send(self, &self->relays[i], datagram);
	return peer_tcp_send(self, datagram);
}

void sockets_send(port_peer *self)
{
	ice_datagram datagram;

	while (peer_poll_datagram(self->core, &datagram)) {
		/* A full buffer or a network that is gone: to the protocols above it is a lost packet. */
		if (!send_one(self, &datagram))
			self->stats.dropped_send++;
	}
}

static void receive_datagrams(port_peer *self, int index)
{
	uint8_t *bytes = peer_room(self->core); /* larger than a datagram: so that is seen */

	for (int i = 0; i < PEER_PACKETS_PER_RUN; i++) {
		struct sockaddr_storage from;
		socklen_t size = sizeof(from);
		net_address address;
		ssize_t length = recvfrom(self->loop.sockets[index], bytes, PEER_ROOM, 0,
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
		if (!peer_gather_input(self, index, &address, bytes, (size_t)length))
			peer_input(self->core, index, &address, bytes, (size_t)length, port_now());
		/* Answers leave before the next datagram may want the same buffers. */
		sockets_send(self);
	}
}

void sockets_receive(port_peer *self)
{
	for (size_t i = 0; i < self->loop.count; i++)
		if (self->udp[i] && self->loop.revents[i])
			receive_datagrams(self, (int)i);
}

/* ---- Which there are ---- */

void socket_mark(int handle, uint8_t family)
{
	int tos = DSCP_EF;

	/* The network may ignore it, the system refuse it. */
	if (family == 4)
		setsockopt(handle, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
#ifdef IPV6_TCLASS
	else
		setsockopt(handle, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
#endif
}

/* A socket bound to a free port of `address`, which gets that port. -1 with errno. */
static int open_socket(net_address *address)
{
	struct sockaddr_storage bound;
	socklen_t size = address_to_socket(address, &bound);
	int yes = 1;
	int handle = socket(address->family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);

	if (handle < 0)
		return -1;
	fcntl(handle, F_SETFD, FD_CLOEXEC);
	fcntl(handle, F_SETFL, O_NONBLOCK);
	if (address->family == 6)
		setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof(yes));
	socket_mark(handle, address->family);
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

bool socket_bound_to(int handle, net_address *out)
{
	struct sockaddr_storage bound;
	socklen_t size = sizeof(bound);

	return getsockname(handle, (struct sockaddr *)&bound, &size) == 0 &&
		   address_from_socket(out, (struct sockaddr *)&bound);
}

static void unwatch(port_peer *self, size_t index)
{
	int handle = self->loop.sockets[index];

	self->udp[index] = false;
	loop_unwatch(&self->loop, index);
	close(handle);
	peer_forget_path(self->core, (int)index);
}

/* The socket at `address` with the port it got, opened if need be; -1. */
static int socket_at(port_peer *self, net_address *address)
{
	for (size_t i = 0; i < self->loop.count; i++) {
		net_address bound;
		if (!self->udp[i] || !socket_bound_to(self->loop.sockets[i], &bound))
			continue;
		address->port = bound.port;
		if (net_address_equal(&bound, address))
			return (int)i;
	}
	address->port = 0;

	int handle = open_socket(address);
	int index = handle < 0 ? -1 : loop_watch(&self->loop, handle, POLLIN);

	if (index >= 0)
		self->udp[index] = true;
	else if (handle >= 0)
		close(handle);
	return index;
}

int sockets_gather(port_peer *self, const net_address *addresses, int found,
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

bool socket_is_at(int handle, const net_address *addresses, int found)
{
	net_address bound;
	bool there = false;

	for (int i = 0; i < found && socket_bound_to(handle, &bound); i++) {
		bound.port = addresses[i].port;
		there |= net_address_equal(&bound, &addresses[i]);
	}
	return there;
}

void sockets_drop(port_peer *self, const net_address *addresses, int found)
{
	for (size_t i = 0; i < self->loop.count; i++)
		if (self->udp[i] && !socket_is_at(self->loop.sockets[i], addresses, found))
			unwatch(self, i);
}

void sockets_close(port_peer *self)
{
	sockets_drop(self, NULL, 0);
}
