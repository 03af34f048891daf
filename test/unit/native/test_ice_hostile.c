/* ICE agents against peers that are wrong, odd, or hostile: each refusal is counted in its place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/crypto.h"
#include "ice/stun.h"
#include "sim/ice_pair.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define PWD "this-is-the-peers-password"

static const net_address ours = {4, {10, 0, 0, 1}, 5000};
static const net_address theirs = {4, {10, 0, 0, 2}, 6000};
static const ice_candidate their_candidate = {
	ICE_HOST, {4, {10, 0, 0, 2}, 6000}, 2130706431, "1", ICE_UDP};

/* One agent, and a peer that is played by hand. */
typedef struct {
	ice_agent *agent;
	int socket; /* where what the peer sends arrives */
	uint64_t now;
	ice_datagram out;
	stun_message message;
} bench;

static void open_bench(bench *on, bool controlling, bool lite)
{
	const ice_config config = {.controlling = controlling};

	memset(on, 0, sizeof *on);
	on->now = SIM_START;
	on->agent = ice_agent_create(&config);
	assert_non_null(on->agent);
	assert_non_null(ice_agent_add_local(on->agent, 0, &ours));
	assert_int_equal(ice_agent_set_remote(on->agent, "peer", PWD, lite, on->now), 0);
}

static void start(bench *on)
{
	assert_int_equal(ice_agent_add_remote(on->agent, &their_candidate, on->now), 0);
	ice_agent_handle_timeout(on->agent, on->now);
}

static ice_stats stats_of(const bench *on)
{
	ice_stats stats;

	ice_agent_stats(on->agent, &stats);
	return stats;
}

/* Takes the next datagram of the agent, read. */
static bool take(bench *on)
{
	if (!ice_agent_poll_datagram(on->agent, &on->out))
		return false;
	assert_true(stun_read(&on->message, on->out.bytes, on->out.length));
	assert_true(on->message.has_fingerprint);
	return true;
}

static void put(bench *on, const net_address *from, const uint8_t *bytes, size_t length)
{
	/* Not the agent's own buffer, and exactly as long as it is. */
	uint8_t *copy = test_malloc(length);

	memcpy(copy, bytes, length);
	ice_agent_input(on->agent, on->socket, from, copy, length, on->now);
	test_free(copy);
}

/* The peer's check, with what a case wants changed. */
typedef struct {
	const char *username, *key;
	uint64_t tie_breaker;
	uint16_t role, unknown;
	bool no_username, no_priority, no_integrity, use_candidate;
} check;

static void put_check(bench *on, const net_address *from, check what)
{
	uint8_t bytes[512], id[STUN_ID];
	char username[64];
	stun_writer writer;
	const char *key = what.key != NULL ? what.key : ice_agent_local_pwd(on->agent);

	assert_int_equal(crypto_random(id, sizeof id), 0);
	snprintf(username, sizeof username, "%s:peer", ice_agent_local_ufrag(on->agent));
	if (what.username != NULL)
		snprintf(username, sizeof username, "%s", what.username);
	stun_begin(&writer, bytes, sizeof bytes, STUN_REQUEST, STUN_BINDING, id);
	if (!what.no_username)
		stun_put_bytes(&writer, STUN_USERNAME, username, strlen(username));
	if (!what.no_priority)
		stun_put_u32(&writer, STUN_PRIORITY, 1845501695);
	if (what.role != 0)
		stun_put_u64(&writer, what.role, what.tie_breaker);
	if (what.unknown != 0)
		stun_put_u32(&writer, what.unknown, 0);
	if (what.use_candidate)
		stun_put(&writer, STUN_USE_CANDIDATE, 0);
	put(on, from, bytes,
		stun_end(&writer, what.no_integrity ? NULL : (const uint8_t *)key, strlen(key)));
}

/* The peer's answer to the request that was just taken. */
typedef struct {
	const char *key;
	uint16_t code, unknown, mapped_port;
	bool no_mapped, no_integrity, wrong_id, mapped_six;
} answer;

