/* Two peers on a simulated network: how they meet, what media they take from whom, how they part.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/engine.h"
#include "peer.h"
#include "peer_private.h"
#include "port.h"
#include "sim/ice_pair.h"

#define MS 1000
#define SECOND 1000000
#define FRAME (20 * MS)
#define PAYLOAD_TYPE 111

static const rtp_extensions extensions = {.audio_level = 1, .mid = 4};

/* ---- A peer with an address, one stream out and one in ---- */

typedef struct {
	peer *core;
	int endpoint;
	net_address address;
	packet_ring *source, *sink;
	int sender, receiver;
	uint32_t frames; /* given to the source */
	/* Told by events: */
	uint32_t states; /* bit n: state n has been reported */
	peer_state state;
	const char *reason;
	uint64_t connected_at, first_out, first_in;
	uint32_t bye;
	int opened, messages; /* data channels */
	size_t data_bytes;
} side;

static struct {
	crypto_identity identity[2];
	uint8_t fingerprint[2][32];
	sim_network *network;
	side a, b;
	uint64_t start;
} world;

static int make_identities(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		if (crypto_identity_generate(&world.identity[i]) != 0 ||
			crypto_identity_fingerprint(&world.identity[i], world.fingerprint[i]) != 0)
			return -1;
	return 0;
}

static void drive_input(void *object, int socket, const net_address *from, uint8_t *bytes,
						size_t length, uint64_t now)
{
	peer_input(object, socket, from, bytes, length, now);
}

static uint64_t drive_timeout(const void *object)
{
	return peer_timeout(object);
}

static void drive_handle_timeout(void *object, uint64_t now)
{
	peer_handle_timeout(object, now);
}

static bool drive_poll(void *object, ice_datagram *out)
{
	return peer_poll_datagram(object, out);
}

static const sim_driver driver = {drive_input, drive_timeout, drive_handle_timeout, drive_poll};

static void take_events(side *self)
{
	peer_event event;

	while (peer_poll_event(self->core, &event)) {
		if (event.type == PEER_EVENT_STATE) {
			self->state = event.state;
			self->states |= 1u << event.state;
			if (event.state == PEER_CONNECTED)
				self->connected_at = event.at;
			if (event.state == PEER_FAILED)
				self->reason = event.reason;
		} else if (event.type == PEER_EVENT_FIRST_PACKET_OUT) {
			assert_int_equal(self->first_out, 0);
			self->first_out = event.at;
		} else if (event.type == PEER_EVENT_FIRST_PACKET_IN) {
			assert_int_equal(self->first_in, 0);
			self->first_in = event.at;
		} else if (event.type == PEER_EVENT_BYE) {
			self->bye = event.ssrc;
		} else if (event.type == PEER_EVENT_DATA) {
			self->opened += event.data.type == DCEP_EVENT_OPEN;
			self->messages += event.data.type == DCEP_EVENT_MESSAGE;
			self->data_bytes += event.data.length;
			port_free(event.data.bytes);
		}
	}
}

static bool both_connected(void *unused)
{
	(void)unused;
	take_events(&world.a);
	take_events(&world.b);
	return world.a.state == PEER_CONNECTED && world.b.state == PEER_CONNECTED;
}

static void run_for(uint64_t microseconds)
{
	sim_run(world.network, sim_now(world.network) + microseconds, NULL, NULL);
	take_events(&world.a);
	take_events(&world.b);
}

static peer_stats stats_of(const side *self)
{
	peer_stats stats;

	peer_get_stats(self->core, &stats);
	return stats;
}

static void open_side(side *self, int number, bool controlling)
{
	peer_config config = {
		.controlling = controlling,
		.identity = &world.identity[number],
		.ice = {.controlling = controlling},
		.data = {.send_buffer = 100000, .receive_buffer = 100000, .max_message = 65535},
	};

	*self = (side){.sender = -1, .receiver = -1};
	self->address = sim_ipv4(10, 0, 0, (uint8_t)(number + 1), 5000);
	self->core = peer_create(&config, sim_now(world.network));
	assert_non_null(self->core);
	self->endpoint = sim_add(world.network, &driver, self->core);
	sim_bind(world.network, self->endpoint, 0, &self->address);
	assert_non_null(ice_agent_add_local(peer_ice(self->core), 0, &self->address));
	self->source = ring_create(4096, PORT_INTERNAL, PORT_AUDIO);
	self->sink = ring_create(8192, PORT_INTERNAL, PORT_AUDIO);
	assert_true(self->source && self->sink);
}

static void open_world(uint64_t seed, sim_weather weather)
{
	world.network = sim_create(seed, weather);
	world.start = sim_now(world.network);
	open_side(&world.a, 0, true);
	open_side(&world.b, 1, false);
}

static void close_side(side *self)
{
	peer_free(self->core);
	ring_free(self->source);
	ring_free(self->sink);
}

/* Ends each test, also one that failed. */
static int close_world(void **state)
{
	(void)state;
	close_side(&world.a);
	close_side(&world.b);
	sim_free(world.network);
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		if (i != PORT_STREAM && i != PORT_BINDING)
			assert_int_equal(port_memory_of((port_subsystem)i).current, 0);
	return 0;
}

