#include "internal.h"

#include <string.h>

/*
 * RFC 8445 section 5.1.2.2; the component is 1. Best first: straight over UDP, over UDP by a relay,
 * over TCP, then by relays that are reached over TCP and TLS. The RFC would have a relay below all:
 * but what is lost on the way is lost once, where TCP makes all that follows wait.
 */
static uint32_t priority_of(ice_candidate_type type, ice_transport transport, uint16_t preference)
{
	static const uint8_t preferences[][ICE_TLS + 1] = {
		[ICE_HOST] = {126, 50},
		[ICE_SERVER_REFLEXIVE] = {100},
		[ICE_PEER_REFLEXIVE] = {110, 45},
		[ICE_RELAYED] = {60, 30, 20},
	};

	return (uint32_t)preferences[type][transport] << 24 | (uint32_t)preference << 8 | (256 - 1);
}

uint32_t ice_reflexive_priority(const ice_local *base)
{
	const ice_candidate *candidate = &base->candidate;

	/* A relay's address is what the peer sees: it must not take it for a better one. */
	if (candidate->type == ICE_RELAYED)
		return candidate->priority;
	return priority_of(ICE_PEER_REFLEXIVE, candidate->transport, base->preference);
}

ice_transport ice_transport_of(const ice_candidate *local)
{
	return local->type == ICE_RELAYED ? ICE_UDP : local->transport;
}

static uint16_t preference_of(const net_address *address, unsigned order)
{
	uint16_t kind;

	/* Local preference: how far an address reaches, IPv6 before IPv4 (RFC 8421), then the order
	 * in which the owner gave them. */
	if (net_address_is_loopback(address))
		kind = 0;
	else if (net_address_is_link_local(address))
		kind = 1;
	else if (address->family == 4)
		kind = 2;
	else
		kind = 3;
	return (uint16_t)(65535 - ((3u - kind) << 8) - order);
}

/* RFC 8445 section 5.1.1.3: of type, transport and base. */
static void make_foundation(char out[33], const ice_candidate *candidate, const net_address *base)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t hash = stun_crc32(base->ip, base->family == 6 ? 16 : 4);

	out[0] = (char)('a' + 3 * candidate->type + candidate->transport);
	for (int i = 0; i < 8; i++)
		out[1 + i] = digits[hash >> (28 - 4 * i) & 15];
	out[9] = '\0';
}

/* An address that datagrams of ours can go to or come from. */
static bool usable(const net_address *address)
{
	static const uint8_t any[16];
	bool six = address->family == 6;

	if ((!six && address->family != 4) || address->port == 0 ||
		memcmp(address->ip, any, six ? 16 : 4) == 0)
		return false;
	/* A link-local IPv6 address means nothing without its interface, which SDP cannot name. */
	if (six)
		return address->ip[0] != 0xff && !net_address_is_link_local(address);
	return address->ip[0] < 224; /* no multicast, reserved or broadcast */
}

uint8_t ice_find_local(const ice_agent *agent, int socket)
{
	for (uint8_t i = 0; i < agent->bases; i++)
		if (agent->locals[i].socket == socket)
			return i;
	return ICE_NONE;
}

static const ice_candidate *add_base(ice_agent *agent, int socket, const net_address *address,
									 ice_candidate_type type, ice_transport transport, int most)
{
	int count = 0;

	for (uint8_t i = 0; i < agent->bases; i++) {
		const ice_candidate *other = &agent->locals[i].candidate;

		count += other->type == type && (type == ICE_RELAYED || other->transport == transport);
	}
	if (count == most || !usable(address))
		return NULL;

	uint8_t index = agent->bases++;
	ice_local *local = &agent->locals[index];
	ice_candidate *candidate = &local->candidate;

	local->socket = socket;
	local->preference = preference_of(address, index);
	candidate->type = type;
	candidate->transport = transport;
	candidate->address = *address;
	candidate->priority = priority_of(type, transport, local->preference);
	make_foundation(candidate->foundation, candidate, address);
	for (uint8_t remote = 0; remote < agent->remotes_count; remote++)
		ice_pair_up(agent, index, remote);
	ice_start(agent);
	return candidate;
}

const ice_candidate *ice_agent_add_local(ice_agent *agent, int socket, const net_address *address)
{
	return add_base(agent, socket, address, ICE_HOST, ICE_UDP, ICE_LOCAL_MAX);
}

const ice_candidate *ice_agent_add_tcp(ice_agent *agent, int socket, const net_address *address)
{
	net_address active = *address;

	active.port = 9; /* RFC 6544 section 4.5: nobody connects to it */
	return add_base(agent, socket, &active, ICE_HOST, ICE_TCP, ICE_TCP_MAX);
}

const ice_candidate *ice_agent_add_relay(ice_agent *agent, int socket, const net_address *address,
										 ice_transport transport)
{
	return add_base(agent, socket, address, ICE_RELAYED, transport, ICE_RELAY_MAX);
}

