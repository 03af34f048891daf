/* Peers whose path goes silent, and ICE restarts under a DTLS association that goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "peer_world.h"

static void restart(side *self)
{
	assert_int_equal(peer_restart_ice(self->core, sim_now(world.network)), 0);
	assert_non_null(ice_agent_add_local(peer_ice(self->core), 0, &self->address));
}

static void connected(uint64_t seed)
{
	open_world(seed, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(50);
}

static void nothing_is_lost_by_a_restart(void **state)
{
	(void)state;
	connected(61);

	uint32_t handshake = stats_of(&world.a).dtls.datagrams_in;
	heard_a = heard_b = 0;
	restart(&world.a);
	restart(&world.b);
	talk(50); /* on the old path */
	signal_both();
	talk(50);
	assert_int_equal(world.a.state, PEER_CONNECTED);
	assert_int_equal(world.b.state, PEER_CONNECTED);
	talk(10);
	assert_true(heard_a >= 108 && heard_b >= 108);
	assert_int_equal(stats_of(&world.a).dtls.datagrams_in, handshake);
	assert_false(world.a.states & 1u << PEER_FAILED);
}

static void a_restart_saves_what_ice_has_given_up(void **state)
{
	(void)state;
	connected(62);
	sim_set_weather(world.network, (sim_weather){.loss = 1000});
	run_for(40 * SECOND);
	assert_int_equal(world.a.state, PEER_FAILED);
	sim_set_weather(world.network, (sim_weather){.delay = 10 * MS});
	restart(&world.a);
	restart(&world.b);
	signal_both();
	run_for(1 * SECOND);
	assert_int_equal(world.a.state, PEER_CONNECTED);
	heard_b = 0;
	talk(50);
	assert_true(heard_b >= 49);
}

static void a_restart_takes_no_other_fingerprint_and_no_description_twice(void **state)
{
	(void)state;
	connected(63);

	uint64_t now = sim_now(world.network);
	peer_remote remote = {.ufrag = "abcd", .pwd = "abcdefghijklmnopqrstuvwx"};

	restart(&world.a);
	assert_int_equal(peer_set_remote(world.a.core, &remote, now), -1);
	memcpy(remote.fingerprint, world.fingerprint[1], 32);
	assert_int_equal(peer_set_remote(world.a.core, &remote, now), 0);
	assert_int_equal(peer_set_remote(world.a.core, &remote, now), -1);
}

static void there_is_nothing_to_restart_before_the_answer(void **state)
{
	(void)state;
	open_world(64, (sim_weather){0});
	assert_int_equal(peer_restart_ice(world.a.core, sim_now(world.network)), -1);
}

static void an_old_path_whose_socket_is_gone_is_not_used(void **state)
{
	(void)state;
	connected(65);
	restart(&world.a);
	peer_forget_path(world.a.core, 0);
	heard_b = 0;
	talk(20);
	assert_int_equal(heard_b, 0);
}

static void credentials_are_new_each_time(void **state)
{
	(void)state;
	char ufrag[32];

	connected(66);
	strcpy(ufrag, ice_agent_local_ufrag(peer_ice(world.a.core)));
	restart(&world.a);
	assert_string_not_equal(ufrag, ice_agent_local_ufrag(peer_ice(world.a.core)));
}

/* The clock jumps an hour ahead, as when a device has slept: the path is over, and nothing is made
 * up for in a burst. */
static void a_jump_of_the_clock_does_no_harm(void **state)
{
	ice_datagram datagram;
	int count = 0;

	(void)state;
	connected(70);
	uint64_t later = sim_now(world.network) + 3600 * (uint64_t)SECOND;

	peer_handle_timeout(world.a.core, later);
	while (peer_poll_datagram(world.a.core, &datagram))
		assert_true(++count < 10);
	take_events(&world.a);
	assert_int_equal(world.a.state, PEER_FAILED);
	assert_true(peer_timeout(world.a.core) > later);
	assert_int_equal(peer_restart_ice(world.a.core, later), 0);
}

