/*
 * ICE-TCP (RFC 6544): connections to the passive candidates of the other side, with the peer's lock
 * held. One is made when ICE has the first thing to send there.
 */
#include <string.h>

#include "port_peer.h"

/* Microseconds after which a connection that ICE does not use is closed; and when ICE has found
 * another way, which the other side takes, too, by then. */
#define IDLE 15000000u
#define PASSED_OVER 3000000u

void peer_tcp_gather(port_peer *self, const net_address *addresses, int found)
{
	for (int i = 0; i < ICE_TCP_MAX; i++) {
		const net_address *best = NULL;
		for (int j = 0; j < found; j++)
			if (addresses[j].family == (i == 0 ? 4 : 6) && (!best || net_address_is_loopback(best)))
				best = &addresses[j];
		self->tcp_names[i] = 0;
		if (best && ice_agent_add_tcp(peer_ice(self->core), LOOP_SOCKETS + self->named, best))
			self->tcp_names[i] = LOOP_SOCKETS + self->named++;
	}
}

static uint64_t closes_at(const port_peer *self, const peer_tcp *tcp)
{
	int socket;
	net_address to;
	bool elsewhere = ice_agent_state(peer_ice(self->core)) == ICE_CONNECTED &&
					 peer_path(self->core, &socket, &to) &&
					 !(socket == tcp->socket && net_address_equal(&to, &tcp->to));

	return tcp->used_at + (elsewhere ? PASSED_OVER : IDLE);
}

static void end(port_peer *self, peer_tcp *tcp)
{
	self->stats.dropped_oversize += tcp->link->in.oversize;
	tcp_link_close(tcp->link);
	tcp->link = NULL;
}

/* A free place, or that of the connection that has not been used for longest. */
static peer_tcp *make_place(port_peer *self)
{
	peer_tcp *oldest = &self->tcp[0];

	for (int i = 0; i < PEER_TCP_MAX; i++) {
		if (!self->tcp[i].link)
			return &self->tcp[i];
		if (self->tcp[i].used_at < oldest->used_at)
			oldest = &self->tcp[i];
	}
	end(self, oldest);
	return oldest;
}

bool peer_tcp_send(port_peer *self, const ice_datagram *datagram)
{
	uint64_t now = port_now();
	peer_tcp *tcp = NULL;

	for (int i = 0; i < PEER_TCP_MAX; i++)
		if (self->tcp[i].link && self->tcp[i].socket == datagram->socket &&
			net_address_equal(&self->tcp[i].to, &datagram->to))
			tcp = &self->tcp[i];
	if (!tcp) {
		/* Of connections from before an ICE restart none is made anew. */
		if (datagram->socket != self->tcp_names[datagram->to.family == 6])
			return false;
		tcp = make_place(self);
		*tcp = (peer_tcp){.socket = datagram->socket, .to = datagram->to};
		tcp->link = tcp_link_open(&self->loop, FRAMING_ICE_TCP, &datagram->to, NULL, now);
		if (!tcp->link) {
			peer_lost(self->core, datagram->socket, &datagram->to, now);
			return false;
		}
	}
	tcp->used_at = now;
	return tcp_link_send(tcp->link, datagram->bytes, datagram->length);
}

static void receive(port_peer *self, peer_tcp *tcp)
{
	uint8_t *packet;
	size_t length;

	for (int i = 0; i < PEER_PACKETS_PER_RUN; i++) {
		if (!tcp_link_next(tcp->link, &packet, &length))
			return;
		peer_input(self->core, tcp->socket, &tcp->to, packet, length, port_now());
		sockets_send(self);
		if (!tcp->link)
			return; /* its place was wanted */
	}
	loop_wake(&self->loop); /* what is read already makes no socket ready */
}

void peer_tcp_run(port_peer *self, uint64_t now)
{
	for (int i = 0; i < PEER_TCP_MAX; i++) {
		peer_tcp *tcp = &self->tcp[i];
		if (!tcp->link)
			continue;
		tcp_link_run(tcp->link, now);
		receive(self, tcp);
		if (tcp->link && (tcp->link->state == TCP_OVER || now >= closes_at(self, tcp))) {
			end(self, tcp);
			peer_lost(self->core, tcp->socket, &tcp->to, now);
		}
	}
}

uint64_t peer_tcp_due(const port_peer *self)
{
	uint64_t due = LOOP_NEVER;

	for (int i = 0; i < PEER_TCP_MAX; i++) {
		const peer_tcp *tcp = &self->tcp[i];
		if (!tcp->link)
			continue;
		uint64_t at = tcp_link_due(tcp->link), closes = closes_at(self, tcp);
		if (closes < at)
			at = closes;
		if (at < due)
			due = at;
	}
	return due;
}

void peer_tcp_drop(port_peer *self, const net_address *addresses, int found)
{
	for (int i = 0; i < PEER_TCP_MAX; i++) {
		peer_tcp *tcp = &self->tcp[i];
		if (tcp->link && !socket_is_at(self->loop.sockets[tcp->link->slot], addresses, found)) {
			end(self, tcp);
			peer_forget_path(self->core, tcp->socket);
		}
	}
}
