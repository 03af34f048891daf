#include "internal.h"

#include "../crypto/crypto.h"

static bool checking(const ice_agent *agent)
{
	return agent->state == ICE_CHECKING || agent->state == ICE_CONNECTED ||
		   agent->state == ICE_DISCONNECTED;
}

/* When the path counts as silent unless there is a sign of life before. */
static uint64_t silent_at(const ice_agent *agent)
{
	if (agent->quiet ==
		0) /* The longest interval is 1.2: four questions or more found no answer. */
		return agent->pairs[agent->path].answered_at + (uint64_t)agent->consent_interval * 2;

	uint64_t patience = (uint64_t)agent->stats.rtt * ICE_QUIET_ROUND_TRIPS;

	if (patience < ICE_QUIET_PATIENCE)
		patience = ICE_QUIET_PATIENCE;
	if (patience > ICE_QUIET_PATIENCE_MAX)
		patience = ICE_QUIET_PATIENCE_MAX;
	return agent->alive_at + agent->quiet + patience;
}

/* RFC 8445 section 14.3, but starting at 250 ms: the first call should not wait for a lost packet
 * longer than a round trip around the world. */
static uint64_t timeout_of(const ice_agent *agent, unsigned sent)
{
	uint64_t rto = 0;

	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (agent->pairs[i].state == ICE_PAIR_WAITING ||
			agent->pairs[i].state == ICE_PAIR_IN_PROGRESS)
			rto += agent->pacing;
	if (rto < ICE_RTO)
		rto = ICE_RTO;
	while (--sent > 0 && rto < ICE_RTO_MAX)
		rto *= 2;
	return rto < ICE_RTO_MAX ? rto : ICE_RTO_MAX;
}

void ice_check_now(ice_agent *agent, ice_pair *pair)
{
	pair->due = true;
	pair->sent_at = agent->now;
	if (pair->state == ICE_PAIR_SUCCEEDED)
		return;
	if (pair->state != ICE_PAIR_IN_PROGRESS)
		pair->sent = 0;
	pair->state = ICE_PAIR_IN_PROGRESS;
	pair->sent++;
	pair->next_at = agent->now + timeout_of(agent, pair->sent);
}

void ice_check_triggered(ice_agent *agent, uint8_t index)
{
	ice_pair *pair = &agent->pairs[index];

	pair->heard = true;
	if (!checking(agent))
		return; /* the remote credentials are missing: goes first once they come */

	if (pair->state == ICE_PAIR_IN_PROGRESS) {
		/* The first one may have died at a NAT that the peer's check has now opened. */
		if (agent->now - pair->sent_at >= agent->pacing)
			ice_check_now(agent, pair);
	} else if (pair->state != ICE_PAIR_SUCCEEDED && ice_pair_wanted(agent, pair)) {
		/* Not paced: each costs the peer a check with the right password. */
		ice_check_now(agent, pair);
	}
}

void ice_consent_schedule(ice_agent *agent)
{
	uint8_t random[2] = {0x80}; /* the mean, should there be no entropy left */

	crypto_random(random, sizeof random);

	uint64_t part = (uint64_t)agent->consent_interval * (random[0] << 8 | random[1]) / 65536;

	/* RFC 7675 section 5.1: 0.8 to 1.2 times the interval. */
	agent->consent_at = agent->now + (uint64_t)agent->consent_interval * 4 / 5 + part * 2 / 5;
}

static void alive(ice_agent *agent, uint64_t now, uint32_t patience)
{
	agent->alive_at = now;
	/* After a silence only an answer says that we are heard, too. */
	agent->quiet_at = agent->state == ICE_DISCONNECTED ? now : now + patience;
	if (agent->state == ICE_DISCONNECTED && agent->quiet != 0)
		agent->wake = now;
}

void ice_alive(ice_agent *agent)
{
	alive(agent, agent->now, agent->quiet);
}

void ice_agent_alive(ice_agent *agent, uint64_t now)
{
	agent->heard_at = now;
	agent->forgotten = false; /* it comes by the old way still, or has found the new one */
	bool dense = now - agent->alive_at < ICE_DENSE && agent->quiet > ICE_EARLY;

	alive(agent, now, dense ? ICE_EARLY : agent->quiet);
}

static uint64_t quiet_again(const ice_agent *agent)
{
	uint32_t spread = agent->stats.rtt / ICE_QUIET_ON_THE_WAY;

	return spread > ICE_QUIET_AGAIN ? spread : ICE_QUIET_AGAIN;
}

/* Asks a path without a sign of life. */
static void run_quiet(ice_agent *agent, ice_pair *path)
{
	if (agent->quiet == 0 || agent->now < agent->quiet_at)
		return;
	ice_check_now(agent, path);
	if (agent->state == ICE_CONNECTED)
		agent->quiet_at =
			agent->now +
			(agent->now < agent->alive_at + agent->quiet ? ICE_EARLY : quiet_again(agent));
	else if (agent->now < agent->alive_at + ICE_SILENT_OFTEN)
		agent->quiet_at = agent->now + ICE_SILENT_AGAIN;
	else
		agent->quiet_at = agent->now + ICE_CONSENT_AGAIN;
}

