#include "internal.h"

#include <string.h>

#include "../crypto/crypto.h"

void ice_reply_push(ice_agent *agent, const ice_reply *reply)
{
	if (agent->replies_count == ICE_REPLIES) {
		agent->stats.dropped_unanswered++;
		return;
	}
	agent->replies[(agent->replies_first + agent->replies_count++) % ICE_REPLIES] = *reply;
}

ice_transaction *ice_find_transaction(ice_agent *agent, const uint8_t *id)
{
	for (int i = 0; i < ICE_TRANSACTIONS; i++) {
		ice_transaction *transaction = &agent->transactions[i];

		if (transaction->pair != ICE_NONE && crypto_equal(transaction->id, id, STUN_ID))
			return transaction;
	}
	return NULL;
}

static size_t build_reply(ice_agent *agent, const ice_reply *reply)
{
	static const struct {
		uint16_t code;
		const char *reason;
	} reasons[] = {{400, "Bad Request"}, {420, "Unknown Attribute"}, {487, "Role Conflict"}};
	stun_writer writer;

	stun_begin(&writer, agent->out, sizeof agent->out, reply->code == 0 ? STUN_SUCCESS : STUN_ERROR,
			   STUN_BINDING, reply->id);
	if (reply->code == 0)
		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS, &reply->to);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (reasons[i].code == reply->code)
			stun_put_error(&writer, reply->code, reasons[i].reason);
	if (reply->unknown_count > 0)
		stun_put_unknown(&writer, reply->unknown, reply->unknown_count);
	return stun_end(&writer, (const uint8_t *)agent->local_pwd, ICE_PWD_LENGTH);
}

static size_t build_check(ice_agent *agent, const ice_pair *pair, const ice_transaction *as)
{
	const ice_local *local = &agent->locals[pair->local];
	stun_writer writer;

	stun_begin(&writer, agent->out, sizeof agent->out, STUN_REQUEST, STUN_BINDING, as->id);

	size_t remote = agent->remote_ufrag_length;
	uint8_t *username = stun_put(&writer, STUN_USERNAME, remote + 1 + ICE_UFRAG_LENGTH);

	if (username != NULL) {
		memcpy(username, agent->remote_ufrag, remote);
		username[remote] = ':';
		memcpy(username + remote + 1, agent->local_ufrag, ICE_UFRAG_LENGTH);
	}
	/* What we would be to the peer, should it not know where this comes from. */
	stun_put_u32(&writer, STUN_PRIORITY, ice_reflexive_priority(local));
	stun_put_u64(&writer, as->controlling ? STUN_ICE_CONTROLLING : STUN_ICE_CONTROLLED,
				 agent->tie_breaker);
	if (as->use_candidate)
		stun_put(&writer, STUN_USE_CANDIDATE, 0);
	return stun_end(&writer, (const uint8_t *)agent->remote_pwd, agent->remote_pwd_length);
}

static bool poll_reply(ice_agent *agent, ice_datagram *out)
{
	if (agent->replies_count == 0)
		return false;

	const ice_reply *reply = &agent->replies[agent->replies_first];

	agent->replies_first = (agent->replies_first + 1) % ICE_REPLIES;
	agent->replies_count--;
	*out = (ice_datagram){reply->socket, reply->to, agent->out, build_reply(agent, reply)};
	return true;
}

/*
 * Nomination: the controlling agent puts USE-CANDIDATE into every check of a pair that would be
 * better than what is selected. So the first answer selects in one round trip, and a better pair
 * that answers later takes over: both sides use the highest of the nominated pairs (RFC 8445
 * section 8.1.1). A full pion remembers USE-CANDIDATE on a pair that it has not validated itself,
 * and applies it when its own check of the pair succeeds.
 */
static bool poll_check(ice_agent *agent, ice_datagram *out)
{
	if (agent->state == ICE_FAILED)
		return false;
	for (uint8_t i = 0; i < ICE_PAIRS_MAX; i++) {
		ice_pair *pair = &agent->pairs[i];

		if (!pair->due)
			continue;
		pair->due = false;

		ice_transaction *transaction = &agent->transactions[agent->next_transaction];

		if (crypto_random(transaction->id, STUN_ID) != 0) {
			transaction->pair = ICE_NONE;
			continue; /* its retransmission tries again */
		}
		agent->next_transaction = (agent->next_transaction + 1) % ICE_TRANSACTIONS;
		transaction->pair = i;
		transaction->sent_at = pair->sent_at;
		transaction->controlling = agent->controlling;
		transaction->use_candidate =
			agent->controlling && (i == agent->path || ice_pair_wanted(agent, pair));
		pair->asked |= transaction->use_candidate;
		agent->stats.checks_sent++;
		*out =
			(ice_datagram){agent->locals[pair->local].socket, agent->remotes[pair->remote].address,
						   agent->out, build_check(agent, pair, transaction)};
		return true;
	}
	return false;
}

bool ice_agent_poll_datagram(ice_agent *agent, ice_datagram *out)
{
	while (poll_reply(agent, out) || poll_check(agent, out))
		if (out->length > 0)
			return true;
	return false;
}
