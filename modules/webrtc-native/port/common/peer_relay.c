/*
 * A peer's relays (core/ice/turn.h), with its lock held: each is an allocation on a TURN server
 * over a socket of its own, and a candidate once it is there. One that is no better than the path
 * in use is given back.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/port.h"
#include "address.h"
#include "port_peer.h"

/* ---- The way to the server ---- */

/* A UDP socket for the server alone; its place in the loop, or -1. */
static int open_udp(port_peer *self, const net_address *server)
{
	struct sockaddr_storage address;
	socklen_t size = address_to_socket(server, &address);
	int handle = socket(address.ss_family, SOCK_DGRAM, 0);

	if (handle < 0)
		return -1;
	fcntl(handle, F_SETFD, FD_CLOEXEC);
	fcntl(handle, F_SETFL, O_NONBLOCK);
	socket_mark(handle, server->family);
	int slot = connect(handle, (struct sockaddr *)&address, size) == 0
				   ? loop_watch(&self->loop, handle, POLLIN)
				   : -1;
	if (slot < 0)
		close(handle);
	return slot;
}

static bool transmit(port_peer *self, peer_relay *relay, size_t length)
{
	ssize_t sent;

	if (length == 0)
		return false;
	if (relay->link)
		return tcp_link_send(relay->link, self->relay_message, length);
	do
		sent = send(self->loop.sockets[relay->slot], self->relay_message, length, 0);
	while (sent < 0 && errno == EINTR);
	return sent >= 0;
}

/* What the client has to say to its server. */
static void transmit_requests(port_peer *self, peer_relay *relay)
{
	size_t length;

	while ((length = turn_poll(relay->turn, self->relay_message)) > 0)
		if (!transmit(self, relay, length))
			self->stats.dropped_send++;
}

/* ---- Life ---- */

static void fail(port_peer *self, const port_ice_server *server, const char *why)
{
	char text[160];
	const peer_event event = {.type = PEER_EVENT_CANDIDATE, .reason = text, .at = port_now()};

	snprintf(text, sizeof(text), "relay %.80s:%u: %s", server->host, (unsigned)server->port, why);
	self->stats.relays_failed++;
	self->on_event(self->context, &event);
}

static bool open_way(port_peer *self, peer_relay *relay, const port_ice_server *server,
					 const net_address *address, uint64_t now)
{
	tcp_tls *tls = NULL;

	relay->slot = -1;
	if (server->transport == ICE_UDP) {
		relay->slot = open_udp(self, address);
		return relay->slot >= 0;
	}
	if (server->transport == ICE_TLS) {
		tls = tcp_tls_create(relay->servers, server, &self->loop);
		if (!tls)
			return false;
	}
	relay->link = tcp_link_open(&self->loop, FRAMING_TURN, address, tls, now);
	return relay->link != NULL;
}

static void close_way(port_peer *self, peer_relay *relay)
{
	if (relay->link) {
		tcp_link_close(relay->link);
	} else if (relay->slot >= 0) {
		int handle = self->loop.sockets[relay->slot];
		loop_unwatch(&self->loop, (size_t)relay->slot);
		close(handle);
	}
}

/* Asks the server at `address` for an allocation. NULL, or why it cannot. */
static const char *begin(port_peer *self, peer_relay *relay, const net_address *address,
						 uint64_t now)
{
	const port_ice_server *server = relay->server;
	const turn_config config = {
		.username = server->username,
		.password = server->password,
		.reliable = server->transport != ICE_UDP,
	};

	relay->addresses[relay->asked++] = *address;
	if (!open_way(self, relay, server, address, now))
		return "no memory, no socket or no way there";
	relay->turn = turn_create(&config, now);
	if (!relay->turn) {
		close_way(self, relay);
		return "no memory, or credentials that are too long";
	}
	transmit_requests(self, relay);
	return NULL;
}