static void signal_to(side *to, const side *from, const uint8_t fingerprint[32], peer_setup setup)
{
	uint64_t now = sim_now(world.network);
	peer_remote remote = {
		.ufrag = ice_agent_local_ufrag(peer_ice(from->core)),
		.pwd = ice_agent_local_pwd(peer_ice(from->core)),
		.setup = setup,
	};
	ice_candidate candidate = {
		.type = ICE_HOST,
		.address = from->address,
		.priority = 2130706431,
		.foundation = "1",
	};

	memcpy(remote.fingerprint, fingerprint, 32);
	assert_int_equal(peer_set_remote(to->core, &remote, now), 0);
	ice_agent_add_remote(peer_ice(to->core), &candidate, now);
}

/* We offer actpass and are answered "active", as by livekit-server: `a` is the DTLS server. */
static void signal_both(void)
{
	signal_to(&world.b, &world.a, world.fingerprint[0], PEER_SETUP_ACTPASS);
	signal_to(&world.a, &world.b, world.fingerprint[1], PEER_SETUP_ACTIVE);
}

static void connect_within(uint64_t most)
{
	signal_both();
	if (!sim_run(world.network, sim_now(world.network) + most, both_connected, NULL))
		fail_msg("not connected in time: a %d, b %d", world.a.state, world.b.state);
}

/* ---- Media ---- */

static void add_sender(side *self, const char *mid, uint32_t ssrc, rtp_extensions ids)
{
	peer_sender_config config = {
		.ssrc = ssrc,
		.payload_type = PAYLOAD_TYPE,
		.extensions = ids,
		.cname = "cname",
		.source = self->source,
	};

	strcpy(config.mid, mid);
	self->sender = peer_add_sender(self->core, &config);
	assert_true(self->sender >= 0);
}

static int add_receiver(side *self, const char *mid, uint32_t ssrc, packet_ring *sink)
{
	peer_receiver_config config = {
		.ssrc = ssrc,
		.payload_type = PAYLOAD_TYPE,
		.extensions = extensions,
		.sink = sink,
	};

	strcpy(config.mid, mid);
	return peer_add_receiver(self->core, &config);
}

static void speak(side *self)
{
	uint8_t payload[40];
	audio_uplink_head head = {
		.timestamp = self->frames * AUDIO_RTP_FRAME,
		.level = 30,
		.voice = true,
		.marker = self->frames == 0,
	};

	memset(payload, (int)self->frames, sizeof(payload));
	self->frames++;
	ring_write(self->source, &head, sizeof(head), payload, sizeof(payload));
	peer_pump(self->core, sim_now(world.network));
}

/* Takes what has arrived; its number. Every payload must be whole. */
static uint32_t hear(packet_ring *sink)
{
	audio_downlink_head head;
	uint8_t payload[200];
	size_t length;
	uint32_t count = 0;

	while (ring_read(sink, &head, sizeof(head), payload, sizeof(payload), &length)) {
		assert_int_equal(length, 40);
		for (size_t i = 1; i < length; i++)
			assert_int_equal(payload[i], payload[0]);
		count++;
	}
	return count;
}

static uint32_t heard_a, heard_b;

/* Both speak for so many frames. */
static void talk(int frames)
{
	for (int i = 0; i < frames; i++) {
		if (world.a.sender >= 0)
			speak(&world.a);
		if (world.b.sender >= 0)
			speak(&world.b);
		run_for(FRAME);
		heard_a += hear(world.a.sink);
		heard_b += hear(world.b.sink);
	}
}

static void add_media(void)
{
	heard_a = heard_b = 0;
	add_sender(&world.a, "0", 0x1000, extensions);
	add_sender(&world.b, "1", 0x2000, extensions);
	assert_int_equal(add_receiver(&world.a, "1", 0, world.a.sink), 0);
	assert_int_equal(add_receiver(&world.b, "0", 0x1000, world.b.sink), 0);
}

static uint32_t all_allocations(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		sum += port_memory_of((port_subsystem)i).allocations;
	return sum;
}

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

static void carries_data_beside_media(void **state)
{
	static const uint8_t bytes[60000];
	const dcep_options reliable = {.label = "_reliable"};
	const dcep_options lossy = {
		.label = "_lossy", .unordered = true, .reliability = SCTP_MAX_RETRANSMITS};

	(void)state;
	open_world(54, (sim_weather){.delay = 10 * MS, .loss = 50});
	add_media();
	assert_int_equal(peer_open_channel(world.a.core, &reliable, world.start), 0);
	assert_int_equal(peer_open_channel(world.a.core, &lossy, world.start), 1);
	connect_within(10 * SECOND);
	for (int i = 0; i < 100; i++)
		run_for(50 * MS);
	assert_int_equal(world.a.opened, 2);
	assert_int_equal(world.b.opened, 2);
	size_t sent = 0;

	for (int i = 0; i < 100; i++) {
		size_t length = 1 + (size_t)i * 7919 % sizeof bytes;

		while (peer_send(world.a.core, 0, bytes, length, false, sim_now(world.network)) !=
			   SCTP_SENT)
			run_for(20 * MS);
		sent += length;
	}
	for (int i = 0; i < 100 && world.b.messages < 100; i++)
		run_for(100 * MS);
	assert_int_equal(world.b.messages, 100);
	assert_int_equal(world.b.data_bytes, sent);
	peer_close(world.a.core, sim_now(world.network));
	assert_int_equal(peer_send(world.a.core, 0, bytes, 1, false, sim_now(world.network)),
					 SCTP_NOT_OPEN);
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
		cmocka_unit_test_teardown(carries_data_beside_media, close_world),
	};

	return cmocka_run_group_tests(tests, make_identities, NULL);
}
