/* The jitter buffer against schedules of arrivals: what plays, in what order, how late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "audio/jitter.h"
#include "bounds.h"
#include "port.h"

#define FRAME 960
#define MS 1000

typedef struct {
	jitter_buffer *jitter;
	uint64_t now;
	jitter_frame frame;
} fixture;

static fixture start(uint32_t target_ms)
{
	fixture fixture = {.jitter = jitter_create(target_ms), .now = 1000000};

	assert_non_null(fixture.jitter);
	return fixture;
}

/* Puts frame `number` of a 20 ms stream; its payload is its number. */
static void put(fixture *on, uint32_t number)
{
	uint8_t payload[60];

	memset(payload, (int)number, sizeof payload);
	jitter_put(on->jitter, (uint16_t)number, number * FRAME, FRAME, payload, sizeof payload,
			   on->now);
}

static jitter_result get(fixture *on)
{
	return jitter_get(on->jitter, &on->frame, on->now);
}

static void expect_packet(fixture *on, uint32_t number)
{
	assert_int_equal(get(on), JITTER_PACKET);
	assert_int_equal(on->frame.payload[0], (uint8_t)number);
	on->now += on->frame.duration / 48 * MS;
}

static void expect_lost(fixture *on)
{
	assert_int_equal(get(on), JITTER_LOST);
	on->now += on->frame.duration / 48 * MS;
}

static jitter_stats stats(fixture *on)
{
	jitter_stats stats;

	jitter_get_stats(on->jitter, &stats);
	return stats;
}

static void waits_for_the_target_or_its_time(void **state)
{
	fixture on = start(60);

	(void)state;
	assert_int_equal(get(&on), JITTER_EMPTY);
	put(&on, 1);
	put(&on, 2);
	assert_int_equal(get(&on), JITTER_EMPTY);
	put(&on, 3);
	expect_packet(&on, 1);
	jitter_free(on.jitter);

	on = start(60);
	put(&on, 1);
	on.now += 59 * MS;
	assert_int_equal(get(&on), JITTER_EMPTY);
	on.now += 1 * MS;
	expect_packet(&on, 1);
	jitter_free(on.jitter);
}

static void reordering_within_the_delay_is_lossless(void **state)
{
	static const uint32_t order[] = {65533, 65534, 65535, 65538, 65537, 65536, 65540, 65539, 65541};
	fixture on = start(60);
	uint32_t next = 65533;

	(void)state;
	for (size_t i = 0; i < 9; i++) { /* across the wrap of sequence numbers */
		put(&on, order[i]);
		if (i >= 2)
			expect_packet(&on, next++);
		else
			on.now += 20 * MS;
	}
	assert_int_equal(stats(&on).lost, 0);
	assert_int_equal(stats(&on).late, 0);
	assert_int_equal(stats(&on).accepted, 9);
	jitter_free(on.jitter);
}

static void the_first_packets_may_come_in_any_order(void **state)
{
	fixture on = start(60);

	(void)state;
	put(&on, 12);
	put(&on, 11);
	put(&on, 10);
	put(&on, 13);
	for (uint32_t i = 10; i < 14; i++)
		expect_packet(&on, i);
	jitter_free(on.jitter);
}

static void a_gap_is_concealed_and_the_late_packet_dropped(void **state)
{
	fixture on = start(60);

	(void)state;
	put(&on, 1);
	put(&on, 2);
	put(&on, 4);
	put(&on, 5);
	expect_packet(&on, 1);
	expect_packet(&on, 2);
	expect_lost(&on);
	assert_int_equal(on.frame.duration, FRAME);
	put(&on, 3);
	expect_packet(&on, 4);
	expect_packet(&on, 5);
	assert_int_equal(stats(&on).lost, 1);
	assert_int_equal(stats(&on).late, 1);
	jitter_free(on.jitter);
}

