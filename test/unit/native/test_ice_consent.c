/* ICE agents after the connection: consent, silence, recovery, other paths, giving up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ice/stun.h"
#include "sim/ice_pair.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)

static const sim_weather calm = {.delay = 20000};

static bool nothing_passes(void *context, const net_address *from, const net_address *to,
						   const uint8_t *bytes, size_t length)
{
	(void)context, (void)from, (void)to, (void)bytes, (void)length;
	return false;
}

static bool no_ipv6_passes(void *context, const net_address *from, const net_address *to,
						   const uint8_t *bytes, size_t length)
{
	(void)context, (void)to, (void)bytes, (void)length;
	return from->family == 4;
}

/* Keeps when and under which transaction ids `a` has asked. */
typedef struct {
	sim_ice_pair pair;
	uint64_t asked[64];
	uint8_t ids[64][STUN_ID];
	int count;
} listener;

static bool listen_to_a(void *context, const net_address *from, const net_address *to,
						const uint8_t *bytes, size_t length)
{
	listener *to_a = context;

	(void)to, (void)length;
	if (from->ip[3] == 1 && bytes[0] == 0 && to_a->count < 64) {
		to_a->asked[to_a->count] = sim_now(to_a->pair.network);
		memcpy(to_a->ids[to_a->count++], bytes + 8, STUN_ID);
	}
	return true;
}

static void open_connected(sim_ice_pair *pair, uint64_t seed, sim_weather weather)
{
	sim_ice_open(pair, seed, weather, NULL, NULL);
	sim_ice_addresses(pair);
	assert_true(sim_ice_connect(pair, 10 * S));
}

static bool has_path(const sim_ice_side *side)
{
	int socket;
	net_address to;

	return ice_agent_path(side->agent, &socket, &to);
}

static void consent_is_asked_for_at_random_intervals(void **state)
{
	(void)state;
	listener to_a = {0};
	bool differ = false;

	open_connected(&to_a.pair, 1, calm);
	sim_set_filter(to_a.pair.network, listen_to_a, &to_a);
	sim_ice_run(&to_a.pair, 120 * S);
	assert_in_range(to_a.count, 19, 31);
	for (int i = 1; i < to_a.count; i++) {
		/* 4 to 6 s from the last answer, which took 40 ms. */
		assert_in_range(to_a.asked[i] - to_a.asked[i - 1], 4040 * MS, 6040 * MS);
		differ |= to_a.asked[i] - to_a.asked[i - 1] != to_a.asked[1] - to_a.asked[0];
		for (int j = 0; j < i; j++)
			assert_memory_not_equal(to_a.ids[i], to_a.ids[j], STUN_ID);
	}
	assert_true(differ);
	assert_int_equal(to_a.pair.a.states & 1 << ICE_DISCONNECTED, 0);
	sim_ice_close(&to_a.pair);
}

static void silence_disconnects_then_fails_and_stops_sending(void **state)
{
	(void)state;
	sim_ice_pair pair;

	open_connected(&pair, 1, calm);
	sim_ice_run(&pair, 3 * S); /* no consent has been asked for yet: the last answer is 3 s old */
	sim_set_filter(pair.network, nothing_passes, NULL);
	sim_ice_run(&pair, 6 * S);
	assert_int_equal(pair.a.state, ICE_CONNECTED);
	sim_ice_run(&pair, 2 * S);
	assert_int_equal(pair.a.state, ICE_DISCONNECTED);
	assert_int_equal(pair.b.state, ICE_DISCONNECTED);
	assert_true(has_path(&pair.a)); /* consent still lasts */
	sim_ice_run(&pair, 18 * S);
	assert_true(has_path(&pair.a));
	sim_ice_run(&pair, 1100 * MS);
	assert_int_equal(pair.a.state, ICE_FAILED);
	assert_int_equal(pair.b.state, ICE_FAILED);
	assert_false(has_path(&pair.a));

	uint32_t sent = sim_count(pair.network).sent;

	sim_ice_run(&pair, 600 * S);
	assert_int_equal(sim_count(pair.network).sent, sent);
	assert_true(ice_agent_timeout(pair.a.agent) == ICE_NO_TIMEOUT);
	sim_ice_close(&pair);
}