/* A second and a half at most, whatever flows: sound, or nothing but questions. */
static void a_lost_path_is_noticed_and_its_return_too(void **state)
{
	(void)state;
	for (int talking = 0; talking < 2; talking++) {
		if (talking)
			close_world(state);
		connected(67);
		run_for(5 * SECOND);
		sim_set_weather(world.network, (sim_weather){.loss = 1000});
		for (int i = 0; i < 30; i++)
			talking ? talk(1) : run_for(20 * MS);
		assert_int_equal(world.a.state, PEER_CONNECTED);
		for (int i = 0; i < 48; i++)
			talking ? talk(1) : run_for(20 * MS);
		assert_int_equal(world.a.state, PEER_DISCONNECTED);
		run_for(5 * SECOND);
		sim_set_weather(world.network, (sim_weather){.delay = 10 * MS});
		run_for(250 * MS);
		assert_int_equal(world.a.state, PEER_CONNECTED);
	}
}

/* 24 times eleven minutes, a second of talk after ten of nothing, with every fifth packet lost each
 * way. */
/* A NAT may have forgotten us: the question opens it again. */
static void a_stream_that_stops_is_asked_about_soon(void **state)
{
	(void)state;
	connected(68);

	uint32_t before = stats_of(&world.a).ice.checks_sent;
	sim_set_weather(world.network, (sim_weather){.loss = 1000});
	run_for(150 * MS);
	assert_int_equal(stats_of(&world.a).ice.checks_sent, before);
	run_for(100 * MS);
	assert_true(stats_of(&world.a).ice.checks_sent > before);
	assert_int_equal(world.a.state, PEER_CONNECTED);
}

static void loss_is_not_silence(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 24; seed++) {
		if (seed > 1)
			close_world(state);
		open_world(seed, (sim_weather){.delay = 20 * MS, .jitter = 20 * MS, .loss = 200});
		add_media();
		connect_within(60 * SECOND);
		world.a.states = world.b.states = 0;
		for (int i = 0; i < 60; i++) {
			run_for(10 * SECOND);
			talk(50);
		}
		if (world.a.states != 0 || world.b.states != 0)
			fail_msg("seed %u: false alarm", (unsigned)seed);
	}
}

/* A server like pion answers, and does not ask. */
static bool b_does_not_ask(void *context, const net_address *from, const net_address *to,
						   const uint8_t *bytes, size_t length)
{
	(void)context;
	(void)to;
	return !net_address_equal(from, &world.b.address) || length < 2 || bytes[0] != 0 ||
		   bytes[1] != 1;
}

/* The answer to a question is known, however many were asked meanwhile. */
static void distance_is_not_silence(void **state)
{
	(void)state;
	open_world(69, (sim_weather){.delay = 1300 * MS});
	add_media();
	connect_within(60 * SECOND);
	run_for(10 * SECOND);
	sim_set_filter(world.network, b_does_not_ask, NULL);
	world.a.states = 0;
	uint32_t unknown = stats_of(&world.a).ice.dropped_unknown_transaction;

	run_for(25 * SECOND);
	assert_int_equal(world.a.states, 0);
	assert_int_equal(stats_of(&world.a).ice.dropped_unknown_transaction, unknown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(nothing_is_lost_by_a_restart, close_world),
		cmocka_unit_test_teardown(a_restart_saves_what_ice_has_given_up, close_world),
		cmocka_unit_test_teardown(a_restart_takes_no_other_fingerprint_and_no_description_twice,
								  close_world),
		cmocka_unit_test_teardown(there_is_nothing_to_restart_before_the_answer, close_world),
		cmocka_unit_test_teardown(an_old_path_whose_socket_is_gone_is_not_used, close_world),
		cmocka_unit_test_teardown(credentials_are_new_each_time, close_world),
		cmocka_unit_test_teardown(a_jump_of_the_clock_does_no_harm, close_world),
		cmocka_unit_test_teardown(a_lost_path_is_noticed_and_its_return_too, close_world),
		cmocka_unit_test_teardown(a_stream_that_stops_is_asked_about_soon, close_world),
		cmocka_unit_test_teardown(loss_is_not_silence, close_world),
		cmocka_unit_test_teardown(distance_is_not_silence, close_world),
	};

	memory_settle();
	return cmocka_run_group_tests(tests, make_identities, NULL);
}