static void put_answer(bench *on, const net_address *from, answer what)
{
	uint8_t bytes[256], id[STUN_ID];
	stun_writer writer;
	const char *key = what.key != NULL ? what.key : PWD;

	memcpy(id, on->message.id, sizeof id);
	if (what.wrong_id)
		id[11] ^= 1;
	stun_begin(&writer, bytes, sizeof bytes, what.code == 0 ? STUN_SUCCESS : STUN_ERROR,
			   STUN_BINDING, id);
	if (what.code != 0)
		stun_put_error(&writer, what.code, "");
	else if (!what.no_mapped) {
		net_address mapped = what.mapped_six ? sim_ipv6(1, 1) : ours;

		if (what.mapped_port != 0)
			mapped.port = what.mapped_port;
		stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS, &mapped);
	}
	if (what.unknown != 0)
		stun_put_u32(&writer, what.unknown, 0);
	put(on, from, bytes,
		stun_end(&writer, what.no_integrity ? NULL : (const uint8_t *)key, strlen(key)));
}

static void a_check_looks_as_it_should(void **state)
{
	(void)state;
	bench on;
	char username[32];

	open_bench(&on, true, false);
	start(&on);
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_REQUEST);
	snprintf(username, sizeof username, "peer:%s", ice_agent_local_ufrag(on.agent));
	assert_int_equal(on.message.username.length, strlen(username));
	assert_memory_equal(on.message.username.bytes, username, strlen(username));
	assert_int_equal(on.message.priority >> 24, 110);
	assert_true(on.message.controlling && on.message.use_candidate);
	assert_true(stun_check_integrity(&on.message, (const uint8_t *)PWD, strlen(PWD)));
	assert_true(net_address_equal(&on.out.to, &theirs));
	assert_false(take(&on));
	assert_false(ice_agent_accepts(on.agent, 0, &theirs));
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	assert_true(ice_agent_accepts(on.agent, 0, &theirs));
	assert_false(ice_agent_accepts(on.agent, 1, &theirs));
	ice_agent_free(on.agent);
}

static void a_check_of_the_peer_hurries_ours(void **state)
{
	(void)state;
	bench on;

	open_bench(&on, true, false);
	start(&on);
	assert_true(take(&on));
	on.now += 10 * MS; /* too soon to send the same again */
	put_check(&on, &theirs, (check){0});
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_SUCCESS);
	assert_false(take(&on));
	on.now += 50 * MS;
	put_check(&on, &theirs, (check){0});
	assert_true(take(&on));
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_REQUEST);
	ice_agent_free(on.agent);
}

static void who_has_checked_us_is_checked_first(void **state)
{
	(void)state;
	static const net_address best = {4, {10, 0, 0, 9}, 9};
	const ice_config config = {.controlling = true};
	ice_candidate candidate = their_candidate;
	bench on = {.agent = ice_agent_create(&config), .now = SIM_START};

	candidate.address = best;
	assert_non_null(ice_agent_add_local(on.agent, 0, &ours));
	assert_int_equal(ice_agent_add_remote(on.agent, &candidate, on.now), 0);
	put_check(&on, &theirs, (check){0});
	assert_true(take(&on)); /* answered, though the peer's password is not known yet */
	assert_int_equal(on.message.kind, STUN_SUCCESS);
	assert_false(take(&on));
	assert_int_equal(ice_agent_set_remote(on.agent, "peer", PWD, false, on.now), 0);
	ice_agent_handle_timeout(on.agent, on.now);
	assert_true(take(&on));
	assert_true(net_address_equal(&on.out.to, &theirs));
	ice_agent_free(on.agent);
}