static void comes_back_within_a_second_of_the_network(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		sim_ice_pair pair;

		open_connected(&pair, seed, calm);
		sim_set_filter(pair.network, nothing_passes, NULL);
		sim_ice_run(&pair, 15 * S);
		assert_int_equal(pair.a.state, ICE_DISCONNECTED);
		sim_set_filter(pair.network, NULL, NULL);
		assert_true(
			sim_run(pair.network, sim_now(pair.network) + 1100 * MS, sim_ice_connected, &pair));
		sim_ice_run(&pair, 100 * S);
		assert_int_equal(pair.a.state, ICE_CONNECTED);
		sim_ice_close(&pair);
	}
}

static void loss_alone_does_not_disconnect_for_long(void **state)
{
	(void)state;
	sim_weather storm = {.delay = 20000, .jitter = 20000, .loss = 200};
	uint64_t connected = 0, total = 0;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		sim_ice_pair pair;

		open_connected(&pair, seed, storm);
		for (int second = 0; second < 300; second++) {
			sim_ice_run(&pair, S);
			assert_int_not_equal(pair.a.state, ICE_FAILED);
			connected += pair.a.state == ICE_CONNECTED;
			total++;
		}
		sim_ice_close(&pair);
	}
	assert_true(connected * 100 >= total * 98);
}

static void another_path_takes_over_and_gives_back(void **state)
{
	(void)state;
	sim_ice_pair pair;
	int socket;
	net_address to;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_ice_address(&pair, &pair.a, sim_ipv6(1, 5000), NULL);
	sim_ice_address(&pair, &pair.b, sim_ipv6(2, 5000), NULL);
	assert_true(sim_ice_connect(&pair, S));
	assert_true(ice_agent_path(pair.a.agent, &socket, &to) && to.family == 6);

	sim_set_filter(pair.network, no_ipv6_passes, NULL);
	sim_ice_run(&pair, 12 * S);
	assert_true(ice_agent_path(pair.a.agent, &socket, &to) && to.family == 4);
	assert_true(ice_agent_path(pair.b.agent, &socket, &to) && to.family == 4);
	assert_int_equal(pair.a.state, ICE_CONNECTED);
	sim_set_filter(pair.network, NULL, NULL);
	sim_ice_run(&pair, 5 * S);
	assert_true(ice_agent_path(pair.a.agent, &socket, &to) && to.family == 6);
	assert_true(ice_agent_path(pair.b.agent, &socket, &to) && to.family == 6);
	sim_ice_close(&pair);
}

/* `b`, which is nominated, is `elsewhere` after 3 s: a NAT has another mapping. */
static void open_rebound(sim_ice_pair *pair, uint64_t seed, net_address elsewhere)
{
	const ice_config controlling = {.controlling = true, .quiet = 800000};
	const ice_config controlled = {.quiet = 800000};

	sim_ice_open(pair, seed, calm, &controlling, &controlled);
	sim_ice_addresses(pair);
	assert_true(sim_ice_connect(pair, 10 * S));
	sim_ice_run(pair, 3 * S);
	sim_bind(pair->network, pair->b.endpoint, 0, &elsewhere);
}

static void who_is_nominated_at_an_old_mapping_is_silent_until_nominated_anew(void **state)
{
	(void)state;
	net_address elsewhere = sim_ipv4(10, 0, 0, 3, 6000), to;
	int socket;

	for (uint64_t seed = 1; seed <= 20; seed++) {
		sim_ice_pair pair;

		open_rebound(&pair, seed, elsewhere);
		pair.b.states = 0;
		/* Either asks after 0.8 s, and the answer to `b` is there 40 ms later. */
		sim_ice_run(&pair, 900 * MS);
		assert_true(pair.b.states & 1 << ICE_DISCONNECTED);
		/* To `a` the old mapping is silent 1.5 s after its last sign: it nominates the other. */
		sim_ice_run(&pair, 900 * MS);
		assert_int_equal(pair.b.state, ICE_CONNECTED);
		assert_int_equal(pair.a.state, ICE_CONNECTED);
		assert_true(ice_agent_path(pair.a.agent, &socket, &to));
		assert_true(net_address_equal(&to, &elsewhere));
		pair.b.states = 0;
		sim_ice_run(&pair, 60 * S);
		assert_int_equal(pair.b.states, 0);
		sim_ice_close(&pair);
	}
}

static void packets_show_that_an_old_mapping_works_still(void **state)
{
	(void)state;
	sim_ice_pair pair;

	open_rebound(&pair, 1, sim_ipv4(10, 0, 0, 3, 6000));
	pair.b.states = 0;
	for (int i = 0; i < 3000; i++) {
		ice_agent_alive(pair.b.agent, sim_now(pair.network));
		sim_ice_run(&pair, 20 * MS);
	}
	assert_int_equal(pair.b.states, 0);
	sim_ice_close(&pair);
}