static void duplicates_are_dropped(void **state)
{
	fixture on = start(40);

	(void)state;
	put(&on, 1);
	put(&on, 2);
	put(&on, 2);
	put(&on, 1);
	expect_packet(&on, 1);
	put(&on, 1); /* played already */
	expect_packet(&on, 2);
	assert_int_equal(stats(&on).duplicate, 2);
	assert_int_equal(stats(&on).late, 1);
	jitter_free(on.jitter);
}

static void a_drained_buffer_conceals_stops_and_fills_again(void **state)
{
	fixture on = start(60);
	int concealed = 0;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++)
		put(&on, i);
	for (uint32_t i = 1; i <= 3; i++)
		expect_packet(&on, i);
	while (get(&on) == JITTER_LOST && concealed < 100)
		concealed++;
	assert_int_equal(concealed, 4);
	assert_int_equal(get(&on), JITTER_EMPTY);
	on.now += 2000 * MS;
	put(&on, 4);
	assert_int_equal(get(&on), JITTER_EMPTY); /* the delay again */
	put(&on, 5);
	put(&on, 6);
	expect_packet(&on, 4);
	assert_int_equal(stats(&on).lost, 0);
	jitter_free(on.jitter);
}

/* Late packets that were concealed while nothing else was there still play: sound over delay. */
static void an_underrun_grows_the_delay(void **state)
{
	fixture on = start(40);

	(void)state;
	put(&on, 1);
	put(&on, 2);
	expect_packet(&on, 1);
	expect_packet(&on, 2);
	expect_lost(&on);
	expect_lost(&on);
	for (uint32_t i = 3; i <= 6; i++)
		put(&on, i);
	for (uint32_t i = 3; i <= 6; i++)
		expect_packet(&on, i);
	assert_int_equal(stats(&on).lost, 0);
	jitter_free(on.jitter);
}

/* After an underrun, what has already been concealed is not concealed a second time. */
static void a_loss_during_an_underrun_is_concealed_once(void **state)
{
	fixture on = start(40);

	(void)state;
	put(&on, 1);
	put(&on, 2);
	expect_packet(&on, 1);
	expect_packet(&on, 2);
	expect_lost(&on); /* 3 is lost, 4 is late */
	put(&on, 4);
	expect_packet(&on, 4);
	assert_int_equal(stats(&on).lost, 1);
	jitter_free(on.jitter);
}

/* A DTX sender stops, refreshes its noise after 400 ms, and talks on: pauses keep their length. */
static void a_pause_keeps_its_length(void **state)
{
	static const uint8_t silence = 0;
	fixture on = start(60);
	int concealed = 0;

	(void)state;
	put(&on, 1);
	put(&on, 2);
	put(&on, 3);
	expect_packet(&on, 1);
	jitter_put(on.jitter, 4, 4 * FRAME, FRAME, &silence, 1, on.now);
	expect_packet(&on, 2);
	expect_packet(&on, 3);
	expect_packet(&on, 0); /* 4 */
	/* 5 is sent 20 frames after 4, and is here 60 ms before its time like all before */
	for (int i = 0; i < 17; i++, concealed++)
		expect_lost(&on);
	jitter_put(on.jitter, 5, 24 * FRAME, FRAME, (const uint8_t *)"\5\5\5", 3, on.now);
	while (get(&on) == JITTER_LOST && concealed < 100)
		concealed++;
	assert_int_equal(concealed, 19);
	assert_int_equal(on.frame.payload[0], 5);
	assert_int_equal(stats(&on).lost, 0);
	jitter_free(on.jitter);
}

/* When enough waits behind a pause, the pause is cut: a delay that has grown shrinks there. */
static void a_pause_is_cut_when_enough_waits(void **state)
{
	fixture on = start(60);

	(void)state;
	put(&on, 1);
	on.now += 60 * MS;
	expect_packet(&on, 1);
	for (uint16_t i = 2; i < 5; i++)
		jitter_put(on.jitter, i, (i + 20) * FRAME, FRAME, (const uint8_t *)"x", 1, on.now);
	expect_packet(&on, 'x');
	jitter_free(on.jitter);
}