void peer_relay_open(port_peer *self, const port_ice_server *server, const net_address *address,
					 uint64_t now)
{
	peer_relay *relay = NULL;

	for (int i = 0; i < PEER_RELAYS && !relay; i++)
		if (!self->relays[i].turn)
			relay = &self->relays[i];
	if (!self->relay_message)
		self->relay_message = port_alloc(TURN_MESSAGE_MAX, PORT_EXTERNAL, PORT_ICE);
	if (!relay || !self->relay_message) {
		fail(self, server, relay ? "no memory" : "too many relays");
		return;
	}
	*relay = (peer_relay){
		.servers = self->servers,
		.server = server,
		.name = LOOP_SOCKETS + self->named++,
		.generation = self->generation,
	};

	const char *why = begin(self, relay, address, now);

	if (why)
		fail(self, server, why);
	else
		ice_servers_hold(relay->servers);
}

static void add_stats(turn_stats *sum, const turn_client *turn)
{
	turn_stats one;

	turn_get_stats(turn, &one);
	sum->requests += one.requests;
	sum->retransmissions += one.retransmissions;
	sum->stale_nonces += one.stale_nonces;
	sum->dropped_malformed += one.dropped_malformed;
	sum->dropped_integrity += one.dropped_integrity;
	sum->dropped_unknown_transaction += one.dropped_unknown_transaction;
	sum->dropped_channel += one.dropped_channel;
	sum->dropped_peer += one.dropped_peer;
}

static void leave(port_peer *self, peer_relay *relay)
{
	turn_close(relay->turn);
	transmit_requests(self, relay);
	add_stats(&self->stats.turn, relay->turn);
	turn_free(relay->turn);
	relay->turn = NULL;
	close_way(self, relay);
	relay->link = NULL;
}

static void end(port_peer *self, peer_relay *relay, uint64_t now)
{
	bool told = relay->told;
	int name = relay->name;

	if (relay->turn)
		leave(self, relay);
	ice_servers_release(relay->servers);
	*relay = (peer_relay){0};
	if (told)
		peer_remove_local(self->core, name, now);
}

void peer_relay_hush(port_peer *self)
{
	for (int i = 0; i < PEER_RELAYS; i++)
		if (self->relays[i].turn && self->relays[i].link && self->relays[i].link->tls)
			tcp_tls_hush(self->relays[i].link->tls);
}

void peer_relay_drop(port_peer *self, const net_address *addresses, int found)
{
	for (int i = 0; i < PEER_RELAYS; i++) {
		peer_relay *relay = &self->relays[i];
		if (!relay->turn)
			continue;
		int slot = relay->link ? relay->link->slot : relay->slot;
		if (!socket_is_at(self->loop.sockets[slot], addresses, found))
			end(self, relay, port_now());
	}
	if (found > 0)
		return;
	port_free(self->relay_message);
	self->relay_message = NULL;
}

/* ---- In, out and time ---- */

bool peer_relay_send(port_peer *self, peer_relay *relay, const ice_datagram *datagram)
{
	turn_reach(relay->turn, &datagram->to, datagram->bytes, datagram->length, port_now());
	transmit_requests(self, relay);
	return transmit(self, relay,
					turn_wrap(relay->turn, &datagram->to, datagram->bytes, datagram->length,
							  self->relay_message));
}

/* A message of the server's. */
static void take(port_peer *self, peer_relay *relay, uint8_t *bytes, size_t length)
{
	net_address from;
	uint8_t *data;
	size_t data_length;
	uint64_t now = port_now();

	if (turn_input(relay->turn, bytes, length, &from, &data, &data_length, now))
		peer_input(self->core, relay->name, &from, data, data_length, now);
	transmit_requests(self, relay);
	sockets_send(self);
}

static void receive_udp(port_peer *self, peer_relay *relay)
{
	uint8_t *bytes = peer_room(self->core);

	for (int i = 0; i < PEER_PACKETS_PER_RUN; i++) {
		ssize_t length = recv(self->loop.sockets[relay->slot], bytes, PEER_ROOM, 0);
		if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return;
		/* ICMP's answers come as errors; the client finds out by itself. */
		if (length >= 0)
			take(self, relay, bytes, (size_t)length);
	}
}