/* The candidate of `base`'s socket at `mapped`, made if new; ICE_NONE when there is no place. */
static uint8_t add_reflex(ice_agent *agent, uint8_t base, ice_candidate_type type,
						  const net_address *mapped)
{
	const ice_local *from = &agent->locals[base];

	for (int i = 0; i < ICE_LOCALS; i++) /* an unused one has no address */
		if (agent->locals[i].socket == from->socket &&
			net_address_equal(&agent->locals[i].candidate.address, mapped))
			return (uint8_t)i;
	if (agent->reflexes == ICE_REFLEXES)
		return ICE_NONE;

	uint8_t index = (uint8_t)(ICE_BASES + agent->reflexes++);
	ice_local *local = &agent->locals[index];
	ice_candidate *candidate = &local->candidate;

	local->socket = from->socket;
	local->preference = from->preference;
	candidate->type = type;
	candidate->transport = from->candidate.transport;
	candidate->address = *mapped;
	candidate->priority = type == ICE_PEER_REFLEXIVE ? ice_reflexive_priority(from)
													 : priority_of(type, ICE_UDP, from->preference);
	make_foundation(candidate->foundation, candidate, &from->candidate.address);
	return index;
}

uint8_t ice_local_seen_as(ice_agent *agent, uint8_t base, const net_address *mapped)
{
	/* Behind a relay there is nothing to be found but the relay. */
	if (agent->locals[base].candidate.type == ICE_RELAYED)
		return base;

	uint8_t index = add_reflex(agent, base, ICE_PEER_REFLEXIVE, mapped);

	return index == ICE_NONE ? base : index;
}

const ice_candidate *ice_agent_add_reflexive(ice_agent *agent, int socket,
											 const net_address *mapped)
{
	uint8_t base = ice_find_local(agent, socket), before = agent->reflexes;

	if (base == ICE_NONE || !usable(mapped))
		return NULL;

	uint8_t index = add_reflex(agent, base, ICE_SERVER_REFLEXIVE, mapped);

	/* A check may have found it first: the peer knows it then. */
	if (index != ICE_NONE && agent->locals[index].candidate.type == ICE_PEER_REFLEXIVE)
		agent->locals[index].candidate.type = ICE_SERVER_REFLEXIVE;
	return agent->reflexes == before ? NULL : &agent->locals[index].candidate;
}

void ice_agent_remove_local(ice_agent *agent, int socket, uint64_t now)
{
	agent->now = now;
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (agent->pairs[i].state != ICE_PAIR_FREE &&
			agent->locals[agent->pairs[i].local].socket == socket)
			ice_pair_drop(agent, i);
	for (int i = 0; i < ICE_LOCALS; i++)
		if (agent->locals[i].socket == socket && agent->locals[i].candidate.address.family != 0)
			agent->locals[i].socket = -1; /* the place stays taken until a restart */
	ice_start(agent);
}

void ice_agent_gathering(ice_agent *agent, bool gathering, uint64_t now)
{
	agent->now = now;
	agent->gathering = gathering;
	ice_start(agent);
}

bool ice_agent_wants_relay(const ice_agent *agent, ice_transport transport)
{
	return !agent->selected || agent->state != ICE_CONNECTED ||
		   priority_of(ICE_RELAYED, transport, UINT16_MAX) >
			   agent->locals[agent->pairs[agent->path].local].candidate.priority;
}

void ice_agent_relay_only(ice_agent *agent)
{
	agent->relay_only = true;
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (agent->pairs[i].state != ICE_PAIR_FREE &&
			agent->locals[agent->pairs[i].local].candidate.type != ICE_RELAYED)
			ice_pair_drop(agent, i);
}

uint8_t ice_find_remote(const ice_agent *agent, const net_address *address, ice_transport transport)
{
	for (uint8_t i = 0; i < agent->remotes_count; i++)
		if (agent->remotes[i].transport == transport &&
			net_address_equal(&agent->remotes[i].address, address))
			return i;
	return ICE_NONE;
}

static uint8_t add_remote(ice_agent *agent, const ice_candidate *candidate)
{
	if (agent->remotes_count == ICE_REMOTE_MAX || !usable(&candidate->address)) {
		agent->stats.remote_candidates_ignored++;
		return ICE_NONE;
	}

	uint8_t index = agent->remotes_count++;

	agent->remotes[index] = *candidate;
	for (uint8_t local = 0; local < agent->bases; local++)
		if (agent->locals[local].socket >= 0)
			ice_pair_up(agent, local, index);
	return index;
}

uint8_t ice_add_reflexive_remote(ice_agent *agent, const net_address *address,
								 ice_transport transport, uint32_t priority)
{
	ice_candidate candidate = {ICE_PEER_REFLEXIVE, *address, priority, "", transport};

	make_foundation(candidate.foundation, &candidate, address);
	return add_remote(agent, &candidate);
}

int ice_agent_add_remote(ice_agent *agent, const ice_candidate *candidate, uint64_t now)
{
	uint8_t known = ice_find_remote(agent, &candidate->address, candidate->transport);

	agent->now = now;
	if (known == ICE_NONE) {
		if (add_remote(agent, candidate) == ICE_NONE)
			return -1;
	} else if (agent->remotes[known].type == ICE_PEER_REFLEXIVE &&
			   candidate->type != ICE_PEER_REFLEXIVE) {
		/* Its check was faster than its signalling (RFC 8838 section 11.4). */
		agent->remotes[known] = *candidate;
		ice_pairs_prioritise(agent);
	} else {
		agent->stats.remote_candidates_ignored++;
		return -1;
	}
	ice_start(agent);
	return 0;
}