/* A sender that changes its frame length: a gap is as long as the timestamps say. */
static void a_gap_is_no_longer_than_it_was(void **state)
{
	fixture on = start(60);

	(void)state;
	jitter_put(on.jitter, 1, 0, 3 * FRAME, (const uint8_t *)"a", 1, on.now);
	jitter_put(on.jitter, 3, 4 * FRAME, FRAME, (const uint8_t *)"c", 1, on.now);
	expect_packet(&on, 'a');
	expect_lost(&on);
	assert_int_equal(on.frame.duration, FRAME);
	expect_packet(&on, 'c');
	jitter_free(on.jitter);
}

/* A sender that sets its clock by a few samples does not make us conceal. */
static void a_small_step_of_timestamps_is_ignored(void **state)
{
	fixture on = start(60);

	(void)state;
	put(&on, 1);
	on.now += 60 * MS;
	expect_packet(&on, 1);
	jitter_put(on.jitter, 2, 2 * FRAME + 48, FRAME, (const uint8_t *)"x", 1, on.now);
	expect_packet(&on, 'x');
	jitter_free(on.jitter);
}

static void other_frame_lengths(void **state)
{
	static const uint32_t lengths_ms[] = {10, 40, 60, 120};

	(void)state;
	for (size_t l = 0; l < 4; l++) {
		fixture on = start(60);
		uint32_t duration = lengths_ms[l] * 48;
		uint8_t payload[4] = {0};

		for (uint16_t i = 0; i < 8; i++) {
			if (i == 6)
				continue;
			payload[0] = (uint8_t)i;
			jitter_put(on.jitter, i, i * duration, duration, payload, sizeof payload, on.now);
		}
		for (uint32_t i = 0; i < 6; i++)
			expect_packet(&on, i);
		expect_lost(&on);
		assert_int_equal(on.frame.duration, duration);
		expect_packet(&on, 7);
		assert_int_equal(stats(&on).lost, 1);
		jitter_free(on.jitter);
	}
}

static void a_burst_is_played_away(void **state)
{
	fixture on = start(60);
	uint32_t next = 1, shortened = 0, depth = 0;

	(void)state;
	for (uint32_t i = 0; i < 15; i++) /* 300 ms at once */
		put(&on, next++);
	for (uint32_t i = 0; i < 300; i++) {
		assert_int_equal(get(&on), JITTER_PACKET);
		shortened += on.frame.shorten;
		on.now += on.frame.shorten ? 10 * MS : 20 * MS;
		/* the sender sends one each 20 ms, however fast we play */
		while (next * 20 * MS + 1000000 - 300 * MS <= on.now)
			put(&on, next++);
		depth = stats(&on).depth;
	}
	assert_in_range(shortened, 18, 28); /* about 240 ms in halves of 20 */
	assert_in_range(depth, 2, 4);
	assert_int_equal(stats(&on).lost + stats(&on).overflow, 0);
	jitter_free(on.jitter);
}

/* A minute with a sender whose clock is off, over a network that delays by up to 30 ms. */
static void follows_the_senders_clock(void **state)
{
	static const uint64_t intervals[] = {19900, 20000, 20100}; /* microseconds; half a percent */

	(void)state;
	for (size_t c = 0; c < 3; c++) {
		fixture on = start(60);
		uint64_t play_at = 1000000;
		uint32_t sent = 0, shortened = 0, concealed = 0, deepest = 0, seed = 9;
		uint64_t arrivals[4000];

		for (size_t i = 0; i < 4000; i++) {
			seed = seed * 1664525 + 1013904223;
			arrivals[i] = 1000000 + i * intervals[c] + (seed >> 8) % 30000;
		}
		while (play_at < 61000000) {
			for (; sent < 4000 && arrivals[sent] <= play_at; sent++) {
				on.now = arrivals[sent];
				put(&on, sent);
			}
			on.now = play_at;
			jitter_result result = get(&on);
			play_at += 20 * MS;
			if (result == JITTER_PACKET && on.frame.shorten) {
				shortened++;
				play_at -= 10 * MS;
			}
			concealed += result == JITTER_LOST;
			if (stats(&on).depth > deepest)
				deepest = stats(&on).depth;
		}
		/* half a percent of 3000 frames is 15 */
		assert_in_range(deepest, 2, 6);
		assert_int_equal(stats(&on).lost + stats(&on).late + stats(&on).overflow, 0);
		assert_in_range(concealed, 0, intervals[c] > 20000 ? 20 : 2);
		assert_in_range(shortened, intervals[c] < 20000 ? 15 : 0, intervals[c] < 20000 ? 40 : 2);
		jitter_free(on.jitter);
	}
}

