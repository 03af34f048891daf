/* Which way is tried first, which wins, and what happens when one breaks: UDP, TCP, relays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ice/agent.h"
#include "ice/stun.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)
#define PWD "the-password-of-the-peer"

enum { UDP, TCP = 20, RELAY_UDP = 30, RELAY_TCP, RELAY_TLS };

static const net_address ours = {4, {10, 0, 0, 1}, 5000};
static const net_address relayed = {4, {192, 0, 2, 1}, 7000};
static const ice_candidate their_udp = {
	ICE_HOST, {4, {203, 0, 113, 2}, 7882}, 2130706431, "1", ICE_UDP};
static const ice_candidate their_tcp = {
	ICE_HOST, {4, {203, 0, 113, 2}, 7881}, 1671430143, "2", ICE_TCP};

typedef struct {
	ice_agent *agent;
	uint64_t now;
} side;

static side open_side(void)
{
	const ice_config config = {.controlling = true, .quiet = 800 * MS};
	side self = {.agent = ice_agent_create(&config), .now = S};

	assert_non_null(self.agent);
	return self;
}

static void add_remotes(side *self)
{
	assert_int_equal(ice_agent_set_remote(self->agent, "them", PWD, false, self->now), 0);
	assert_int_equal(ice_agent_add_remote(self->agent, &their_tcp, self->now), 0);
	assert_int_equal(ice_agent_add_remote(self->agent, &their_udp, self->now), 0);
}

static void add_locals(side *self)
{
	assert_non_null(ice_agent_add_tcp(self->agent, TCP, &ours));
	assert_non_null(ice_agent_add_local(self->agent, UDP, &ours));
}

static void add_relays(side *self)
{
	net_address address = relayed;

	assert_non_null(ice_agent_add_relay(self->agent, RELAY_TLS, &address, ICE_TLS));
	address.port++;
	assert_non_null(ice_agent_add_relay(self->agent, RELAY_TCP, &address, ICE_TCP));
	address.port++;
	assert_non_null(ice_agent_add_relay(self->agent, RELAY_UDP, &address, ICE_UDP));
}

/* The next check, at `now` or later; its socket, -1 when there is none within `most`. */
static int next_check(side *self, uint64_t most, ice_datagram *out)
{
	uint64_t until = self->now + most;

	for (;;) {
		if (ice_agent_poll_datagram(self->agent, out))
			return out->socket;
		uint64_t at = ice_agent_timeout(self->agent);
		if (at > until)
			return -1;
		if (at > self->now)
			self->now = at;
		ice_agent_handle_timeout(self->agent, self->now);
	}
}

/* The peer answers: we came to it from `mapped`. */
static void answer(side *self, const ice_datagram *check, net_address mapped)
{
	uint8_t bytes[128];
	stun_message request;
	stun_writer writer;

	assert_true(stun_read(&request, check->bytes, check->length));
	stun_begin(&writer, bytes, sizeof bytes, STUN_SUCCESS, STUN_BINDING, request.id);
	stun_put_xor_address(&writer, STUN_XOR_MAPPED_ADDRESS, &mapped);
	size_t length = stun_end(&writer, (const uint8_t *)PWD, strlen(PWD));
	net_address from = check->to;
	ice_agent_input(self->agent, check->socket, &from, bytes, length, self->now);
}

static void assert_path(const side *self, int expected)
{
	int socket;
	net_address to;

	assert_true(ice_agent_path(self->agent, &socket, &to));
	assert_int_equal(socket, expected);
}

static void tried_are_udp_relay_tcp_and_relays_over_tcp_each_a_pace_later(void **state)
{
	(void)state;
	static const int order[] = {UDP, RELAY_UDP, TCP, RELAY_TCP, RELAY_TLS};
	side self = open_side();
	ice_datagram check;

	add_remotes(&self);
	add_relays(&self);
	add_locals(&self);
	for (uint64_t i = 0; i < 5; i++) {
		assert_int_equal(next_check(&self, S, &check), order[i]);
		assert_int_equal(self.now, S + i * 50 * MS);
		const ice_candidate *to = order[i] == TCP ? &their_tcp : &their_udp;
		assert_true(net_address_equal(&check.to, &to->address));
	}
	ice_agent_free(self.agent);
}