static void the_path_is_the_best_valid_pair_until_one_is_nominated(void **state)
{
	(void)state;
	static const net_address second = {4, {10, 0, 0, 3}, 5000};
	bench on;
	int socket;
	net_address to;

	open_bench(&on, false, false);
	assert_non_null(ice_agent_add_local(on.agent, 1, &second));
	start(&on);
	assert_true(take(&on));
	put_answer(&on, &theirs, (answer){0});
	on.now += 50 * MS;
	ice_agent_handle_timeout(on.agent, on.now);
	assert_true(take(&on));
	assert_int_equal(on.out.socket, 1);
	on.socket = 1;
	put_answer(&on, &theirs, (answer){0});
	assert_true(ice_agent_path(on.agent, &socket, &to));
	assert_int_equal(socket, 0);
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLING, .use_candidate = true});
	assert_true(ice_agent_path(on.agent, &socket, &to));
	assert_int_equal(socket, 1);
	ice_agent_free(on.agent);
}

static void the_controlled_side_never_nominates(void **state)
{
	(void)state;
	bench on;
	int socket;
	net_address to;

	open_bench(&on, false, false);
	start(&on);
	assert_true(take(&on));
	assert_true(on.message.controlled && !on.message.use_candidate);
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(ice_agent_state(on.agent), ICE_CHECKING);
	assert_true(ice_agent_path(on.agent, &socket, &to)); /* valid before it is nominated */
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLING, .use_candidate = true});
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	ice_agent_free(on.agent);
}

static void a_nomination_waits_for_the_pair_to_be_valid(void **state)
{
	(void)state;
	bench on;

	open_bench(&on, false, false);
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLING, .use_candidate = true});
	assert_int_equal(ice_agent_state(on.agent), ICE_CHECKING);
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_SUCCESS);
	assert_true(take(&on)); /* the triggered check */
	assert_int_equal(on.message.kind, STUN_REQUEST);
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	ice_agent_free(on.agent);
}

static void a_nomination_of_a_pair_that_was_valid_long_ago_is_checked_first(void **state)
{
	(void)state;
	static const net_address second = {4, {10, 0, 0, 3}, 5000};
	const check nomination = {.role = STUN_ICE_CONTROLLING, .use_candidate = true};
	bench on;
	int socket;
	net_address to;

	open_bench(&on, false, false);
	assert_non_null(ice_agent_add_local(on.agent, 1, &second));
	start(&on);
	assert_true(take(&on));
	put_answer(&on, &theirs, (answer){0});
	ice_agent_handle_timeout(on.agent, on.now += 50 * MS);
	assert_true(take(&on));
	on.socket = 1;
	put_answer(&on, &theirs, (answer){0});
	put_check(&on, &theirs, nomination);
	assert_true(take(&on));
	while (on.now < SIM_START + 60 * S) {
		ice_agent_handle_timeout(on.agent, on.now = ice_agent_timeout(on.agent));
		while (take(&on)) {
			assert_int_equal(on.out.socket, 1);
			put_answer(&on, &theirs, (answer){0});
		}
	}
	on.socket = 0;
	put_check(&on, &theirs, nomination);
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	assert_true(ice_agent_path(on.agent, &socket, &to));
	assert_int_equal(socket, 1);
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_SUCCESS);
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_REQUEST);
	put_answer(&on, &theirs, (answer){0});
	assert_true(ice_agent_path(on.agent, &socket, &to));
	assert_int_equal(socket, 0);

	/* But one that cannot win any more is not worth a check. */
	on.now += 6 * S;
	on.socket = 1;
	put_check(&on, &theirs, nomination);
	while (take(&on))
		assert_true(on.message.kind == STUN_SUCCESS || on.out.socket == 0);
	ice_agent_free(on.agent);
}