static void a_steady_stream_is_left_alone(void **state)
{
	fixture on = start(60);

	(void)state;
	put(&on, 1);
	put(&on, 2);
	for (uint32_t i = 1; i < 500; i++) {
		put(&on, i + 2);
		expect_packet(&on, i);
		assert_false(on.frame.shorten);
	}
	jitter_free(on.jitter);
}

static void overflow_drops_the_oldest(void **state)
{
	fixture on = start(60);

	(void)state;
	for (uint32_t i = 1; i <= 40; i++)
		put(&on, i);
	assert_int_equal(stats(&on).overflow, 8);
	assert_int_equal(stats(&on).depth, JITTER_SLOTS);
	expect_packet(&on, 9);
	for (uint32_t i = 41; i <= 50; i++)
		put(&on, i);
	assert_int_equal(stats(&on).overflow, 17);
	expect_packet(&on, 19); /* at once, without concealing what was dropped */
	jitter_free(on.jitter);
}

static void large_packets_share_the_memory(void **state)
{
	enum { BLOCKS = (JITTER_PACKET_MAX + 95) / 96, ROOM = JITTER_BLOCKS / BLOCKS };
	fixture on = start(10 * ROOM); /* which the packets that there is room for fill */
	uint8_t payload[JITTER_PACKET_MAX + 1];

	(void)state;
	for (uint16_t i = 0; i < 8; i++) {
		for (size_t j = 0; j < sizeof payload; j++)
			payload[j] = (uint8_t)(i * 31 + j);
		jitter_put(on.jitter, i, i * FRAME, FRAME, payload, JITTER_PACKET_MAX, on.now);
	}
	jitter_put(on.jitter, 8, 8 * FRAME, FRAME, payload, JITTER_PACKET_MAX + 1, on.now);
	/* each takes BLOCKS blocks of 96 bytes; the newest are there, whole */
	assert_int_equal(stats(&on).overflow, 8 - ROOM + 1);
	for (uint16_t i = 8 - ROOM; i < 8; i++) {
		assert_int_equal(get(&on), JITTER_PACKET);
		assert_int_equal(on.frame.length, JITTER_PACKET_MAX);
		for (size_t j = 0; j < JITTER_PACKET_MAX; j++)
			assert_int_equal(on.frame.payload[j], (uint8_t)(i * 31 + j));
	}
	jitter_free(on.jitter);
}

static void a_stray_sequence_is_ignored_two_restart(void **state)
{
	fixture on = start(20);

	(void)state;
	put(&on, 100);
	put(&on, 40000);
	expect_packet(&on, 100);
	put(&on, 101);
	expect_packet(&on, 101);
	put(&on, 20001);
	put(&on, 20002);
	put(&on, 20003);
	expect_packet(&on, 20002);
	expect_packet(&on, 20003);
	assert_int_equal(stats(&on).resyncs, 1);
	assert_int_equal(stats(&on).late, 2);
	jitter_free(on.jitter);
}

static void what_a_restart_drops_is_counted(void **state)
{
	fixture on = start(60);

	(void)state;
	put(&on, 1);
	put(&on, 2);
	put(&on, 20000); /* late, until the next one confirms it */
	put(&on, 20001);
	assert_int_equal(stats(&on).depth, 1);
	assert_int_equal(stats(&on).late, 1);
	assert_int_equal(stats(&on).overflow, 2);
	jitter_free(on.jitter);
}

