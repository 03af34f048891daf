/* ICE agents that find each other: how fast, over what, in which role. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "sim/ice_pair.h"

#define MS UINT64_C(1000)
#define S UINT64_C(1000000)

static const sim_weather calm = {.delay = 50000};
static const ice_config controlling = {.controlling = true};
static const ice_config controlled = {.controlling = false};

static ice_stats stats_of(const sim_ice_side *side)
{
	ice_stats stats;

	ice_agent_stats(side->agent, &stats);
	return stats;
}

static void assert_path(const sim_ice_side *side, net_address expected)
{
	int socket;
	net_address to;

	assert_true(ice_agent_path(side->agent, &socket, &to));
	assert_true(net_address_equal(&to, &expected));
}

static void connects_in_one_round_trip(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	assert_true(sim_ice_connect(&pair, 10 * S));
	assert_int_equal(pair.a.connected_at - SIM_START, 100 * MS);
	assert_int_equal(pair.b.connected_at - SIM_START, 100 * MS);
	assert_true(sim_ice_paths_meet(&pair));
	assert_int_equal(stats_of(&pair.a).rtt, 100 * MS);
	assert_int_equal(pair.a.selections, 1);
	assert_int_equal(pair.b.selections, 1);
	assert_true(pair.a.states & 1 << ICE_CHECKING);
	sim_ice_close(&pair);
}

/* As with livekit-server: it answers the offer and checks us before its answer has reached us. */
static void the_answerer_that_checked_first_selects_on_our_first_check(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_ice_signal(&pair, &pair.a, &pair.b, true);
	sim_ice_run(&pair, 120 * MS);
	assert_int_equal(ice_agent_state(pair.a.agent), ICE_NEW);
	assert_true(stats_of(&pair.a).checks_received > 0);
	assert_true(stats_of(&pair.b).responses_received > 0);
	assert_true(ice_agent_accepts(pair.a.agent, 0, &pair.b.candidates[0]->address));

	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	assert_true(sim_run(pair.network, 10 * S, sim_ice_connected, &pair));
	assert_int_equal(pair.b.connected_at - SIM_START, 170 * MS);
	assert_int_equal(pair.a.connected_at - SIM_START, 220 * MS);
	sim_ice_close(&pair);
}

static void the_first_check_leaves_at_once_and_others_are_paced(void **state)
{
	(void)state;
	net_address best = sim_ipv6(2, 5000);
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, 1, 5000), NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv6(1, 5000), NULL);
	for (uint8_t i = 0; i < 5; i++)
		sim_ice_address(&pair, &pair.b, sim_ipv4(10, 0, 1, i, 5000), NULL);
	sim_ice_address(&pair, &pair.b, best, NULL);
	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	ice_datagram out;

	assert_int_equal(ice_agent_timeout(pair.a.agent), SIM_START);
	ice_agent_handle_timeout(pair.a.agent, SIM_START);
	assert_true(ice_agent_poll_datagram(pair.a.agent, &out));
	/* Though told last, the best goes first. */
	assert_true(net_address_equal(&out.to, &best));
	assert_false(ice_agent_poll_datagram(pair.a.agent, &out));
	assert_int_equal(ice_agent_timeout(pair.a.agent), SIM_START + 50 * MS);
	ice_agent_handle_timeout(pair.a.agent, SIM_START + 49 * MS);
	assert_false(ice_agent_poll_datagram(pair.a.agent, &out));
	ice_agent_handle_timeout(pair.a.agent, SIM_START + 50 * MS);
	assert_true(ice_agent_poll_datagram(pair.a.agent, &out));
	assert_false(ice_agent_poll_datagram(pair.a.agent, &out));
	sim_ice_close(&pair);
}

