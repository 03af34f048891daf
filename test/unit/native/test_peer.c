/* Two peers on a simulated network: how they meet, what media they take from whom, how they part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "peer_world.h"

/* ---- Meeting ---- */

static void connects_without_a_lost_round_trip(void **state)
{
	(void)state;
	open_world(1, (sim_weather){.delay = 50 * MS});
	connect_within(5 * SECOND);
	/* One round trip of ICE and two of DTLS with its server's cookie and some pacing: a ClientHello
	 * that came too early and was thrown away would cost a second. */
	assert_true(world.a.connected_at - world.start < 450 * MS);
	assert_true(world.b.connected_at - world.start < 450 * MS);
	assert_true(world.a.states & 1u << PEER_CONNECTING);
	assert_false(world.a.states & 1u << PEER_FAILED);
}

static void connects_when_the_answer_comes_late(void **state)
{
	(void)state;
	open_world(2, (sim_weather){.delay = 10 * MS});
	/* The answerer has all it needs and begins before we know its fingerprint. */
	signal_to(&world.b, &world.a, world.fingerprint[0], PEER_SETUP_ACTPASS);
	run_for(300 * MS);
	signal_to(&world.a, &world.b, world.fingerprint[1], PEER_SETUP_ACTIVE);
	/* Its ClientHello came long ago and was kept: it would be repeated only after a second. */
	assert_true(sim_run(world.network, sim_now(world.network) + 200 * MS, both_connected, NULL));
}

static void connects_as_dtls_client(void **state)
{
	(void)state;
	open_world(3, (sim_weather){.delay = 20 * MS});
	signal_to(&world.b, &world.a, world.fingerprint[0], PEER_SETUP_ACTIVE);
	signal_to(&world.a, &world.b, world.fingerprint[1], PEER_SETUP_PASSIVE);
	assert_true(sim_run(world.network, sim_now(world.network) + 2 * SECOND, both_connected, NULL));
}

static void connects_through_loss(void **state)
{
	for (uint64_t seed = 10; seed < 20; seed++) {
		if (seed > 10)
			close_world(state);
		open_world(seed, (sim_weather){.delay = 30 * MS, .jitter = 40 * MS, .loss = 200});
		connect_within(30 * SECOND);
	}
}

static void refuses_a_second_description(void **state)
{
	(void)state;
	open_world(4, (sim_weather){0});
	connect_within(2 * SECOND);
	peer_remote remote = {.ufrag = "abcd", .pwd = "abcdefghijklmnopqrstuvwx"};
	assert_int_equal(peer_set_remote(world.a.core, &remote, sim_now(world.network)), -1);
}

static void fails_without_a_path(void **state)
{
	(void)state;
	open_world(5, (sim_weather){.loss = 1000});
	signal_both();
	run_for(40 * SECOND);
	assert_int_equal(world.a.state, PEER_FAILED);
	assert_string_equal(world.a.reason, "ICE: no path to the peer");
}

/* ---- Talking ---- */