static void a_lite_peer_is_told_again_which_pair_to_use(void **state)
{
	(void)state;
	static const net_address second = {4, {10, 0, 0, 3}, 5000};
	bench on;

	/* Even a controlled agent controls a lite peer. */
	open_bench(&on, false, true);
	assert_non_null(ice_agent_add_local(on.agent, 1, &second));
	start(&on);
	assert_true(take(&on));
	assert_true(on.message.controlling && on.message.use_candidate);
	assert_int_equal(on.out.socket, 0);

	bench first = on;
	uint8_t id[STUN_ID];

	memcpy(id, on.message.id, STUN_ID);
	first.message.id = id;
	on.now += 50 * MS;
	ice_agent_handle_timeout(on.agent, on.now);
	assert_true(take(&on)); /* no answer yet: the second pair is tried, and nominated last */
	assert_int_equal(on.out.socket, 1);
	assert_true(on.message.use_candidate);

	first.now = on.now += 20 * MS;
	put_answer(&first, &theirs, (answer){0});
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	assert_true(take(&on));
	assert_int_equal(on.out.socket, 0);
	assert_true(on.message.use_candidate);
	put_answer(&on, &theirs, (answer){0});
	assert_false(take(&on));
	ice_agent_free(on.agent);
}

static void requests_without_proof_get_no_answer(void **state)
{
	(void)state;
	static const uint8_t junk[] = {0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42, 9, 9, 9};
	char username[32];
	bench on;

	open_bench(&on, true, false);
	put_check(&on, &theirs, (check){.key = "a password that is not ours"});
	put_check(&on, &theirs, (check){.no_integrity = true});
	assert_int_equal(stats_of(&on).dropped_integrity, 2);
	put_check(&on, &theirs, (check){.username = "someone:peer"});
	put_check(&on, &theirs, (check){.username = ""});
	put_check(&on, &theirs, (check){.username = ice_agent_local_ufrag(on.agent)});
	put_check(&on, &theirs, (check){.no_username = true});
	snprintf(username, sizeof username, "%s;peer", ice_agent_local_ufrag(on.agent));
	put_check(&on, &theirs, (check){.username = username});
	assert_int_equal(stats_of(&on).dropped_username, 5);
	put(&on, &theirs, junk, sizeof junk);
	assert_int_equal(stats_of(&on).dropped_malformed, 1);
	assert_int_equal(stats_of(&on).checks_received, 0);
	assert_false(take(&on));
	assert_false(ice_agent_accepts(on.agent, 0, &theirs));
	assert_int_equal(ice_agent_state(on.agent), ICE_NEW);
	ice_agent_free(on.agent);
}

static void assert_refused(bench *on, uint16_t code)
{
	assert_true(take(on));
	assert_int_equal(on->message.kind, STUN_ERROR);
	assert_int_equal(on->message.error_code, code);
	assert_true(
		stun_check_integrity(&on->message, (const uint8_t *)ice_agent_local_pwd(on->agent), 24));
	assert_false(take(on));
}

static void odd_requests_get_the_error_that_fits(void **state)
{
	(void)state;
	bench on;

	open_bench(&on, true, false);
	put_check(&on, &theirs, (check){.unknown = 0x7001});
	assert_refused(&on, 420);
	put_check(&on, &theirs, (check){.no_priority = true});
	assert_refused(&on, 400);
	/* With the larger tie breaker whoever asks for control is told to give it up. */
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLING, .tie_breaker = 0});
	assert_refused(&on, 487);
	assert_int_equal(stats_of(&on).role_conflicts, 0);
	assert_false(ice_agent_accepts(on.agent, 0, &theirs));
	ice_agent_free(on.agent);

	open_bench(&on, false, false);
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLED, .tie_breaker = UINT64_MAX});
	assert_refused(&on, 487);
	ice_agent_free(on.agent);
}

static void the_weaker_side_switches_role(void **state)
{
	(void)state;
	bench on;

	open_bench(&on, true, false);
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLING, .tie_breaker = UINT64_MAX});
	assert_int_equal(stats_of(&on).role_conflicts, 1);
	assert_true(take(&on));
	assert_int_equal(on.message.kind, STUN_SUCCESS);
	assert_true(take(&on));
	assert_true(on.message.controlled && !on.message.use_candidate);
	ice_agent_free(on.agent);

	open_bench(&on, false, false);
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLED, .tie_breaker = 0});
	assert_int_equal(stats_of(&on).role_conflicts, 1);
	assert_true(take(&on));
	assert_true(take(&on));
	assert_true(on.message.controlling);
	ice_agent_free(on.agent);
}