void ice_go_silent(ice_agent *agent)
{
	ice_move(agent, ICE_CAUSE_SILENCE);
	/* Consent is asked for on, and meanwhile every other pair gets its chance. */
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (i != agent->path && agent->pairs[i].state != ICE_PAIR_FREE)
			agent->pairs[i].state = ICE_PAIR_WAITING;
}

void ice_agent_lost(ice_agent *agent, int socket, const net_address *to, uint64_t now)
{
	uint8_t index = ice_find_pair(agent, socket, to);

	agent->now = now;
	if (index == ICE_NONE)
		return;
	if (index != agent->path)
		agent->pairs[index].state = ICE_PAIR_FAILED;
	else if (agent->state == ICE_CONNECTED)
		ice_go_silent(agent);
	ice_start(agent);
}

static void run_consent(ice_agent *agent)
{
	if (agent->path == ICE_NONE)
		return;

	ice_pair *path = &agent->pairs[agent->path];

	if (agent->now >= path->answered_at + ICE_CONSENT_EXPIRY) {
		ice_move(agent, ICE_CAUSE_GIVE_UP);
		return;
	}
	if (agent->state == ICE_CONNECTED && agent->now >= silent_at(agent))
		ice_go_silent(agent);
	if (agent->now >= agent->consent_at) {
		/* RFC 7675 would have a lost question cost a whole interval: that is too slow for telling a
		 * lost packet from a lost path, and for noticing that the path is back. */
		ice_check_now(agent, path);
		agent->consent_at = agent->now + ICE_CONSENT_AGAIN;
	}
	run_quiet(agent, path);
}

/* The next new check: what the peer has checked first (RFC 8445 section 6.1.4.2), then by priority.
 */
static ice_pair *next_waiting(ice_agent *agent)
{
	ice_pair *best = NULL;

	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++) {
		ice_pair *pair = &agent->pairs[i];

		if (pair->state != ICE_PAIR_WAITING || !ice_pair_wanted(agent, pair))
			continue;
		if (best == NULL || pair->heard > best->heard ||
			(pair->heard == best->heard && pair->priority > best->priority))
			best = pair;
	}
	return best;
}

static void run_checks(ice_agent *agent)
{
	int open = 0, failed = 0;

	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++) {
		ice_pair *pair = &agent->pairs[i];

		if (pair->state == ICE_PAIR_IN_PROGRESS && agent->now >= pair->next_at) {
			if (!ice_pair_wanted(agent, pair))
				pair->state = ICE_PAIR_WAITING;
			else if (pair->sent >= ICE_TRANSMISSIONS)
				pair->state = ICE_PAIR_FAILED;
			else
				ice_check_now(agent, pair);
		}
		failed += pair->state == ICE_PAIR_FAILED;
		open += pair->state == ICE_PAIR_WAITING || pair->state == ICE_PAIR_IN_PROGRESS;
	}
	/* With no pair at all the peer may still find us, until the deadline. */
	bool hopeless = agent->remote_ended && !agent->gathering && failed > 0 && open == 0;

	if (agent->path == ICE_NONE && (hopeless || agent->now >= agent->deadline)) {
		ice_move(agent, ICE_CAUSE_GIVE_UP);
		return;
	}
	if (agent->now >= agent->pace_at) {
		ice_pair *next = next_waiting(agent);

		if (next != NULL) {
			ice_check_now(agent, next);
			agent->pace_at = agent->now + agent->pacing;
		}
	}
}

static void sooner(uint64_t *wake, uint64_t at)
{
	if (at < *wake)
		*wake = at;
}

static uint64_t next_wake(ice_agent *agent)
{
	uint64_t wake = ICE_NO_TIMEOUT;

	if (agent->path == ICE_NONE) {
		wake = agent->deadline;
	} else {
		const ice_pair *path = &agent->pairs[agent->path];

		wake = agent->consent_at;
		sooner(&wake, path->answered_at + ICE_CONSENT_EXPIRY);
		if (agent->state == ICE_CONNECTED)
			sooner(&wake, silent_at(agent));
		if (agent->quiet != 0)
			sooner(&wake, agent->quiet_at);
	}
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++)
		if (agent->pairs[i].state == ICE_PAIR_IN_PROGRESS)
			sooner(&wake, agent->pairs[i].next_at);
	if (next_waiting(agent) != NULL)
		sooner(&wake, agent->pace_at);
	return wake;
}

void ice_start(ice_agent *agent)
{
	if (agent->state == ICE_NEW && agent->remote_known &&
		(agent->remotes_count > 0 || agent->remote_ended)) {
		agent->deadline = agent->now + agent->failed_after;
		ice_move(agent, ICE_CAUSE_START);
	}
	if (checking(agent))
		agent->wake = agent->now;
}

void ice_run(ice_agent *agent)
{
	if (checking(agent))
		run_consent(agent);
	if (checking(agent))
		run_checks(agent);
	agent->wake = checking(agent) ? next_wake(agent) : ICE_NO_TIMEOUT;
}