static void receive_tcp(port_peer *self, peer_relay *relay)
{
	uint8_t *packet;
	size_t length;

	for (int i = 0; i < PEER_PACKETS_PER_RUN; i++) {
		if (!tcp_link_next(relay->link, &packet, &length))
			return;
		take(self, relay, packet, length);
	}
	loop_wake(&self->loop); /* what is read already makes no socket ready */
}

/* There is an allocation: a candidate for ICE, and for the other side. */
static void tell(port_peer *self, peer_relay *relay)
{
	net_address relayed, mapped;

	turn_addresses(relay->turn, &relayed, &mapped);
	relay->told = true;
	peer_tell_candidate(self, ice_agent_add_relay(peer_ice(self->core), relay->name, &relayed,
												  relay->server->transport));
}

static bool is_wanted(const port_peer *self, const peer_relay *relay)
{
	int socket;
	net_address to;

	if (peer_path(self->core, &socket, &to) && socket == relay->name)
		return true;
	return relay->generation == self->generation &&
		   ice_agent_wants_relay(peer_ice(self->core), relay->server->transport);
}

static const char *failure(const peer_relay *relay)
{
	if (turn_get_state(relay->turn) == TURN_FAILED)
		return turn_error(relay->turn);
	if (!relay->link || relay->link->state != TCP_OVER)
		return NULL;
	if (relay->link->tls && tcp_tls_get_state(relay->link->tls) == TCP_TLS_FAILED)
		return tcp_tls_error(relay->link->tls);
	return relay->told ? "the connection broke" : "no connection";
}

/* Asks the server that this one named, if it did. NULL, or why there is nothing to ask. */
static const char *redirect(port_peer *self, peer_relay *relay, const char *why, uint64_t now)
{
	net_address to;

	if (relay->asked > PEER_REDIRECTS ||
		!turn_alternate(relay->turn, relay->addresses, relay->asked, &to))
		return why;
	leave(self, relay);
	return begin(self, relay, &to, now);
}

static void run_one(port_peer *self, peer_relay *relay, uint64_t now)
{
	if (relay->link) {
		tcp_link_run(relay->link, now);
		receive_tcp(self, relay);
	} else if (self->loop.revents[relay->slot]) {
		receive_udp(self, relay);
	}
	if (turn_timeout(relay->turn) <= now)
		turn_handle_timeout(relay->turn, now);
	transmit_requests(self, relay);
	if (turn_get_state(relay->turn) == TURN_READY && !relay->told)
		tell(self, relay);

	const char *why = failure(relay);
	if (why)
		why = redirect(self, relay, why, now);
	if (why)
		fail(self, relay->server, why);
	if (why || !is_wanted(self, relay))
		end(self, relay, now);
}

void peer_relay_run(port_peer *self, uint64_t now)
{
	for (int i = 0; i < PEER_RELAYS; i++)
		if (self->relays[i].turn)
			run_one(self, &self->relays[i], now);
}

bool peer_relay_busy(const port_peer *self)
{
	for (int i = 0; i < PEER_RELAYS; i++)
		if (self->relays[i].turn && turn_get_state(self->relays[i].turn) == TURN_ALLOCATING)
			return true;
	return false;
}

uint64_t peer_relay_due(const port_peer *self)
{
	uint64_t due = LOOP_NEVER;

	for (int i = 0; i < PEER_RELAYS; i++) {
		const peer_relay *relay = &self->relays[i];
		if (!relay->turn)
			continue;
		uint64_t at = turn_timeout(relay->turn);
		if (relay->link && tcp_link_due(relay->link) < at)
			at = tcp_link_due(relay->link);
		if (at < due)
			due = at;
	}
	return due;
}

void peer_relay_add_stats(const port_peer *self, turn_stats *sum)
{
	for (int i = 0; i < PEER_RELAYS; i++)
		if (self->relays[i].turn)
			add_stats(sum, self->relays[i].turn);
}