static void fails_in_time_when_nothing_answers(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_set_filter(pair.network, nothing_passes, NULL);
	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	sim_ice_run(&pair, 14900 * MS); /* another candidate may still be trickled */
	assert_int_equal(pair.a.state, ICE_CHECKING);
	sim_ice_run(&pair, 200 * MS);
	assert_int_equal(pair.a.state, ICE_FAILED);
	assert_false(has_path(&pair.a));
	sim_ice_close(&pair);
}

static void fails_early_when_no_more_candidates_are_to_come(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_set_filter(pair.network, nothing_passes, NULL);
	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	ice_agent_end_of_remote(pair.a.agent, sim_now(pair.network));
	sim_ice_run(&pair, 10 * S);
	assert_int_equal(pair.a.state, ICE_FAILED);
	sim_ice_close(&pair);
}

static void without_candidates_the_end_of_them_starts_the_clock(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_ice_signal(&pair, &pair.b, &pair.a, false);
	sim_ice_run(&pair, 100 * S);
	assert_int_equal(ice_agent_state(pair.a.agent), ICE_NEW);
	ice_agent_end_of_remote(pair.a.agent, sim_now(pair.network));
	sim_ice_run(&pair, 14 * S);
	assert_int_equal(pair.a.state, ICE_CHECKING); /* the peer may still find us */
	sim_ice_run(&pair, 2 * S);
	assert_int_equal(pair.a.state, ICE_FAILED);
	sim_ice_close(&pair);
}

static void a_peer_that_names_no_usable_candidate_may_find_us(void **state)
{
	(void)state;
	sim_ice_pair pair;
	net_address six = sim_ipv6(2, 5000);
	ice_candidate unusable = {ICE_HOST, six, 2130706431, "1", ICE_UDP};

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_ice_signal(&pair, &pair.b, &pair.a, false);
	assert_int_equal(ice_agent_add_remote(pair.a.agent, &unusable, SIM_START), 0);
	ice_agent_end_of_remote(pair.a.agent, SIM_START);
	sim_ice_run(&pair, 2 * S);
	assert_int_equal(pair.a.state, ICE_CHECKING);
	sim_ice_signal(&pair, &pair.a, &pair.b, true);
	assert_true(sim_run(pair.network, 5 * S, sim_ice_connected, &pair));
	sim_ice_close(&pair);
}

static void checks_are_answered_for_ever(void **state)
{
	(void)state;
	sim_ice_pair pair;
	ice_stats stats;

	/* `a` has failed long ago; `b` only now learns of it and checks. */
	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_set_filter(pair.network, nothing_passes, NULL);
	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	sim_ice_run(&pair, 60 * S);
	assert_int_equal(pair.a.state, ICE_FAILED);
	sim_set_filter(pair.network, NULL, NULL);
	sim_ice_signal(&pair, &pair.a, &pair.b, true);
	sim_ice_run(&pair, S);
	ice_agent_stats(pair.b.agent, &stats);
	assert_true(stats.responses_received > 0);
	assert_int_equal(pair.a.state, ICE_FAILED);
	assert_false(has_path(&pair.a));
	assert_true(has_path(&pair.b)); /* valid, though never nominated */
	assert_int_equal(pair.b.state, ICE_CHECKING);
	sim_ice_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(consent_is_asked_for_at_random_intervals),
		cmocka_unit_test(silence_disconnects_then_fails_and_stops_sending),
		cmocka_unit_test(comes_back_within_a_second_of_the_network),
		cmocka_unit_test(loss_alone_does_not_disconnect_for_long),
		cmocka_unit_test(another_path_takes_over_and_gives_back),
		cmocka_unit_test(who_is_nominated_at_an_old_mapping_is_silent_until_nominated_anew),
		cmocka_unit_test(packets_show_that_an_old_mapping_works_still),
		cmocka_unit_test(fails_in_time_when_nothing_answers),
		cmocka_unit_test(fails_early_when_no_more_candidates_are_to_come),
		cmocka_unit_test(without_candidates_the_end_of_them_starts_the_clock),
		cmocka_unit_test(a_peer_that_names_no_usable_candidate_may_find_us),
		cmocka_unit_test(checks_are_answered_for_ever),
	};

	return cmocka_run_group_tests_name("ice: consent", tests, NULL, NULL);
}
