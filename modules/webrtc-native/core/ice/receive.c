#include "internal.h"

#include <string.h>

/* A pair that became valid by a check of the controlled side we were: it is for us to nominate. */
static void nominate(ice_agent *agent, uint8_t index)
{
	if (agent->controlling && index != ICE_NONE && !agent->pairs[index].nominated &&
		ice_pair_wanted(agent, &agent->pairs[index]))
		ice_check_now(agent, &agent->pairs[index]);
}

static void switch_role(ice_agent *agent)
{
	agent->controlling = !agent->controlling;
	agent->forgotten = false;
	agent->stats.role_conflicts++;
	ice_pairs_prioritise(agent);
	nominate(agent, agent->path);
}

/* USERNAME is "ours:theirs"; theirs may not be known yet (RFC 8445 section 7.3). */
static bool for_us(const ice_agent *agent, const stun_message *request)
{
	return request->username.length > ICE_UFRAG_LENGTH &&
		   memcmp(request->username.bytes, agent->local_ufrag, ICE_UFRAG_LENGTH) == 0 &&
		   request->username.bytes[ICE_UFRAG_LENGTH] == ':';
}

/*
 * RFC 8445 section 7.3.1.1. True when the peer is the one to switch. Whoever has the larger tie
 * breaker controls.
 */
static bool peer_must_switch(ice_agent *agent, const stun_message *request)
{
	if (agent->controlling ? !request->controlling : !request->controlled)
		return false;
	if (agent->controlling == (agent->tie_breaker >= request->tie_breaker))
		return true;
	switch_role(agent);
	return false;
}

static uint8_t pair_of(ice_agent *agent, uint8_t local, const net_address *from, uint32_t priority)
{
	int socket = agent->locals[local].socket;
	ice_transport transport = ice_transport_of(&agent->locals[local].candidate);
	uint8_t pair = ice_find_pair(agent, socket, from);

	if (pair != ICE_NONE)
		return pair;

	uint8_t remote = ice_find_remote(agent, from, transport);

	if (remote == ICE_NONE)
		remote = ice_add_reflexive_remote(agent, from, transport, priority);
	if (remote != ICE_NONE && ice_find_pair(agent, socket, from) == ICE_NONE)
		ice_pair_heard(agent, local, remote);
	return ice_find_pair(agent, socket, from);
}

static void receive_request(ice_agent *agent, int socket, const net_address *from,
							const stun_message *request)
{
	/* What does not prove the password gets no error response: it would only serve to reflect. */
	if (!for_us(agent, request)) {
		agent->stats.dropped_username++;
		return;
	}
	if (!stun_check_integrity(request, (const uint8_t *)agent->local_pwd, ICE_PWD_LENGTH)) {
		agent->stats.dropped_integrity++;
		return;
	}
	agent->stats.checks_received++;

	ice_reply reply = {.socket = socket, .to = *from};

	memcpy(reply.id, request->id, STUN_ID);
	if (request->unknown_count > 0) {
		reply.code = 420;
		reply.unknown_count = request->unknown_count;
		memcpy(reply.unknown, request->unknown, sizeof reply.unknown);
	} else if (!request->has_priority) {
		reply.code = 400;
	} else if (peer_must_switch(agent, request)) {
		reply.code = 487;
	}
	ice_reply_push(agent, &reply);
	if (reply.code != 0)
		return;

	uint8_t local = ice_find_local(agent, socket);
	uint8_t index = local == ICE_NONE ? ICE_NONE : pair_of(agent, local, from, request->priority);

	if (index == ICE_NONE)
		return; /* no room for another candidate: answered, not checked */

	ice_pair *pair = &agent->pairs[index];

	if (request->use_candidate && !agent->controlling) {
		pair->nominated = true;
		agent->forgotten = false;
	}
	ice_start(agent);
	if (index == agent->path)
		ice_alive(agent);
	ice_check_triggered(agent, index);
	if (!pair->nominated || pair->state != ICE_PAIR_SUCCEEDED || !ice_pair_wanted(agent, pair))
		return;
	/* Outside of the path consent is not kept fresh: then the answer to a new check selects. */
	if (agent->now - pair->answered_at < agent->consent_interval)
		ice_pair_consider(agent, index);
	else
		ice_check_now(agent, pair);
}