static void connects_through_loss(void **state)
{
	(void)state;
	sim_weather storm = {.delay = 30000, .jitter = 5000, .loss = 200};
	uint64_t worst = 0;

	for (uint64_t seed = 1; seed <= 200; seed++) {
		sim_ice_pair pair;

		sim_ice_open(&pair, seed, storm, NULL, NULL);
		sim_ice_addresses(&pair);
		if (!sim_ice_connect(&pair, 10 * S))
			fail_msg("seed %d never connected", (int)seed);
		assert_true(sim_ice_paths_meet(&pair));
		if (pair.a.connected_at - SIM_START > worst)
			worst = pair.a.connected_at - SIM_START;
		sim_ice_close(&pair);
	}
	print_message("slowest of 200 at 20 %% loss: %d ms\n", (int)(worst / MS));
}

static bool both_use_ipv6(void *context)
{
	const sim_ice_pair *pair = context;
	int socket;
	net_address to_a, to_b;

	return ice_agent_path(pair->a.agent, &socket, &to_b) &&
		   ice_agent_path(pair->b.agent, &socket, &to_a) && to_a.family == 6 && to_b.family == 6;
}

static void connects_through_loss_reorder_and_duplication(void **state)
{
	(void)state;
	sim_weather storm = {.delay = 20000, .jitter = 120000, .loss = 100, .duplicate = 200};

	for (uint64_t seed = 1; seed <= 200; seed++) {
		sim_ice_pair pair;

		sim_ice_open(&pair, seed, storm, NULL, NULL);
		for (uint8_t i = 1; i <= 2; i++) {
			sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, i, 5000), NULL);
			sim_ice_address(&pair, &pair.b, sim_ipv4(10, 0, 1, i, 5000), NULL);
		}
		sim_ice_address(&pair, &pair.a, sim_ipv6(1, 5000), NULL);
		sim_ice_address(&pair, &pair.b, sim_ipv6(2, 5000), NULL);
		if (!sim_ice_connect(&pair, 10 * S))
			fail_msg("seed %d never connected", (int)seed);
		/* Once the better pairs have had their time, both use the best. */
		if (!sim_run(pair.network, 10 * S, both_use_ipv6, &pair))
			fail_msg("seed %d: the best pair is not used", (int)seed);
		assert_true(sim_ice_paths_meet(&pair));
		assert_int_equal(stats_of(&pair.a).dropped_malformed, 0);
		assert_int_equal(stats_of(&pair.a).dropped_integrity, 0);
		assert_int_equal(stats_of(&pair.a).dropped_unanswered, 0);
		sim_ice_close(&pair);
	}
}

static void trickled_candidates_are_used(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	sim_ice_signal(&pair, &pair.a, &pair.b, false);
	sim_ice_signal(&pair, &pair.b, &pair.a, false);
	sim_ice_run(&pair, 3 * S);
	assert_int_equal(ice_agent_state(pair.a.agent), ICE_NEW);

	/* One that leads nowhere, and 2 s later the one that works: only `a` is told. */
	ice_candidate nowhere = *pair.b.candidates[0];

	nowhere.address = sim_ipv4(10, 9, 9, 9, 9);
	assert_int_equal(ice_agent_add_remote(pair.a.agent, &nowhere, sim_now(pair.network)), 0);
	sim_ice_run(&pair, 2 * S);
	assert_int_equal(ice_agent_state(pair.a.agent), ICE_CHECKING);

	uint64_t told = sim_now(pair.network);

	assert_int_equal(ice_agent_add_remote(pair.a.agent, pair.b.candidates[0], told), 0);
	assert_true(sim_run(pair.network, told + S, sim_ice_connected, &pair));
	assert_int_equal(pair.a.connected_at - told, 100 * MS);
	assert_int_equal(pair.b.connected_at - told, 150 * MS);
	assert_int_equal(ice_agent_add_remote(pair.a.agent, pair.b.candidates[0], told), -1);
	assert_int_equal(stats_of(&pair.a).remote_candidates_ignored, 1);
	sim_ice_close(&pair);
}

static void a_late_local_candidate_is_used(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.b, sim_ipv4(10, 0, 0, 2, 5000), NULL);
	sim_ice_signal(&pair, &pair.a, &pair.b, true);
	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	sim_ice_run(&pair, S);
	sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, 1, 5000), NULL);
	assert_true(sim_run(pair.network, 10 * S, sim_ice_connected, &pair));
	sim_ice_close(&pair);
}