static void carries_media_both_ways_and_counts_it(void **state)
{
	(void)state;
	open_world(20, (sim_weather){.delay = 25 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(500);
	run_for(SECOND);
	heard_a += hear(world.a.sink);
	heard_b += hear(world.b.sink);
	assert_int_equal(heard_a, 500);
	assert_int_equal(heard_b, 500);
	assert_true(world.a.first_out > 0 && world.a.first_in > world.a.first_out);

	peer_stats a = stats_of(&world.a), b = stats_of(&world.b);
	assert_int_equal(a.rtp_out, 500);
	assert_int_equal(b.rtp_in, 500);
	assert_int_equal(a.rtp_payload_out, 500 * 40);
	assert_int_equal(b.rtp_payload_in, 500 * 40);
	assert_int_equal(a.srtp_out.packets, a.rtp_out + a.rtcp_out);
	assert_int_equal(a.lost + b.lost + a.remote_lost + b.remote_lost, 0);
	/* About one report a second; every third with a sender's half. */
	assert_in_range(a.rtcp_out, 8, 16);
	assert_in_range(b.rtcp_in, 8, 16);
	assert_in_range(a.round_trip, 49 * MS, 52 * MS);
	assert_in_range(b.round_trip, 49 * MS, 52 * MS);
	assert_int_equal(a.dropped_malformed + a.dropped_path + a.dropped_unknown_stream +
						 a.dropped_before_keys + a.dropped_unknown_kind + a.dropped_sink_full +
						 a.dropped_outbox_full + a.dropped_unsendable + a.dropped_events,
					 0);
}

static void allocates_nothing_while_media_flows(void **state)
{
	(void)state;
	open_world(21, (sim_weather){.delay = 25 * MS, .jitter = 20 * MS, .loss = 50});
	add_media();
	connect_within(10 * SECOND);
	talk(50);
	uint32_t before = all_allocations();
	talk(1000);
	assert_int_equal(all_allocations(), before);
}

static void reports_loss_to_the_other_side(void **state)
{
	(void)state;
	open_world(22, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(50);
	sim_set_weather(world.network, (sim_weather){.delay = 10 * MS, .loss = 100});
	talk(500);
	sim_set_weather(world.network, (sim_weather){.delay = 10 * MS});
	talk(200);
	peer_stats a = stats_of(&world.a), b = stats_of(&world.b);
	assert_int_equal(b.lost, 750 - heard_b);
	assert_in_range(b.lost, 20, 100);
	assert_int_equal(a.remote_lost, b.lost);
}

static void speaks_nothing_stale_when_connected(void **state)
{
	(void)state;
	open_world(23, (sim_weather){.delay = 10 * MS});
	add_media();
	for (int i = 0; i < 100; i++)
		speak(&world.a); /* nobody can hear it yet */
	assert_int_equal(stats_of(&world.a).dropped_unsendable, 100);
	connect_within(5 * SECOND);
	run_for(100 * MS);
	assert_int_equal(hear(world.b.sink), 0);
	talk(1);
	assert_int_equal(heard_b, 1);
}

/* What a receiver says with a generic NACK (RFC 4585 section 6.2.1) for one packet. */
static void ask_again(side *self, side *of, uint32_t ssrc, uint16_t sequence)
{
	uint8_t nack[64] = {0x81, 205, 0, 3, 0, 0, 0x20, 0};
	size_t length = 16;

	for (int i = 0; i < 4; i++)
		nack[8 + i] = (uint8_t)(ssrc >> (24 - 8 * i));
	nack[12] = (uint8_t)(sequence >> 8);
	nack[13] = (uint8_t)sequence;
	assert_int_equal(srtcp_seal(self->core->srtp_out, nack, &length, sizeof(nack)), SRTP_OK);
	sim_send(world.network, &self->address, &of->address, nack, length);
}

static bool drop_media(void *context, const net_address *from, const net_address *to,
					   const uint8_t *bytes, size_t length)
{
	(void)context, (void)from, (void)to;
	return !(length > 2 && bytes[0] >= 128 && bytes[0] <= 191 && (bytes[1] & 0x7f) == PAYLOAD_TYPE);
}

static void sends_again_what_is_asked_for(void **state)
{
	(void)state;
	open_world(24, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(10);
	sim_set_filter(world.network, drop_media, NULL);
	talk(1);
	sim_set_filter(world.network, NULL, NULL);
	talk(5);
	assert_int_equal(heard_b, 15);
	uint16_t lost = (uint16_t)(world.a.core->senders[0].sequence - 6);
	ask_again(&world.b, &world.a, 0x1000, lost);
	ask_again(&world.b, &world.a, 0x1000, (uint16_t)(lost - 200)); /* long forgotten */
	run_for(100 * MS);
	heard_b += hear(world.b.sink);
	assert_int_equal(heard_b, 16);
	peer_stats a = stats_of(&world.a);
	assert_int_equal(a.nacks_in, 2);
	assert_int_equal(a.retransmitted, 1);
	assert_int_equal(stats_of(&world.b).lost, 0);
}

/* ---- Whose stream is it ---- */

static void finds_the_receiver_by_mid(void **state)
{
	(void)state;
	heard_a = heard_b = 0;
	open_world(30, (sim_weather){.delay = 10 * MS});
	add_sender(&world.a, "7", 0x1000, extensions);
	assert_true(add_receiver(&world.b, "6", 0, world.b.source) >= 0);
	assert_true(add_receiver(&world.b, "7", 0, world.b.sink) >= 0);
	connect_within(5 * SECOND);
	talk(20);
	assert_int_equal(heard_b, 20);
	assert_int_equal(hear(world.b.source), 0); /* the other's sink */
}

static void finds_the_only_receiver_of_a_payload_type(void **state)
{
	(void)state;
	heard_a = heard_b = 0;
	open_world(31, (sim_weather){.delay = 10 * MS});
	add_sender(&world.a, "0", 0x1000, (rtp_extensions){0});
	assert_true(add_receiver(&world.b, "x", 0, world.b.sink) >= 0);
	connect_within(5 * SECOND);
	talk(20);
	assert_int_equal(heard_b, 20);
}

static void counts_streams_that_nobody_wants(void **state)
{
	(void)state;
	heard_a = heard_b = 0;
	open_world(32, (sim_weather){.delay = 10 * MS});
	add_sender(&world.a, "0", 0x1000, extensions);
	/* Another MID, and an SSRC of its own: no packet of `a` is meant for it. */
	assert_true(add_receiver(&world.b, "1", 0x9999, world.b.sink) >= 0);
	connect_within(5 * SECOND);
	talk(20);
	assert_int_equal(heard_b, 0);
	assert_int_equal(stats_of(&world.b).dropped_unknown_stream, 20);
	assert_int_equal(world.b.first_in, 0);
}

static void refuses_too_many_and_doubles(void **state)
{
	char mid[4] = "r0";

	(void)state;
	open_world(33, (sim_weather){0});
	assert_int_equal(add_receiver(&world.a, "same", 0, world.a.sink), 0);
	assert_int_equal(add_receiver(&world.a, "same", 0, world.a.sink), -1);
	for (int i = 1; i < PEER_RECEIVERS; i++, mid[1]++)
		assert_int_equal(add_receiver(&world.a, mid, 0, world.a.sink), i);
	assert_int_equal(add_receiver(&world.a, "more", 0, world.a.sink), -1);
	peer_remove_receiver(world.a.core, 3);
	assert_int_equal(add_receiver(&world.a, "more", 0, world.a.sink), 3);
}

static void counts_audio_that_nobody_takes(void **state)
{
	(void)state;
	open_world(34, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	for (int i = 0; i < 400; i++) {
		speak(&world.a);
		run_for(FRAME);
	}
	run_for(100 * MS);
	peer_stats b = stats_of(&world.b);
	assert_int_equal(b.rtp_in, 400);
	assert_int_equal(b.dropped_sink_full + hear(world.b.sink), 400);
	assert_true(b.dropped_sink_full > 0);
}

/* ---- Whom to trust ---- */

static void never_takes_media_from_a_wrong_fingerprint(void **state)
{
	uint8_t wrong[32];

	(void)state;
	open_world(40, (sim_weather){.delay = 10 * MS});
	add_media();
	memcpy(wrong, world.fingerprint[1], 32);
	wrong[31] ^= 1;
	signal_to(&world.b, &world.a, world.fingerprint[0], PEER_SETUP_ACTPASS);
	signal_to(&world.a, &world.b, wrong, PEER_SETUP_ACTIVE);
	run_for(2 * SECOND);
	talk(100);
	assert_int_equal(world.a.state, PEER_FAILED);
	assert_non_null(strstr(world.a.reason, "DTLS: "));
	assert_non_null(strstr(world.a.reason, "fingerprint"));
	assert_int_equal(heard_a + heard_b, 0);
	assert_int_equal(stats_of(&world.a).rtp_in, 0);
	assert_int_equal(stats_of(&world.a).rtp_out, 0);
	assert_int_equal(world.a.first_out, 0);
	assert_false(world.a.states & 1u << PEER_CONNECTED);
}

static void a_wrong_server_gets_no_media(void **state)
{
	uint8_t wrong[32] = {0};

	(void)state;
	open_world(41, (sim_weather){.delay = 10 * MS});
	add_media();
	/* Now the client is the one who is shown the wrong certificate. */
	signal_to(&world.b, &world.a, world.fingerprint[0], PEER_SETUP_ACTIVE);
	signal_to(&world.a, &world.b, wrong, PEER_SETUP_PASSIVE);
	run_for(2 * SECOND);
	talk(100);
	assert_int_equal(world.a.state, PEER_FAILED);
	assert_int_equal(heard_a + heard_b, 0);
	assert_int_equal(stats_of(&world.a).rtp_out, 0);
}

static void drops_media_before_keys(void **state)
{
	uint8_t rtp[60] = {0x80, PAYLOAD_TYPE, 0, 1, 0, 0, 0, 0, 0, 0, 0x20, 0};
	uint8_t noise[3] = {70, 1, 2};

	(void)state;
	open_world(42, (sim_weather){.delay = 10 * MS});
	add_media();
	sim_send(world.network, &world.b.address, &world.a.address, rtp, sizeof(rtp));
	sim_send(world.network, &world.b.address, &world.a.address, noise, sizeof(noise));
	run_for(100 * MS);
	assert_int_equal(stats_of(&world.a).dropped_before_keys, 1);
	assert_int_equal(stats_of(&world.a).dropped_unknown_kind, 1);
	assert_int_equal(hear(world.a.sink), 0);
}

/* The newest media datagram towards `a`, as someone on the path sees it. */
static struct {
	uint8_t bytes[NET_DATAGRAM_MAX];
	size_t length;
} overheard;

static bool overhear(void *context, const net_address *from, const net_address *to,
					 const uint8_t *bytes, size_t length)
{
	if (net_address_equal(to, &world.a.address) && !drop_media(context, from, to, bytes, length)) {
		memcpy(overheard.bytes, bytes, length);
		overheard.length = length;
	}
	return true;
}

static void takes_media_only_from_its_path_and_only_once(void **state)
{
	net_address stranger = sim_ipv4(10, 0, 0, 99, 5000);

	(void)state;
	open_world(43, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	sim_set_filter(world.network, overhear, NULL);
	talk(10);
	run_for(100 * MS);
	sim_set_filter(world.network, NULL, NULL);
	assert_int_equal(heard_a + hear(world.a.sink), 10);

	sim_send(world.network, &stranger, &world.a.address, overheard.bytes, overheard.length);
	run_for(100 * MS);
	assert_int_equal(stats_of(&world.a).dropped_path, 1);
	sim_send(world.network, &world.b.address, &world.a.address, overheard.bytes, overheard.length);
	run_for(100 * MS);
	assert_int_equal(stats_of(&world.a).srtp_in.replayed, 1);
	overheard.bytes[overheard.length - 12] ^= 1;
	overheard.bytes[2]++; /* a later sequence number, so that it is not merely a replay */
	sim_send(world.network, &world.b.address, &world.a.address, overheard.bytes, overheard.length);
	run_for(100 * MS);
	assert_int_equal(stats_of(&world.a).srtp_in.authentication, 1);
	assert_int_equal(hear(world.a.sink), 0);
}

static bool overhear_anything(void *context, const net_address *from, const net_address *to,
							  const uint8_t *bytes, size_t length)
{
	(void)context, (void)from;
	/* A random one of what goes by. */
	if (net_address_equal(to, &world.a.address) && sim_random(world.network, 4) == 0) {
		memcpy(overheard.bytes, bytes, length);
		overheard.length = length;
	}
	return true;
}

/* Someone who can read and forge, with the right address: damages, cuts and repeats what went by.
 */
static void survives_damaged_datagrams(void **state)
{
	(void)state;
	open_world(44, (sim_weather){.delay = 10 * MS});
	add_media();
	sim_set_filter(world.network, overhear_anything, NULL);
	signal_both();
	for (int i = 0; i < 3000; i++) {
		uint8_t forged[NET_DATAGRAM_MAX];
		size_t length = overheard.length;
		if (i % 3 == 0)
			speak(&world.b);
		run_for(5 * MS);
		memcpy(forged, overheard.bytes, length);
		for (uint32_t j = sim_random(world.network, 4); length > 0 && j > 0; j--)
			forged[sim_random(world.network, (uint32_t)length)] ^=
				(uint8_t)(1 + sim_random(world.network, 255));
		if (length > 0 && sim_random(world.network, 3) == 0)
			length = sim_random(world.network, (uint32_t)length);
		sim_send(world.network, &world.b.address, &world.a.address, forged, length);
		heard_a += hear(world.a.sink);
	}
	run_for(SECOND);
	heard_a += hear(world.a.sink);
	assert_int_equal(world.a.state, PEER_CONNECTED);
	/* All that was said while connected was heard, once. */
	peer_stats b = stats_of(&world.b);
	assert_int_equal(heard_a, b.rtp_out);
	assert_true(b.rtp_out > 900);
}

/* ---- Parting ---- */

static void says_bye_for_a_removed_sender(void **state)
{
	(void)state;
	open_world(50, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(20);
	peer_remove_sender(world.a.core, world.a.sender, sim_now(world.network));
	world.a.sender = -1;
	talk(5);
	assert_int_equal(world.b.bye, 0x1000);
	assert_int_equal(heard_b, 20);
	/* The place is free for another. */
	add_sender(&world.a, "0", 0x1001, extensions);
	talk(20);
	assert_int_equal(heard_b, 40);
}

/* A later answer with another format makes the sender anew: same SSRC, same keys. */
static void a_sender_made_anew_repeats_no_key_stream(void **state)
{
	(void)state;
	open_world(50, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(20);
	uint16_t next = world.a.core->senders[world.a.sender].sequence;
	peer_remove_sender(world.a.core, world.a.sender, sim_now(world.network));
	add_sender(&world.a, "0", 0x1000, extensions);
	assert_int_equal(world.a.core->senders[world.a.sender].sequence, next);
	talk(20);
	assert_int_equal(heard_b, 40);
	assert_int_equal(stats_of(&world.a).srtp_out.replayed, 0);
	assert_int_equal(stats_of(&world.b).srtp_in.replayed, 0);
}

static void tells_the_other_side_when_it_closes(void **state)
{
	(void)state;
	open_world(51, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(20);
	peer_close(world.a.core, sim_now(world.network));
	run_for(100 * MS);
	assert_int_equal(world.a.state, PEER_CLOSED);
	assert_int_equal(world.b.bye, 0x1000);
	assert_int_equal(world.b.state, PEER_FAILED);
	assert_string_equal(world.b.reason, "DTLS: the peer closed the connection");
	uint32_t sent = stats_of(&world.a).datagrams_out;
	talk(20);
	assert_int_equal(stats_of(&world.a).datagrams_out, sent);
}

static void stops_sending_when_consent_is_gone(void **state)
{
	(void)state;
	open_world(52, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(50);
	sim_set_weather(world.network, (sim_weather){.loss = 1000});
	talk(1200);
	assert_true(world.a.states & 1u << PEER_DISCONNECTED);
	uint32_t sent = stats_of(&world.a).rtp_out;
	talk(1000);
	assert_int_equal(world.a.state, PEER_FAILED);
	assert_string_equal(world.a.reason, "ICE: the path to the peer is lost");
	/* RFC 7675: within 30 s nothing more is sent. */
	sent = stats_of(&world.a).rtp_out;
	uint32_t datagrams = stats_of(&world.a).datagrams_out;
	talk(100);
	assert_int_equal(stats_of(&world.a).rtp_out, sent);
	assert_int_equal(stats_of(&world.a).datagrams_out, datagrams);
	assert_true(stats_of(&world.a).dropped_unsendable >= 100);
}

static void comes_back_from_a_short_silence(void **state)
{
	(void)state;
	open_world(53, (sim_weather){.delay = 10 * MS});
	add_media();
	connect_within(5 * SECOND);
	talk(50);
	sim_set_weather(world.network, (sim_weather){.loss = 1000});
	talk(500);
	sim_set_weather(world.network, (sim_weather){.delay = 10 * MS});
	talk(500);
	assert_int_equal(world.a.state, PEER_CONNECTED);
	heard_b = 0;
	talk(50);
	assert_int_equal(heard_b, 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(connects_without_a_lost_round_trip, close_world),
		cmocka_unit_test_teardown(connects_when_the_answer_comes_late, close_world),
		cmocka_unit_test_teardown(connects_as_dtls_client, close_world),
		cmocka_unit_test_teardown(connects_through_loss, close_world),
		cmocka_unit_test_teardown(refuses_a_second_description, close_world),
		cmocka_unit_test_teardown(fails_without_a_path, close_world),
		cmocka_unit_test_teardown(carries_media_both_ways_and_counts_it, close_world),
		cmocka_unit_test_teardown(allocates_nothing_while_media_flows, close_world),
		cmocka_unit_test_teardown(reports_loss_to_the_other_side, close_world),
		cmocka_unit_test_teardown(speaks_nothing_stale_when_connected, close_world),
		cmocka_unit_test_teardown(sends_again_what_is_asked_for, close_world),
		cmocka_unit_test_teardown(finds_the_receiver_by_mid, close_world),
		cmocka_unit_test_teardown(finds_the_only_receiver_of_a_payload_type, close_world),
		cmocka_unit_test_teardown(counts_streams_that_nobody_wants, close_world),
		cmocka_unit_test_teardown(refuses_too_many_and_doubles, close_world),
		cmocka_unit_test_teardown(counts_audio_that_nobody_takes, close_world),
		cmocka_unit_test_teardown(never_takes_media_from_a_wrong_fingerprint, close_world),
		cmocka_unit_test_teardown(a_wrong_server_gets_no_media, close_world),
		cmocka_unit_test_teardown(drops_media_before_keys, close_world),
		cmocka_unit_test_teardown(takes_media_only_from_its_path_and_only_once, close_world),
		cmocka_unit_test_teardown(survives_damaged_datagrams, close_world),
		cmocka_unit_test_teardown(says_bye_for_a_removed_sender, close_world),
		cmocka_unit_test_teardown(a_sender_made_anew_repeats_no_key_stream, close_world),
		cmocka_unit_test_teardown(tells_the_other_side_when_it_closes, close_world),
		cmocka_unit_test_teardown(stops_sending_when_consent_is_gone, close_world),
		cmocka_unit_test_teardown(comes_back_from_a_short_silence, close_world),
	};

	memory_settle();
	return cmocka_run_group_tests(tests, make_identities, NULL);
}