/*
 * A NAT between us has another mapping: the peer's answers find us, as they go where the question
 * came from. What it sends of its own goes to the pair it nominated, which is the old mapping,
 * until it nominates anew or finds its pair dead. Pion takes 15 s for that.
 */
static void notice_rebinding(ice_agent *agent, const ice_transaction *asked,
							 const net_address *mapped)
{
	bool moved = agent->seen.family != 0 && !net_address_equal(&agent->seen, mapped);

	agent->seen = *mapped;
	if (!moved || agent->controlling || !agent->selected || agent->heard_at >= asked->sent_at)
		return;
	agent->forgotten = true;
	if (agent->state == ICE_CONNECTED)
		ice_go_silent(agent);
}

static void receive_success(ice_agent *agent, const ice_transaction *asked,
							const stun_message *response)
{
	ice_pair *pair = &agent->pairs[asked->pair];

	pair->state = ICE_PAIR_SUCCEEDED;
	pair->answered_at = agent->now;
	pair->local = ice_local_seen_as(agent, pair->local, &response->mapped);
	ice_pairs_prioritise(agent);
	if (asked->use_candidate && agent->controlling)
		pair->nominated = true;
	ice_pair_consider(agent, asked->pair);
	nominate(agent, asked->pair);
	if (asked->pair == agent->path) {
		notice_rebinding(agent, asked, &response->mapped);
		if (!agent->forgotten)
			ice_alive(agent);
		agent->stats.rtt = (uint32_t)(agent->now - asked->sent_at);
		ice_consent_schedule(agent);
	}
}

static void receive_error(ice_agent *agent, const ice_transaction *asked, uint16_t code)
{
	ice_pair *pair = &agent->pairs[asked->pair];

	if (code == 403 && asked->pair == agent->path) {
		ice_move(agent, ICE_CAUSE_GIVE_UP); /* consent is revoked (RFC 7675 section 5.2) */
		return;
	}
	/* RFC 8445 section 7.2.5.1, unless the conflict has been settled since the check was sent. */
	if (code == 487 && asked->controlling == agent->controlling)
		switch_role(agent);
	if (pair->state != ICE_PAIR_IN_PROGRESS)
		return;
	if (code == 487 && pair->sent < ICE_TRANSMISSIONS)
		ice_check_now(agent, pair);
	else
		pair->state = ICE_PAIR_FAILED; /* section 7.2.5.2.3: not recoverable */
}

static void receive_response(ice_agent *agent, int socket, const net_address *from,
							 const stun_message *response)
{
	ice_transaction *transaction = ice_find_transaction(agent, response->id);

	/* It must come from where the check went (RFC 8445 section 7.2.5.2.1). */
	if (transaction == NULL || ice_find_pair(agent, socket, from) != transaction->pair) {
		agent->stats.dropped_unknown_transaction++;
		return;
	}
	if (!stun_check_integrity(response, (const uint8_t *)agent->remote_pwd,
							  agent->remote_pwd_length)) {
		agent->stats.dropped_integrity++;
		return;
	}
	if (response->unknown_count > 0 ||
		(response->kind == STUN_SUCCESS ? response->mapped.family != from->family
										: response->error_code == 0)) {
		agent->stats.dropped_malformed++;
		return;
	}
	agent->stats.responses_received++;

	ice_transaction asked = *transaction;

	transaction->pair = ICE_NONE;
	if (agent->state == ICE_FAILED)
		return;
	if (response->kind == STUN_SUCCESS)
		receive_success(agent, &asked, response);
	else
		receive_error(agent, &asked, response->error_code);
}

void ice_agent_input(ice_agent *agent, int socket, const net_address *from, const uint8_t *bytes,
					 size_t length, uint64_t now)
{
	stun_message message;

	agent->now = now;
	if (agent->relay_only) {
		uint8_t local = ice_find_local(agent, socket);

		if (local == ICE_NONE || agent->locals[local].candidate.type != ICE_RELAYED) {
			agent->stats.dropped_policy++;
			return;
		}
	}
	if (!stun_read(&message, bytes, length) || message.method != STUN_BINDING) {
		agent->stats.dropped_malformed++;
		return;
	}
	switch (message.kind) {
	case STUN_REQUEST:
		receive_request(agent, socket, from, &message);
		break;
	case STUN_SUCCESS:
	case STUN_ERROR:
		receive_response(agent, socket, from, &message);
		break;
	case STUN_INDICATION: /* a keepalive: its coming was its purpose */
		return;
	}
	ice_run(agent);
}
