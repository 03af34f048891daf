/* What a peer asks STUN and TURN servers for, with its lock held. Checks never wait for it. */
#include <string.h>
#include <sys/socket.h>

#include "address.h"
#include "port_peer.h"

void peer_tell_candidate(port_peer *self, const ice_candidate *candidate)
{
	const peer_event event = {
		.type = PEER_EVENT_CANDIDATE, .candidate = candidate, .at = port_now()};

	if (candidate)
		self->on_event(self->context, &event);
}

static bool connected(const port_peer *self)
{
	return ice_agent_state(peer_ice(self->core)) == ICE_CONNECTED;
}

/* ---- STUN ---- */

/* From each socket of the server's family. */
static void ask(port_peer *self, const net_address *server, uint64_t now)
{
	for (size_t i = 0; i < self->loop.count; i++) {
		net_address bound;
		reflexive_query *free = NULL;
		for (int j = 0; j < PEER_QUERIES && !free; j++)
			if (self->queries[j].server.family == 0)
				free = &self->queries[j];
		if (self->udp[i] && free && socket_bound_to(self->loop.sockets[i], &bound) &&
			bound.family == server->family && !net_address_is_loopback(&bound))
			reflexive_start(free, (int)i, server, now);
	}
}

bool peer_gather_input(port_peer *self, int socket, const net_address *from, const uint8_t *bytes,
					   size_t length)
{
	net_address mapped;

	for (int i = 0; i < PEER_QUERIES; i++) {
		if (!reflexive_input(&self->queries[i], socket, from, bytes, length, &mapped))
			continue;
		if (mapped.family)
			peer_tell_candidate(self,
								ice_agent_add_reflexive(peer_ice(self->core), socket, &mapped));
		return true;
	}
	return false;
}

static void run_queries(port_peer *self, uint64_t now)
{
	for (int i = 0; i < PEER_QUERIES; i++) {
		reflexive_query *query = &self->queries[i];
		uint8_t request[REFLEXIVE_REQUEST];
		reflexive_handle_timeout(query, now);
		size_t length = reflexive_poll(query, request);
		const ice_datagram datagram = {query->socket, query->server, request, length};
		if (length > 0 && !sockets_send_udp(self, &datagram))
			self->stats.dropped_send++;
	}
}

/* ---- The servers ---- */

static void begin(port_peer *self)
{
	self->gather_due = false;
	peer_gather_end(self);
	/* What has or had a path asks when ICE begins anew. */
	if (!self->servers || ice_agent_state(peer_ice(self->core)) > ICE_CHECKING)
		return;
	self->names = resolution_start(self->servers, &self->loop);
	self->begun = 0;
}

static void begin_server(port_peer *self, const port_ice_server *server, const net_address *four,
						 const net_address *six, uint64_t now)
{
	const net_address *address = self->families & 1 && four->family ? four : six;

	if (address->family == 0 || (address == six && !(self->families & 2)))
		return;
	if (server->turn) {
		if (ice_agent_wants_relay(peer_ice(self->core), server->transport))
			peer_relay_open(self, server, address, now);
	} else if (!self->relay_only && !connected(self)) {
		ask(self, address, now);
	}
}

/* Whose address is known now. */
static void begin_servers(port_peer *self, uint64_t now)
{
	const port_ice_config *config = &self->servers->config;
	bool pending = false;

	for (size_t i = 0; i < config->count; i++) {
		net_address four, six;
		if (self->begun & 1u << i)
			continue;
		resolve_state state = resolution_of(self->names, i, &four, &six);
		pending |= state == RESOLVE_PENDING;
		if (state != RESOLVE_PENDING)
			self->begun |= 1u << i;
		if (state == RESOLVE_FOUND)
			begin_server(self, &config->servers[i], &four, &six, now);
	}
	if (!pending) {
		resolution_end(self->names);
		self->names = NULL;
	}
}

void peer_gather_run(port_peer *self, uint64_t now)
{
	if (self->gather_due && self->families)
		begin(self);
	if (self->names)
		begin_servers(self, now);
	run_queries(self, now);

	bool gathering = self->names || peer_relay_busy(self);
	if (gathering != self->gathering)
		ice_agent_gathering(peer_ice(self->core), gathering, now);
	self->gathering = gathering;
}

uint64_t peer_gather_due(const port_peer *self)
{
	uint64_t due = LOOP_NEVER;

	for (int i = 0; i < PEER_QUERIES; i++)
		if (reflexive_timeout(&self->queries[i]) < due)
			due = reflexive_timeout(&self->queries[i]);
	return due;
}

void peer_gather_end(port_peer *self)
{
	resolution_end(self->names);
	self->names = NULL;
	memset(self->queries, 0, sizeof(self->queries));
}
