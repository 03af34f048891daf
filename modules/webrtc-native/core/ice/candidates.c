#include "internal.h"

#include <string.h>

uint32_t ice_priority(ice_candidate_type type, uint16_t preference)
{
	/* RFC 8445 section 5.1.2.2; the component is 1. */
	static const uint8_t of_type[] = {[ICE_HOST] = 126,
									  [ICE_SERVER_REFLEXIVE] = 100,
									  [ICE_PEER_REFLEXIVE] = 110,
									  [ICE_RELAYED] = 0};

	return (uint32_t)of_type[type] << 24 | (uint32_t)preference << 8 | (256 - 1);
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

static void make_foundation(char out[33], ice_candidate_type type, const net_address *base)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t hash = stun_crc32(base->ip, base->family == 6 ? 16 : 4);

	out[0] = (char)('1' + type);
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

const ice_candidate *ice_agent_add_local(ice_agent *agent, int socket, const net_address *address)
{
	if (agent->hosts == ICE_LOCAL_MAX || !usable(address))
		return NULL;

	uint8_t index = agent->hosts++;
	ice_local *local = &agent->locals[index];

	local->socket = socket;
	local->preference = preference_of(address, index);
	local->candidate.type = ICE_HOST;
	local->candidate.address = *address;
	local->candidate.priority = ice_priority(ICE_HOST, local->preference);
	make_foundation(local->candidate.foundation, ICE_HOST, address);
	for (uint8_t remote = 0; remote < agent->remotes_count; remote++)
		ice_pair_up(agent, index, remote);
	ice_start(agent);
	return &local->candidate;
}

uint8_t ice_local_seen_as(ice_agent *agent, uint8_t base, const net_address *mapped)
{
	const ice_local *from = &agent->locals[base];

	for (uint8_t i = 0; i < ICE_LOCALS; i++) /* an unused one has no address */
		if (agent->locals[i].socket == from->socket &&
			net_address_equal(&agent->locals[i].candidate.address, mapped))
			return i;
	if (agent->reflexes == ICE_LOCALS - ICE_LOCAL_MAX)
		return base;

	uint8_t index = (uint8_t)(ICE_LOCAL_MAX + agent->reflexes++);
	ice_local *local = &agent->locals[index];

	local->socket = from->socket;
	local->preference = from->preference;
	local->candidate.type = ICE_PEER_REFLEXIVE;
	local->candidate.address = *mapped;
	local->candidate.priority = ice_priority(ICE_PEER_REFLEXIVE, from->preference);
	make_foundation(local->candidate.foundation, ICE_PEER_REFLEXIVE, &from->candidate.address);
	return index;
}

uint8_t ice_find_remote(const ice_agent *agent, const net_address *address)
{
	for (uint8_t i = 0; i < agent->remotes_count; i++)
		if (net_address_equal(&agent->remotes[i].address, address))
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
	for (uint8_t local = 0; local < agent->hosts; local++)
		ice_pair_up(agent, local, index);
	return index;
}

uint8_t ice_add_reflexive_remote(ice_agent *agent, const net_address *address, uint32_t priority)
{
	ice_candidate candidate = {ICE_PEER_REFLEXIVE, *address, priority, ""};

	make_foundation(candidate.foundation, ICE_PEER_REFLEXIVE, address);
	return add_remote(agent, &candidate);
}

int ice_agent_add_remote(ice_agent *agent, const ice_candidate *candidate, uint64_t now)
{
	uint8_t known = ice_find_remote(agent, &candidate->address);

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