static void ipv6_connects_and_is_never_mixed_with_ipv4(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, 1, 5000), NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv6(1, 5000), NULL);
	sim_ice_address(&pair, &pair.b, sim_ipv6(2, 5000), NULL);
	assert_true(sim_ice_connect(&pair, S));
	assert_path(&pair.a, sim_ipv6(2, 5000));
	assert_int_equal(sim_count(pair.network).unroutable, 0);
	sim_ice_close(&pair);
}

static void the_better_pair_replaces_the_faster_one(void **state)
{
	(void)state;
	sim_ice_pair pair;

	/* The best pair's first check is lost: the IPv6 sockets come to life after 100 ms. */
	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_addresses(&pair);
	net_address six_a = sim_ipv6(1, 5000), six_b = sim_ipv6(2, 5000);

	pair.a.candidates[1] = ice_agent_add_local(pair.a.agent, 1, &six_a);
	pair.b.candidates[1] = ice_agent_add_local(pair.b.agent, 1, &six_b);
	pair.a.count = pair.b.count = 2;
	assert_true(pair.a.candidates[1]->priority > pair.a.candidates[0]->priority);
	assert_true(sim_ice_connect(&pair, S));
	assert_path(&pair.a, sim_ipv4(10, 0, 0, 2, 5000));
	assert_int_equal(pair.a.connected_at - SIM_START, 150 * MS); /* second to be checked */
	sim_bind(pair.network, pair.a.endpoint, 1, &six_a);
	sim_bind(pair.network, pair.b.endpoint, 1, &six_b);
	sim_ice_run(&pair, S);
	assert_path(&pair.a, six_b);
	assert_path(&pair.b, six_a);
	assert_int_equal(pair.a.selections, 2);
	assert_true(ice_agent_accepts(pair.a.agent, 0, &pair.b.candidates[0]->address));
	sim_ice_close(&pair);
}

static void peers_behind_a_nat_are_peer_reflexive(void **state)
{
	(void)state;
	sim_ice_pair pair;
	net_address outside = sim_ipv4(203, 0, 113, 5, 61000);

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(192, 168, 1, 7, 5000), &outside);
	sim_ice_address(&pair, &pair.b, sim_ipv4(198, 51, 100, 9, 7882), NULL);
	assert_true(sim_ice_connect(&pair, S));
	assert_int_equal(pair.a.connected_at - SIM_START, 100 * MS);
	assert_int_equal(pair.b.connected_at - SIM_START, 150 * MS);
	assert_path(&pair.b, outside);
	assert_path(&pair.a, sim_ipv4(198, 51, 100, 9, 7882));
	/* Told later what it has found out itself, `b` knows it as the same one. */
	ice_candidate named = {ICE_SERVER_REFLEXIVE, outside, 1694498815, "2", ICE_UDP};

	assert_int_equal(ice_agent_add_remote(pair.b.agent, &named, sim_now(pair.network)), 0);
	assert_int_equal(ice_agent_add_remote(pair.b.agent, &named, sim_now(pair.network)), -1);
	sim_ice_run(&pair, 60 * S);
	assert_int_equal(pair.a.state, ICE_CONNECTED);
	assert_int_equal(pair.b.state, ICE_CONNECTED);
	sim_ice_close(&pair);
}

/* Behind its NAT a pair is worth less, and only the mapped address in the answer tells `a` so: if
 * it kept to what the host candidate was worth, the two would choose differently. */
static void both_sides_value_a_peer_reflexive_pair_alike(void **state)
{
	(void)state;
	sim_ice_pair pair;
	net_address outside = sim_ipv4(203, 0, 113, 5, 61000);

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(192, 168, 1, 7, 5000), &outside);
	sim_ice_address(&pair, &pair.a, sim_ipv4(198, 51, 100, 8, 5000), NULL);
	sim_ice_address(&pair, &pair.b, sim_ipv4(198, 51, 100, 9, 7882), NULL);
	assert_true(sim_ice_connect(&pair, S));
	sim_ice_run(&pair, S);
	assert_path(&pair.b, sim_ipv4(198, 51, 100, 8, 5000));
	assert_true(sim_ice_paths_meet(&pair));
	sim_ice_close(&pair);
}

