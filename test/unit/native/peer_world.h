/*
 * Two peers on a simulated network, each with an address, one stream out and one in: what the tests
 * of peers begin with. One file of tests includes it once.
 */
#ifndef LKXS_PEER_WORLD_H
#define LKXS_PEER_WORLD_H

#include <string.h>

#include "audio/engine.h"
#include "memory.h"
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
} side;

static struct {
	/* Looks at every event before the sides do; may be NULL. */
	void (*on_event)(side *self, const peer_event *event);
	crypto_identity identity[2];
	uint8_t fingerprint[2][32];
	sim_network *network;
	side a, b;
	uint64_t start;
} world;

static inline int make_identities(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++)
		if (crypto_identity_generate(&world.identity[i]) != 0 ||
			crypto_identity_fingerprint(&world.identity[i], world.fingerprint[i]) != 0)
			return -1;
	return 0;
}

static inline void drive_input(void *object, int socket, const net_address *from, uint8_t *bytes,
							   size_t length, uint64_t now)
{
	/* As the port does it. */
	peer_input(object, socket, from, memcpy(peer_room(object), bytes, length), length, now);
}

static inline uint64_t drive_timeout(const void *object)
{
	return peer_timeout(object);
}

static inline void drive_handle_timeout(void *object, uint64_t now)
{
	peer_handle_timeout(object, now);
}

static inline bool drive_poll(void *object, ice_datagram *out)
{
	return peer_poll_datagram(object, out);
}

static const sim_driver driver = {drive_input, drive_timeout, drive_handle_timeout, drive_poll};

static inline void take_events(side *self)
{
	peer_event event;

	while (peer_poll_event(self->core, &event)) {
		if (world.on_event)
			world.on_event(self, &event);
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
		}
	}
}

static inline bool both_connected(void *unused)
{
	(void)unused;
	take_events(&world.a);
	take_events(&world.b);
	return world.a.state == PEER_CONNECTED && world.b.state == PEER_CONNECTED;
}

static inline void run_for(uint64_t microseconds)
{
	sim_run(world.network, sim_now(world.network) + microseconds, NULL, NULL);
	take_events(&world.a);
	take_events(&world.b);
}

static inline peer_stats stats_of(const side *self)
{
	peer_stats stats;

	peer_get_stats(self->core, &stats);
	return stats;
}

static inline void open_side(side *self, int number, bool controlling)
{
	peer_config config = {
		.controlling = controlling,
		.identity = &world.identity[number],
		.ice = {.controlling = controlling},
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

static inline void open_world(uint64_t seed, sim_weather weather)
{
	world.network = sim_create(seed, weather);
	world.start = sim_now(world.network);
	open_side(&world.a, 0, true);
	open_side(&world.b, 1, false);
}

static inline void close_side(side *self)
{
	peer_free(self->core);
	ring_free(self->source);
	ring_free(self->sink);
}

/* Ends each test, also one that failed. */
static inline int close_world(void **state)
{
	(void)state;
	close_side(&world.a);
	close_side(&world.b);
	sim_free(world.network);
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		if (i != PORT_STREAM && i != PORT_BINDING)
			assert_int_equal(memory_held((port_subsystem)i), 0);
	return 0;
}

static inline void signal_to(side *to, const side *from, const uint8_t fingerprint[32],
							 peer_setup setup)
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
static inline void signal_both(void)
{
	signal_to(&world.b, &world.a, world.fingerprint[0], PEER_SETUP_ACTPASS);
	signal_to(&world.a, &world.b, world.fingerprint[1], PEER_SETUP_ACTIVE);
}

static inline void connect_within(uint64_t most)
{
	signal_both();
	if (!sim_run(world.network, sim_now(world.network) + most, both_connected, NULL))
		fail_msg("not connected in time: a %d, b %d", world.a.state, world.b.state);
}

/* ---- Media ---- */

static inline void add_sender(side *self, const char *mid, uint32_t ssrc, rtp_extensions ids)
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

static inline int add_receiver(side *self, const char *mid, uint32_t ssrc, packet_ring *sink)
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

static inline void speak(side *self)
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
static inline uint32_t hear(packet_ring *sink)
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
static inline void talk(int frames)
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

static inline void add_media(void)
{
	heard_a = heard_b = 0;
	add_sender(&world.a, "0", 0x1000, extensions);
	add_sender(&world.b, "1", 0x2000, extensions);
	assert_int_equal(add_receiver(&world.a, "1", 0, world.a.sink), 0);
	assert_int_equal(add_receiver(&world.b, "0", 0x1000, world.b.sink), 0);
}

static inline uint32_t all_allocations(void)
{
	uint32_t sum = 0;

	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		sum += port_memory_of((port_subsystem)i).allocations;
	return sum;
}

#endif