/* Also as the peer sees it: the priority in the check is that of the rung. */
static void whatever_is_answered_the_best_wins(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram checks[5];
	uint8_t kept[5][128];
	uint32_t priority = UINT32_MAX;
	net_address mapped = {4, {198, 51, 100, 7}, 40000};

	add_remotes(&self);
	add_relays(&self);
	add_locals(&self);
	for (int i = 0; i < 5; i++) {
		stun_message message;
		next_check(&self, S, &checks[i]);
		memcpy(kept[i], checks[i].bytes, checks[i].length);
		checks[i].bytes = kept[i];
		assert_true(stun_read(&message, checks[i].bytes, checks[i].length));
		assert_true(message.use_candidate);
		assert_true(message.priority < priority);
		priority = message.priority;
	}
	for (int i = 4; i >= 0; i--) {
		answer(&self, &checks[i], mapped);
		assert_path(&self, checks[i].socket);
		assert_int_equal(ice_agent_state(self.agent), ICE_CONNECTED);
	}
	assert_int_equal(ice_agent_path_local(self.agent)->type, ICE_PEER_REFLEXIVE);
	/* Nothing else is asked for once the best is there. */
	assert_int_equal(next_check(&self, 600 * MS, &checks[0]), -1);
	ice_agent_free(self.agent);
}

static void a_connection_that_does_not_come_about_fails_its_pair_at_once(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram check;

	assert_int_equal(ice_agent_set_remote(self.agent, "them", PWD, false, self.now), 0);
	assert_int_equal(ice_agent_add_remote(self.agent, &their_tcp, self.now), 0);
	ice_agent_end_of_remote(self.agent, self.now);
	assert_non_null(ice_agent_add_tcp(self.agent, TCP, &ours));
	assert_int_equal(next_check(&self, S, &check), TCP);
	ice_agent_lost(self.agent, TCP, &their_tcp.address, self.now);
	assert_int_equal(next_check(&self, S, &check), -1);
	assert_int_equal(ice_agent_state(self.agent), ICE_FAILED);
	ice_agent_free(self.agent);
}

static void a_path_that_breaks_is_silent_at_once_and_asked_anew(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram check;

	assert_int_equal(ice_agent_set_remote(self.agent, "them", PWD, false, self.now), 0);
	assert_int_equal(ice_agent_add_remote(self.agent, &their_tcp, self.now), 0);
	assert_non_null(ice_agent_add_tcp(self.agent, TCP, &ours));
	assert_int_equal(next_check(&self, S, &check), TCP);
	answer(&self, &check, ours);
	assert_int_equal(ice_agent_state(self.agent), ICE_CONNECTED);
	ice_agent_lost(self.agent, TCP, &their_tcp.address, self.now);
	assert_int_equal(ice_agent_state(self.agent), ICE_DISCONNECTED);
	assert_path(&self, TCP); /* what is sent there connects anew */
	assert_int_equal(next_check(&self, 900 * MS, &check), TCP);
	answer(&self, &check, ours);
	assert_int_equal(ice_agent_state(self.agent), ICE_CONNECTED);
	ice_agent_free(self.agent);
}

static void a_relay_that_is_gone_takes_its_path_with_it(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram check;
	int socket;
	net_address to;

	assert_int_equal(ice_agent_set_remote(self.agent, "them", PWD, false, self.now), 0);
	assert_int_equal(ice_agent_add_remote(self.agent, &their_udp, self.now), 0);
	add_relays(&self);
	assert_int_equal(next_check(&self, S, &check), RELAY_UDP);
	answer(&self, &check, relayed);
	assert_path(&self, RELAY_UDP);
	assert_int_equal(ice_agent_path_local(self.agent)->type, ICE_RELAYED);
	ice_agent_remove_local(self.agent, RELAY_UDP, self.now);
	assert_false(ice_agent_path(self.agent, &socket, &to));
	assert_int_equal(ice_agent_state(self.agent), ICE_DISCONNECTED);
	/* The answer that was on its way is to nothing any more. */
	answer(&self, &check, relayed);
	assert_int_equal(next_check(&self, S, &check), RELAY_TCP);
	answer(&self, &check, relayed);
	assert_path(&self, RELAY_TCP);
	assert_int_equal(ice_agent_state(self.agent), ICE_CONNECTED);
	ice_agent_remove_local(self.agent, RELAY_TCP, self.now);
	ice_agent_remove_local(self.agent, RELAY_TLS, self.now);
	assert_int_equal(next_check(&self, 20 * S, &check), -1);
	assert_int_equal(ice_agent_state(self.agent), ICE_FAILED);
	ice_agent_free(self.agent);
}