static void a_nomination_does_not_outlive_the_role(void **state)
{
	(void)state;
	bench on;

	/* Our USE-CANDIDATE is on its way when the peer turns out to be the one who nominates. */
	open_bench(&on, true, false);
	start(&on);
	assert_true(take(&on));
	assert_true(on.message.use_candidate);
	uint8_t id[STUN_ID];

	memcpy(id, on.message.id, STUN_ID);
	put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLING, .tie_breaker = UINT64_MAX});
	on.message.id = id;
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(ice_agent_state(on.agent), ICE_CHECKING);
	put_check(
		&on, &theirs,
		(check){.role = STUN_ICE_CONTROLLING, .tie_breaker = UINT64_MAX, .use_candidate = true});
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	ice_agent_free(on.agent);
}

static void whoever_becomes_controlling_nominates_at_once(void **state)
{
	(void)state;
	for (int late = 0; late < 2; late++) {
		bench on;
		uint8_t id[STUN_ID];

		/* The role is switched before or after the answer to a check without USE-CANDIDATE. */
		open_bench(&on, false, false);
		start(&on);
		assert_true(take(&on));
		memcpy(id, on.message.id, STUN_ID);
		on.message.id = id;
		if (late)
			put_answer(&on, &theirs, (answer){0});
		put_check(&on, &theirs, (check){.role = STUN_ICE_CONTROLLED, .tie_breaker = 0});
		if (!late)
			put_answer(&on, &theirs, (answer){0});
		assert_int_equal(ice_agent_state(on.agent), ICE_CHECKING);
		assert_true(take(&on));
		assert_int_equal(on.message.kind, STUN_SUCCESS);
		assert_true(take(&on));
		assert_true(on.message.controlling && on.message.use_candidate);
		put_answer(&on, &theirs, (answer){0});
		assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
		assert_false(take(&on));
		ice_agent_free(on.agent);
	}
}

static void a_487_answer_switches_once_and_checks_again(void **state)
{
	(void)state;
	bench on;
	int asked = 0;

	open_bench(&on, true, false);
	start(&on);
	/* A peer that refuses every role cannot keep it up. */
	while (take(&on)) {
		assert_int_equal(on.message.controlling, asked % 2 == 0);
		put_answer(&on, &theirs, (answer){.code = 487});
		assert_true(++asked < 20);
	}
	assert_true(asked >= 2);
	ice_agent_free(on.agent);
}

static void forged_answers_are_ignored(void **state)
{
	(void)state;
	static const net_address elsewhere = {4, {10, 0, 0, 2}, 6001};
	bench on;

	open_bench(&on, true, false);
	start(&on);
	assert_true(take(&on));
	/* The message points into the agent's buffer, which the calls below do not touch. */
	put_answer(&on, &theirs, (answer){.wrong_id = true});
	put_answer(&on, &elsewhere, (answer){0});
	assert_int_equal(stats_of(&on).dropped_unknown_transaction, 2);
	put_answer(&on, &theirs, (answer){.key = "a password that is not theirs"});
	put_answer(&on, &theirs, (answer){.no_integrity = true});
	put_answer(&on, &theirs, (answer){.code = 487, .no_integrity = true});
	assert_int_equal(stats_of(&on).dropped_integrity, 3);
	put_answer(&on, &theirs, (answer){.no_mapped = true});
	put_answer(&on, &theirs, (answer){.mapped_six = true});
	put_answer(&on, &theirs, (answer){.unknown = 0x7001});
	assert_int_equal(stats_of(&on).dropped_malformed, 3);
	assert_int_equal(stats_of(&on).role_conflicts, 0);
	assert_int_equal(ice_agent_state(on.agent), ICE_CHECKING);
	assert_false(ice_agent_accepts(on.agent, 0, &theirs));

	/* None of them spoiled the transaction for the true answer; which counts only once. */
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(stats_of(&on).dropped_unknown_transaction, 3);
	ice_agent_free(on.agent);
}