static bool crosswise(void *context, const net_address *from, const net_address *to,
					  const uint8_t *bytes, size_t length)
{
	(void)context, (void)bytes, (void)length;
	return from->ip[3] != to->ip[3];
}

static void both_sides_order_equal_pairs_alike(void **state)
{
	(void)state;
	sim_ice_pair pair;

	/* First to second and second to first are worth the same, but for who controls. */
	sim_ice_open(&pair, 1, calm, NULL, NULL);
	for (uint8_t i = 1; i <= 2; i++) {
		sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, i, 5000), NULL);
		sim_ice_address(&pair, &pair.b, sim_ipv4(10, 0, 1, i, 5000), NULL);
	}
	sim_set_filter(pair.network, crosswise, NULL);
	assert_true(sim_ice_connect(&pair, 5 * S));
	sim_ice_run(&pair, 3 * S);
	assert_path(&pair.a, sim_ipv4(10, 0, 1, 2, 5000));
	assert_path(&pair.b, sim_ipv4(10, 0, 0, 1, 5000));
	sim_ice_close(&pair);
}

static void loopback_leads_to_loopback_only(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(127, 0, 0, 1, 5000), NULL);
	sim_ice_address(&pair, &pair.b, sim_ipv4(10, 0, 0, 2, 5000), NULL);
	sim_ice_signal(&pair, &pair.b, &pair.a, true);
	sim_ice_run(&pair, S);
	assert_int_equal(stats_of(&pair.a).checks_sent, 0);
	sim_ice_close(&pair);

	/* But another address of the host may well lead there. */
	sim_ice_open(&pair, 1, calm, NULL, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, 1, 5000), NULL);
	sim_ice_address(&pair, &pair.b, sim_ipv4(127, 0, 0, 1, 5000), NULL);
	assert_true(sim_ice_connect(&pair, S));
	assert_true(sim_ice_paths_meet(&pair));
	sim_ice_close(&pair);
}

static void role_conflicts_are_settled(void **state)
{
	(void)state;
	for (int i = 0; i < 40; i++) {
		const ice_config *role = i % 2 == 0 ? &controlling : &controlled;
		sim_ice_pair pair;

		/* The tie breakers are random: both outcomes come up. */
		sim_ice_open(&pair, (uint64_t)i, calm, role, role);
		sim_ice_addresses(&pair);
		assert_true(sim_ice_connect(&pair, S));
		assert_true(sim_ice_paths_meet(&pair));
		assert_int_equal(stats_of(&pair.a).role_conflicts + stats_of(&pair.b).role_conflicts, 1);
		assert_true(pair.a.connected_at - SIM_START <= 200 * MS);
		assert_true(pair.b.connected_at - SIM_START <= 200 * MS);
		sim_ice_close(&pair);
	}
}

static void a_role_conflict_of_one_silent_side_is_settled(void **state)
{
	(void)state;
	/* Only `a` knows where to check, so it is always `b` that finds the conflict. */
	for (int i = 0; i < 40; i++) {
		const ice_config *role = i % 2 == 0 ? &controlling : &controlled;
		sim_ice_pair pair;

		sim_ice_open(&pair, (uint64_t)i, calm, role, role);
		sim_ice_addresses(&pair);
		sim_ice_signal(&pair, &pair.a, &pair.b, false);
		sim_ice_signal(&pair, &pair.b, &pair.a, true);
		assert_true(sim_run(pair.network, 5 * S, sim_ice_connected, &pair));
		assert_int_equal(stats_of(&pair.a).role_conflicts + stats_of(&pair.b).role_conflicts, 1);
		sim_ice_close(&pair);
	}
}