static void by_policy_only_relays_are_used(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram check;
	ice_stats stats;
	uint8_t bytes[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};

	add_locals(&self);
	ice_agent_relay_only(self.agent);
	add_remotes(&self);
	assert_int_equal(next_check(&self, S, &check), -1);
	ice_agent_input(self.agent, UDP, &their_udp.address, bytes, sizeof bytes, self.now);
	assert_false(ice_agent_poll_datagram(self.agent, &check));
	ice_agent_stats(self.agent, &stats);
	assert_int_equal(stats.dropped_policy, 1);
	add_relays(&self);
	assert_int_equal(next_check(&self, S, &check), RELAY_UDP);
	assert_int_equal(ice_agent_restart(self.agent), 0);
	add_locals(&self);
	add_remotes(&self);
	assert_int_equal(next_check(&self, S, &check), -1);
	ice_agent_free(self.agent);
}

static void the_address_a_stun_server_sees_is_a_candidate_of_that_socket(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram check;
	net_address mapped = {4, {198, 51, 100, 7}, 40000};

	add_locals(&self);
	assert_null(ice_agent_add_reflexive(self.agent, 7, &mapped));
	assert_null(ice_agent_add_reflexive(self.agent, UDP, &ours)); /* no NAT */
	const ice_candidate *candidate = ice_agent_add_reflexive(self.agent, UDP, &mapped);
	assert_non_null(candidate);
	assert_int_equal(candidate->type, ICE_SERVER_REFLEXIVE);
	assert_int_equal(candidate->priority >> 24, 100);
	assert_null(ice_agent_add_reflexive(self.agent, UDP, &mapped));
	add_remotes(&self);
	/* It adds nothing to be checked (RFC 8445 section 6.1.2.4), but names what is found. */
	assert_int_equal(next_check(&self, 10 * MS, &check), UDP);
	answer(&self, &check, mapped);
	assert_int_equal(ice_agent_path_local(self.agent)->type, ICE_SERVER_REFLEXIVE);
	ice_agent_free(self.agent);
}

/* Whichever answers first, the STUN server or the peer. */
static void what_a_check_found_is_named_as_the_stun_server_confirms_it(void **state)
{
	(void)state;
	side self = open_side();
	ice_datagram check;
	net_address mapped = {4, {198, 51, 100, 7}, 40000};

	add_locals(&self);
	add_remotes(&self);
	assert_int_equal(next_check(&self, 10 * MS, &check), UDP);
	answer(&self, &check, mapped);
	assert_int_equal(ice_agent_path_local(self.agent)->type, ICE_PEER_REFLEXIVE);
	assert_null(ice_agent_add_reflexive(self.agent, UDP, &mapped));
	assert_int_equal(ice_agent_path_local(self.agent)->type, ICE_SERVER_REFLEXIVE);
	ice_agent_free(self.agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tried_are_udp_relay_tcp_and_relays_over_tcp_each_a_pace_later),
		cmocka_unit_test(whatever_is_answered_the_best_wins),
		cmocka_unit_test(a_connection_that_does_not_come_about_fails_its_pair_at_once),
		cmocka_unit_test(a_path_that_breaks_is_silent_at_once_and_asked_anew),
		cmocka_unit_test(a_relay_that_is_gone_takes_its_path_with_it),
		cmocka_unit_test(by_policy_only_relays_are_used),
		cmocka_unit_test(the_address_a_stun_server_sees_is_a_candidate_of_that_socket),
		cmocka_unit_test(what_a_check_found_is_named_as_the_stun_server_confirms_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