static void errors_end_a_check(void **state)
{
	(void)state;
	bench on;

	open_bench(&on, true, false);
	start(&on);
	ice_agent_end_of_remote(on.agent, on.now);
	assert_true(take(&on));
	put_answer(&on, &theirs, (answer){.code = 400});
	assert_int_equal(ice_agent_state(on.agent), ICE_FAILED);
	ice_agent_free(on.agent);
}

static void what_comes_after_the_failure_changes_nothing(void **state)
{
	(void)state;
	bench on;
	ice_event event;
	uint8_t id[STUN_ID];

	open_bench(&on, true, false);
	start(&on);
	while (ice_agent_state(on.agent) != ICE_FAILED) {
		on.now = ice_agent_timeout(on.agent);
		ice_agent_handle_timeout(on.agent, on.now);
		if (take(&on)) /* only just: what is due then is not sent any more */
			memcpy(id, on.message.id, STUN_ID);
	}
	assert_false(take(&on));
	while (ice_agent_poll_event(on.agent, &event))
		;
	on.message.id = id;
	put_answer(&on, &theirs, (answer){0});
	assert_int_equal(stats_of(&on).responses_received, 1);
	assert_false(ice_agent_poll_event(on.agent, &event));
	assert_false(ice_agent_accepts(on.agent, 0, &theirs));
	ice_agent_free(on.agent);

	/* A check that nobody polled in time. */
	open_bench(&on, true, false);
	start(&on);
	while (ice_agent_state(on.agent) != ICE_FAILED)
		ice_agent_handle_timeout(on.agent, on.now = ice_agent_timeout(on.agent));
	assert_false(take(&on));
	ice_agent_free(on.agent);
}

static void a_nat_that_maps_ever_anew_is_bounded(void **state)
{
	(void)state;
	bench on;
	ice_candidate candidate = their_candidate;
	int socket;
	net_address to;

	open_bench(&on, true, false);
	for (uint8_t i = 0; i < ICE_REMOTE_MAX; i++) {
		candidate.address.port = (uint16_t)(6000 + i);
		candidate.priority = 1u + i; /* each better than the one before: none is left out */
		assert_int_equal(ice_agent_add_remote(on.agent, &candidate, on.now), 0);
		ice_agent_handle_timeout(on.agent, on.now);
		assert_true(take(&on));
		assert_int_equal(on.out.to.port, 6000 + i);
		put_answer(&on, &candidate.address, (answer){.mapped_port = (uint16_t)(40000 + i)});
		assert_true(ice_agent_path(on.agent, &socket, &to));
		assert_int_equal(socket, 0);
		assert_true(net_address_equal(&to, &candidate.address));
		on.now += 50 * MS;
	}
	ice_agent_free(on.agent);
}

static void the_peer_may_revoke_its_consent(void **state)
{
	(void)state;
	bench on;
	int socket;
	net_address to;

	open_bench(&on, true, false);
	start(&on);
	assert_true(take(&on));
	put_answer(&on, &theirs, (answer){0});
	while (!take(&on))
		ice_agent_handle_timeout(on.agent, on.now = ice_agent_timeout(on.agent));
	put_answer(&on, &theirs, (answer){.code = 403, .no_integrity = true}); /* not by anyone */
	assert_int_equal(ice_agent_state(on.agent), ICE_CONNECTED);
	put_answer(&on, &theirs, (answer){.code = 403});
	assert_int_equal(ice_agent_state(on.agent), ICE_FAILED);
	assert_false(ice_agent_path(on.agent, &socket, &to));
	ice_agent_free(on.agent);
}

