#include "internal.h"

static uint64_t pair_priority(const ice_agent *agent, const ice_pair *pair)
{
	uint64_t local = agent->locals[pair->local].candidate.priority;
	uint64_t remote = agent->remotes[pair->remote].priority;
	uint64_t g = agent->controlling ? local : remote; /* RFC 8445 section 6.1.2.3 */
	uint64_t d = agent->controlling ? remote : local;

	return ((g < d ? g : d) << 32) + 2 * (g > d ? g : d) + (g > d);
}

void ice_pairs_prioritise(ice_agent *agent)
{
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (agent->pairs[i].state != ICE_PAIR_FREE)
			agent->pairs[i].priority = pair_priority(agent, &agent->pairs[i]);
}

/* A free place, or that of the least pair below `priority` that no check has been spent on yet or
 * all have failed. */
static uint8_t place_for(ice_agent *agent, uint64_t priority)
{
	uint8_t least = ICE_NONE;

	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++) {
		const ice_pair *pair = &agent->pairs[i];

		if (pair->state == ICE_PAIR_FREE)
			return i;
		if ((pair->state == ICE_PAIR_WAITING || pair->state == ICE_PAIR_FAILED) &&
			pair->priority < priority) {
			priority = pair->priority;
			least = i;
		}
	}
	return least;
}

void ice_pair_up(ice_agent *agent, uint8_t local, uint8_t remote)
{
	/* What is sent from loopback never leaves the host. */
	if (!net_address_is_loopback(&agent->locals[local].candidate.address) ||
		net_address_is_loopback(&agent->remotes[remote].address))
		ice_pair_heard(agent, local, remote);
}

void ice_pair_heard(ice_agent *agent, uint8_t local, uint8_t remote)
{
	const ice_candidate *ours = &agent->locals[local].candidate;
	const ice_candidate *theirs = &agent->remotes[remote];

	if (ours->address.family != theirs->address.family ||
		ice_transport_of(ours) != theirs->transport ||
		(agent->relay_only && ours->type != ICE_RELAYED))
		return;

	ice_pair pair = {.local = local, .remote = remote, .state = ICE_PAIR_WAITING};

	pair.priority = pair_priority(agent, &pair);

	uint8_t place = place_for(agent, pair.priority);

	if (place == ICE_NONE) {
		agent->stats.pairs_pruned++;
		return;
	}
	if (agent->pairs[place].state != ICE_PAIR_FREE)
		agent->stats.pairs_pruned++;
	agent->pairs[place] = pair;
}

uint8_t ice_find_pair(const ice_agent *agent, int socket, const net_address *remote)
{
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++) {
		const ice_pair *pair = &agent->pairs[i];

		if (pair->state != ICE_PAIR_FREE && agent->locals[pair->local].socket == socket &&
			net_address_equal(&agent->remotes[pair->remote].address, remote))
			return i;
	}
	return ICE_NONE;
}

void ice_pair_drop(ice_agent *agent, uint8_t index)
{
	agent->pairs[index].state = ICE_PAIR_FREE;
	for (int i = 0; i < ICE_TRANSACTIONS; i++)
		if (agent->transactions[i].pair == index)
			agent->transactions[i].pair = ICE_NONE;
	if (agent->path != index)
		return;
	if (agent->selected)
		ice_go_silent(agent);
	agent->path = ICE_NONE;
	agent->selected = false;
	agent->deadline = agent->now + agent->failed_after;
}

bool ice_pair_wanted(const ice_agent *agent, const ice_pair *pair)
{
	/* While the selected pair is silent any other may take its place. */
	return !agent->selected || agent->state == ICE_DISCONNECTED ||
		   pair->priority > agent->pairs[agent->path].priority;
}

/* An ICE-lite peer sends to the pair it was last told to use, whatever the priorities. */
static bool told_otherwise(const ice_agent *agent)
{
	const ice_pair *path = &agent->pairs[agent->path];

	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (i != agent->path && agent->pairs[i].asked && agent->pairs[i].sent_at >= path->sent_at)
			return true;
	return false;
}

void ice_pair_consider(ice_agent *agent, uint8_t index)
{
	ice_pair *pair = &agent->pairs[index];

	if (agent->forgotten)
		return;
	if (agent->selected && agent->path == index) {
		ice_move(agent, ICE_CAUSE_ANSWERED);
		return;
	}
	if (agent->selected && !(pair->nominated && ice_pair_wanted(agent, pair)))
		return;
	if (!pair->nominated && agent->path != ICE_NONE &&
		pair->priority <= agent->pairs[agent->path].priority)
		return;
	if (agent->path != index) {
		if (agent->state == ICE_DISCONNECTED && agent->path != ICE_NONE) /* it may yet come back */
			agent->pairs[agent->path].state = ICE_PAIR_WAITING;
		agent->path = index;
		agent->seen.family = 0;
		ice_alive(agent);
		ice_consent_schedule(agent);
	}
	if (!pair->nominated)
		return;
	agent->selected = true;
	ice_move(agent, ICE_CAUSE_ANSWERED);
	ice_event_push(agent, ICE_EVENT_SELECTED);
	if (agent->remote_lite && told_otherwise(agent))
		ice_check_now(agent, pair);
}