static void the_controlled_side_may_be_the_one_that_asks_first(void **state)
{
	(void)state;
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, calm, &controlled, &controlling);
	sim_ice_addresses(&pair);
	assert_true(sim_ice_connect(&pair, S));
	assert_int_equal(pair.a.connected_at - SIM_START, 100 * MS);
	sim_ice_close(&pair);
}

static void long_round_trips_connect(void **state)
{
	(void)state;
	sim_weather satellite = {.delay = 900000};
	sim_ice_pair pair;

	sim_ice_open(&pair, 1, satellite, NULL, NULL);
	sim_ice_addresses(&pair);
	assert_true(sim_ice_connect(&pair, 10 * S));
	assert_int_equal(pair.a.connected_at - SIM_START, 1800 * MS);
	assert_int_equal(stats_of(&pair.a).rtt, 1800 * MS);
	sim_ice_close(&pair);
}

static void candidates_carry_what_the_standard_asks(void **state)
{
	(void)state;
	sim_ice_pair pair;
	net_address link_local = {6, {0xfe, 0x80, [15] = 1}, 5000};
	net_address loopback = sim_ipv4(127, 0, 0, 1, 5003);

	sim_ice_open(&pair, 1, calm, NULL, NULL);
	assert_null(ice_agent_add_local(pair.a.agent, 9, &link_local));
	sim_ice_address(&pair, &pair.a, loopback, NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, 1, 5000), NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv4(10, 0, 0, 1, 5001), NULL);
	sim_ice_address(&pair, &pair.a, sim_ipv6(1, 5002), NULL);

	const ice_candidate *const *shown = pair.a.candidates;

	/* RFC 8445 section 5.1.2.1: type preference 126, each priority its own; IPv6 first, loopback
	 * last, otherwise in the given order. */
	for (int i = 0; i < 4; i++) {
		assert_int_equal(shown[i]->type, ICE_HOST);
		assert_int_equal(shown[i]->priority >> 24, 126);
		assert_int_equal(shown[i]->priority & 0xff, 255);
	}
	assert_true(shown[3]->priority > shown[1]->priority);
	assert_true(shown[1]->priority > shown[2]->priority);
	assert_true(shown[2]->priority > shown[0]->priority);
	/* Same base address, same foundation (section 5.1.1.3). */
	assert_string_equal(shown[1]->foundation, shown[2]->foundation);
	assert_string_not_equal(shown[1]->foundation, shown[3]->foundation);

	assert_int_equal(strlen(ice_agent_local_ufrag(pair.a.agent)), 8);
	assert_int_equal(strlen(ice_agent_local_pwd(pair.a.agent)), 24);
	assert_string_not_equal(ice_agent_local_pwd(pair.a.agent), ice_agent_local_pwd(pair.b.agent));
	sim_ice_close(&pair);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(connects_in_one_round_trip),
		cmocka_unit_test(the_answerer_that_checked_first_selects_on_our_first_check),
		cmocka_unit_test(the_first_check_leaves_at_once_and_others_are_paced),
		cmocka_unit_test(connects_through_loss),
		cmocka_unit_test(connects_through_loss_reorder_and_duplication),
		cmocka_unit_test(trickled_candidates_are_used),
		cmocka_unit_test(a_late_local_candidate_is_used),
		cmocka_unit_test(ipv6_connects_and_is_never_mixed_with_ipv4),
		cmocka_unit_test(the_better_pair_replaces_the_faster_one),
		cmocka_unit_test(peers_behind_a_nat_are_peer_reflexive),
		cmocka_unit_test(both_sides_value_a_peer_reflexive_pair_alike),
		cmocka_unit_test(both_sides_order_equal_pairs_alike),
		cmocka_unit_test(loopback_leads_to_loopback_only),
		cmocka_unit_test(role_conflicts_are_settled),
		cmocka_unit_test(a_role_conflict_of_one_silent_side_is_settled),
		cmocka_unit_test(the_controlled_side_may_be_the_one_that_asks_first),
		cmocka_unit_test(long_round_trips_connect),
		cmocka_unit_test(candidates_carry_what_the_standard_asks),
	};

	return cmocka_run_group_tests_name("ice: connect", tests, NULL, NULL);
}