static void a_timestamp_jump_does_not_stall(void **state)
{
	fixture on = start(20);
	uint8_t payload = 7;

	(void)state;
	put(&on, 1);
	jitter_put(on.jitter, 2, 0x80000000, FRAME, &payload, 1, on.now);
	jitter_put(on.jitter, 3, 0x80000000 + FRAME, FRAME, &payload, 1, on.now);
	expect_packet(&on, 1);
	expect_packet(&on, 7);
	expect_packet(&on, 7);
	assert_int_equal(stats(&on).resyncs, 1);
	jitter_free(on.jitter);
}

/* Anything at all may come: no crash, no endless concealment, no block is lost. */
static void survives_noise(void **state)
{
	size_t before = port_memory_of(PORT_AUDIO).current;
	fixture on = start(60);
	uint32_t seed = 3;
	uint16_t sequence = 0;

	(void)state;
	for (int round = 0; round < 300000; round++) {
		uint8_t payload[1500] = {0};

		seed = seed * 1664525 + 1013904223;
		uint16_t sequence =
			(uint16_t)(round % 1000 ? (uint32_t)round / 2 + (seed >> 27) : seed >> 8);
		uint32_t timestamp = round % 777 ? sequence * 960u : seed;
		jitter_put(on.jitter, sequence, timestamp, (seed >> 5) % 5761, payload,
				   (seed >> 20) % sizeof payload, on.now);
		if (seed >> 31)
			get(&on);
		on.now += (seed >> 16) % 20000;
	}
	assert_true(stats(&on).depth <= JITTER_SLOTS);
	for (int i = 0; get(&on) != JITTER_EMPTY; i++) {
		assert_true(i < 1000);
		on.now += 20 * MS;
	}
	assert_int_equal(stats(&on).depth, 0);
	/* all memory is free again: a new sequence (its first packet is taken for a stray) fits */
	for (uint32_t i = 0; i < 33; i++) {
		static const uint8_t payload[192]; /* two blocks */

		jitter_put(on.jitter, (uint16_t)(sequence + 20000 + i), i * FRAME, FRAME, payload,
				   sizeof payload, on.now);
	}
	assert_int_equal(stats(&on).depth, JITTER_BLOCKS / 2);
	jitter_free(on.jitter);
	assert_int_equal(port_memory_of(PORT_AUDIO).current, before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_the_target_or_its_time),
		cmocka_unit_test(reordering_within_the_delay_is_lossless),
		cmocka_unit_test(the_first_packets_may_come_in_any_order),
		cmocka_unit_test(a_gap_is_concealed_and_the_late_packet_dropped),
		cmocka_unit_test(duplicates_are_dropped),
		cmocka_unit_test(a_drained_buffer_conceals_stops_and_fills_again),
		cmocka_unit_test(an_underrun_grows_the_delay),
		cmocka_unit_test(a_loss_during_an_underrun_is_concealed_once),
		cmocka_unit_test(a_pause_keeps_its_length),
		cmocka_unit_test(a_pause_is_cut_when_enough_waits),
		cmocka_unit_test(a_gap_is_no_longer_than_it_was),
		cmocka_unit_test(a_small_step_of_timestamps_is_ignored),
		cmocka_unit_test(other_frame_lengths),
		cmocka_unit_test(a_burst_is_played_away),
		cmocka_unit_test(follows_the_senders_clock),
		cmocka_unit_test(a_steady_stream_is_left_alone),
		cmocka_unit_test(overflow_drops_the_oldest),
		cmocka_unit_test(large_packets_share_the_memory),
		cmocka_unit_test(a_stray_sequence_is_ignored_two_restart),
		cmocka_unit_test(what_a_restart_drops_is_counted),
		cmocka_unit_test(a_timestamp_jump_does_not_stall),
		cmocka_unit_test(survives_noise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