static void a_wrong_password_never_connects(void **state)
{
	(void)state;
	sim_ice_pair pair;
	ice_stats a, b;

	sim_ice_open(&pair, 1, (sim_weather){.delay = 20000}, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_ice_signal(&pair, &pair.a, &pair.b, true);
	assert_int_equal(ice_agent_set_remote(pair.a.agent, ice_agent_local_ufrag(pair.b.agent),
										  "not the password of the peer", false, SIM_START),
					 0);
	ice_agent_add_remote(pair.a.agent, pair.b.candidates[0], SIM_START);
	sim_ice_run(&pair, 100 * S);
	ice_agent_stats(pair.a.agent, &a);
	ice_agent_stats(pair.b.agent, &b);
	assert_int_equal(pair.a.state, ICE_FAILED);
	assert_int_equal(pair.a.states & 1 << ICE_CONNECTED, 0);
	assert_int_equal(b.checks_received, 0);
	assert_true(b.dropped_integrity >= 7);
	sim_ice_close(&pair);
}

static void credentials_out_of_range_are_refused(void **state)
{
	(void)state;
	const ice_config config = {0};
	ice_agent *agent = ice_agent_create(&config);
	char ufrag[ICE_UFRAG_MAX + 2], pwd[ICE_PWD_MAX + 2]; /* one character too many */

	memset(ufrag, 'x', sizeof ufrag);
	memset(pwd, 'y', sizeof pwd);
	ufrag[sizeof ufrag - 1] = pwd[sizeof pwd - 1] = '\0';
	assert_int_equal(ice_agent_set_remote(agent, "abc", PWD, false, 1), -1);
	assert_int_equal(ice_agent_set_remote(agent, ufrag, PWD, false, 1), -1);
	assert_int_equal(ice_agent_set_remote(agent, "abcd", "123456789012345678901", false, 1), -1);
	assert_int_equal(ice_agent_set_remote(agent, "abcd", pwd, false, 1), -1);
	assert_int_equal(ice_agent_set_remote(agent, ufrag + 1, pwd + 1, false, 1), 0);
	assert_int_equal(ice_agent_set_remote(agent, ufrag + 1, pwd + 1, false, 1), 0);
	assert_int_equal(ice_agent_set_remote(agent, "abcd", PWD, false, 1), -1);

	/* The longest check there can be is built whole. */
	ice_candidate candidate = their_candidate;
	ice_datagram out;
	stun_message message;

	ice_agent_add_local(agent, 0, &ours);
	ice_agent_add_remote(agent, &candidate, 1);
	ice_agent_handle_timeout(agent, 1);
	assert_true(ice_agent_poll_datagram(agent, &out));
	assert_true(stun_read(&message, out.bytes, out.length));
	assert_int_equal(message.username.length, ICE_UFRAG_MAX + 1 + 8);
	ice_agent_free(agent);
}

static void a_flood_of_candidates_is_bounded(void **state)
{
	(void)state;
	bench on;
	ice_candidate candidate = their_candidate;

	open_bench(&on, true, false);
	for (uint8_t i = 1; i < ICE_LOCAL_MAX; i++) {
		net_address address = sim_ipv4(10, 0, 1, i, 5000);

		assert_non_null(ice_agent_add_local(on.agent, i, &address));
	}
	assert_null(ice_agent_add_local(on.agent, 99, &theirs));
	for (uint16_t i = 0; i < 1000; i++) {
		candidate.address.port = (uint16_t)(1000 + i);
		candidate.priority = i; /* ever better ones */
		assert_int_equal(ice_agent_add_remote(on.agent, &candidate, on.now),
						 i < ICE_REMOTE_MAX ? 0 : -1);
	}
	assert_int_equal(stats_of(&on).remote_candidates_ignored, 1000 - ICE_REMOTE_MAX);
	assert_int_equal(stats_of(&on).pairs_pruned, ICE_LOCAL_MAX * ICE_REMOTE_MAX - ICE_PAIRS_MAX);

	int sent = 0;

	for (; on.now < SIM_START + 30 * S; on.now += 10 * MS) {
		ice_agent_handle_timeout(on.agent, on.now);
		while (take(&on))
			sent++;
	}
	assert_true(sent <= ICE_PAIRS_MAX * 7);
	assert_int_equal(ice_agent_state(on.agent), ICE_FAILED);
	ice_agent_free(on.agent);
}

static void a_flood_of_checks_is_bounded(void **state)
{
	(void)state;
	bench on;
	int responses = 0, requests = 0;

	/* A peer with the password, from ever new ports. */
	open_bench(&on, true, false);
	for (uint16_t i = 0; i < 1000; i++) {
		put_check(&on, &(net_address){4, {10, 0, 0, 2}, (uint16_t)(1000 + i)}, (check){0});
		while (take(&on))
			on.message.kind == STUN_REQUEST ? requests++ : responses++;
	}
	assert_int_equal(responses, 1000);
	assert_int_equal(requests, ICE_REMOTE_MAX);
	assert_int_equal(stats_of(&on).remote_candidates_ignored, 1000 - ICE_REMOTE_MAX);
	ice_agent_free(on.agent);

	/* And when nothing is polled. */
	open_bench(&on, true, false);
	for (int i = 0; i < 100; i++)
		put_check(&on, &theirs, (check){0});
	for (responses = 0; take(&on);)
		responses += on.message.kind == STUN_SUCCESS;
	assert_int_equal(responses + stats_of(&on).dropped_unanswered, 100);
	assert_true(responses >= 4);
	ice_agent_free(on.agent);
}

static void addresses_of_no_use_are_ignored(void **state)
{
	(void)state;
	static const net_address useless[] = {
		{0, {0}, 1},
		{4, {10, 0, 0, 2}, 0},
		{4, {0}, 5000},
		{4, {224, 0, 0, 251}, 5353},
		{4, {255, 255, 255, 255}, 5000},
		{6, {0}, 5000},
		{6, {0xfe, 0x80, [15] = 1}, 5000},
		{6, {0xff, 0x02, [15] = 1}, 5000},
	};
	bench on;
	ice_candidate candidate = their_candidate;

	open_bench(&on, true, false);
	for (size_t i = 0; i < sizeof useless / sizeof useless[0]; i++) {
		candidate.address = useless[i];
		assert_int_equal(ice_agent_add_remote(on.agent, &candidate, on.now), -1);
	}
	assert_int_equal(stats_of(&on).remote_candidates_ignored, 8);
	ice_agent_free(on.agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_looks_as_it_should),
		cmocka_unit_test(a_check_of_the_peer_hurries_ours),
		cmocka_unit_test(who_has_checked_us_is_checked_first),
		cmocka_unit_test(the_controlled_side_never_nominates),
		cmocka_unit_test(the_path_is_the_best_valid_pair_until_one_is_nominated),
		cmocka_unit_test(a_nomination_waits_for_the_pair_to_be_valid),
		cmocka_unit_test(a_nomination_of_a_pair_that_was_valid_long_ago_is_checked_first),
		cmocka_unit_test(a_lite_peer_is_told_again_which_pair_to_use),
		cmocka_unit_test(requests_without_proof_get_no_answer),
		cmocka_unit_test(odd_requests_get_the_error_that_fits),
		cmocka_unit_test(the_weaker_side_switches_role),
		cmocka_unit_test(a_nomination_does_not_outlive_the_role),
		cmocka_unit_test(whoever_becomes_controlling_nominates_at_once),
		cmocka_unit_test(a_487_answer_switches_once_and_checks_again),
		cmocka_unit_test(forged_answers_are_ignored),
		cmocka_unit_test(errors_end_a_check),
		cmocka_unit_test(what_comes_after_the_failure_changes_nothing),
		cmocka_unit_test(the_peer_may_revoke_its_consent),
		cmocka_unit_test(a_wrong_password_never_connects),
		cmocka_unit_test(a_nat_that_maps_ever_anew_is_bounded),
		cmocka_unit_test(credentials_out_of_range_are_refused),
		cmocka_unit_test(a_flood_of_candidates_is_bounded),
		cmocka_unit_test(a_flood_of_checks_is_bounded),
		cmocka_unit_test(addresses_of_no_use_are_ignored),
	};

	return cmocka_run_group_tests_name("ice: hostile", tests, NULL, NULL);
}
