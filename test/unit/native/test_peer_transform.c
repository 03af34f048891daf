/* What frames go through between codec and RTP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "peer_world.h"

#define TRAILER 30 /* bytes: as much as LiveKit's encryption adds to a frame of sound */

/* The other side's sender and receiver know each frame by these. */
typedef struct {
	uint32_t ssrc, last_timestamp, frames;
	uint8_t mask;
	bool refuses, empties, grows_too_much;
} secret;

/* No two are alike, as the bytes of what nobody has hidden are here. */
static uint8_t trailer_at(const transform_frame *frame, size_t i)
{
	return (uint8_t)(frame->timestamp + i);
}

/* No secret at all, but like one: every byte is another, and a trailer says how. */
static bool hide(void *context, transform_frame *frame)
{
	secret *secret = context;

	assert_int_equal(frame->room, AUDIO_PACKET_MAX + TRANSFORM_GROWTH_MAX);
	assert_true(secret->frames == 0 || frame->timestamp - secret->last_timestamp >= 960);
	secret->ssrc = frame->ssrc;
	secret->last_timestamp = frame->timestamp;
	secret->frames++;
	if (secret->grows_too_much)
		frame->length = frame->room + 1;
	if (secret->empties)
		frame->length = 0;
	if (secret->refuses || secret->grows_too_much || secret->empties)
		return !secret->refuses;
	for (size_t i = 0; i < frame->length; i++)
		frame->bytes[i] ^= secret->mask;
	for (size_t i = 0; i < TRAILER; i++)
		frame->bytes[frame->length + i] = trailer_at(frame, i);
	frame->length += TRAILER;
	return true;
}

static bool show(void *context, transform_frame *frame)
{
	secret *secret = context;

	assert_int_equal(frame->room, frame->length);
	secret->ssrc = frame->ssrc;
	secret->last_timestamp = frame->timestamp;
	secret->frames++;
	if (frame->length < TRAILER)
		return false;
	frame->length -= TRAILER;
	for (size_t i = 0; i < TRAILER; i++)
		if (frame->bytes[frame->length + i] != trailer_at(frame, i))
			return false;
	for (size_t i = 0; i < frame->length; i++)
		frame->bytes[i] ^= secret->mask;
	return true;
}

static void connect_sides(uint64_t seed, sim_weather weather)
{
	open_world(seed, weather);
	add_media();
	connect_within(10 * SECOND);
}

static void frames_are_hidden_on_the_way(void **state)
{
	secret out = {.mask = 0x5a}, in = {.mask = 0x5a};

	(void)state;
	connect_sides(1, (sim_weather){.delay = 10 * MS});
	talk(10);
	peer_transform_sender(world.a.core, world.a.sender, &(frame_transform){hide, &out});
	peer_transform_receiver(world.b.core, 0, &(frame_transform){show, &in});
	uint32_t allocations = all_allocations();
	talk(100);
	run_for(SECOND);
	heard_b += hear(world.b.sink); /* that they are as they were spoken */
	assert_int_equal(heard_b, 110);
	assert_int_equal(all_allocations(), allocations);
	assert_int_equal(out.frames, 100);
	assert_in_range(in.frames, 100, 101); /* what was on its way */
	assert_int_equal(in.ssrc, 0x1000);
	assert_int_equal(in.last_timestamp, out.last_timestamp);
	peer_stats a = stats_of(&world.a), b = stats_of(&world.b);
	assert_int_equal(a.rtp_payload_out, 10 * 40 + 100 * (40 + TRAILER));
	assert_int_equal(a.rtp_payload_in, b.rtp_payload_out); /* the other way nothing has changed */
	assert_int_equal(b.rtp_payload_out, 110 * 40);
	assert_int_equal(a.dropped_transform, 0);

	/* and without them again */
	peer_transform_sender(world.a.core, world.a.sender, NULL);
	peer_transform_receiver(world.b.core, 0, NULL);
	talk(10);
	run_for(100 * MS);
	heard_b += hear(world.b.sink);
	assert_int_equal(heard_b, 120);
	assert_int_equal(out.frames, 100);
}

static void what_is_sent_again_was_hidden_once(void **state)
{
	secret out = {.mask = 1}, in = {.mask = 1};

	(void)state;
	connect_sides(2, (sim_weather){.delay = 10 * MS});
	peer_transform_sender(world.a.core, world.a.sender, &(frame_transform){hide, &out});
	peer_transform_receiver(world.b.core, 0, &(frame_transform){show, &in});
	talk(20);
	media_sender *sender = &world.a.core->senders[world.a.sender];
	peer_ask_again(world.a.core, 0x1000, (uint16_t)(sender->sequence - 5));
	talk(1);
	run_for(100 * MS);
	heard_b += hear(world.b.sink);
	assert_int_equal(stats_of(&world.a).retransmitted, 1);
	assert_int_equal(out.frames, 21);
	assert_int_equal(heard_b, 21); /* SRTP has seen the other one */
}

static void what_a_transform_does_not_want_is_dropped_and_counted(void **state)
{
	secret out = {.mask = 1}, in = {.mask = 1};

	(void)state;
	connect_sides(3, (sim_weather){0});
	peer_transform_sender(world.a.core, world.a.sender, &(frame_transform){hide, &out});
	for (int i = 0; i < 3; i++) {
		out.refuses = i == 0;
		out.empties = i == 1;
		out.grows_too_much = i == 2;
		talk(10);
	}
	assert_int_equal(heard_b, 0);
	assert_int_equal(stats_of(&world.a).dropped_transform, 30);
	assert_int_equal(stats_of(&world.a).rtp_out, 0);

	/* what comes behind those goes at once, and the other side misses nothing */
	out.grows_too_much = false;
	peer_transform_receiver(world.b.core, 0, &(frame_transform){show, &in});
	talk(10);
	run_for(100 * MS);
	heard_b += hear(world.b.sink);
	assert_int_equal(heard_b, 10);
	assert_int_equal(stats_of(&world.b).lost, 0);

	/* what nobody has hidden is not shown */
	peer_transform_sender(world.a.core, world.a.sender, NULL);
	talk(10);
	run_for(100 * MS);
	assert_int_equal(heard_b + hear(world.b.sink), 10);
	assert_int_equal(stats_of(&world.b).dropped_transform, 10);

	/* of those that are not there */
	peer_transform_sender(world.a.core, -1, NULL);
	peer_transform_sender(world.a.core, PEER_SENDERS, NULL);
	peer_transform_receiver(world.a.core, PEER_RECEIVERS, NULL);
	peer_transform_receiver(world.a.core, 7, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(frames_are_hidden_on_the_way, close_world),
		cmocka_unit_test_teardown(what_is_sent_again_was_hidden_once, close_world),
		cmocka_unit_test_teardown(what_a_transform_does_not_want_is_dropped_and_counted,
								  close_world),
	};

	memory_settle();
	return cmocka_run_group_tests(tests, make_identities, NULL);
}
