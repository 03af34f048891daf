/* How an association behaves: handshake, bounds, reliability, outages, the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "port.h"
#include "sctp/wire.h"
#include "sim/sctp_pair.h"

static sctp_pair pair;
static uint8_t bytes[SCTP_MESSAGE_MAX];

#define LOG_MAX 4096

/* Messages that end 1 got. */
static struct {
	uint32_t ppid;
	size_t length;
} got[LOG_MAX];
static int got_count;
static int writable, low;

static void on_event(sctp_end *end, const sctp_event *event, uint64_t now)
{
	(void)now;
	if (event->type == SCTP_EVENT_MESSAGE && end == &pair.ends[1]) {
		assert_true(got_count < LOG_MAX);
		got[got_count].ppid = event->ppid;
		got[got_count++].length = event->length;
	}
	writable += event->type == SCTP_EVENT_WRITABLE;
	low += event->type == SCTP_EVENT_BUFFERED_LOW;
	port_free(event->bytes);
}

static void start(uint64_t seed, sim_weather weather, const sctp_config *config)
{
	got_count = writable = low = 0;
	sctp_pair_create(&pair, seed, weather, config);
	pair.ends[0].on_event = pair.ends[1].on_event = on_event;
}

static sctp_send_result send(uint32_t ppid, size_t length, sctp_reliability reliability,
							 uint32_t limit)
{
	const sctp_message message = {.stream = 1,
								  .ppid = ppid,
								  .bytes = bytes,
								  .length = length,
								  .reliability = reliability,
								  .limit = limit};

	return association_send(pair.ends[0].association, &message, sim_now(pair.network));
}

static sctp_stats stats_of(int end)
{
	sctp_stats stats;

	association_get_stats(pair.ends[end].association, &stats);
	return stats;
}

static const sim_weather near = {.delay = 10000};

/* Section 5.2: crossing INITs, each packet of the handshake lost or doubled somewhere. */
static void test_connects_in_any_weather(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 200; seed++) {
		start(seed, (sim_weather){.delay = 10000, .jitter = 20000, .loss = 300, .duplicate = 300},
			  &sctp_pair_config);
		send(1, 10, SCTP_RELIABLE, 0);
		sctp_pair_connect(&pair, seed % 2);
		assert_int_equal(send(2, 10, SCTP_RELIABLE, 0), SCTP_SENT);
		sctp_pair_run(&pair, 30000000);
		assert_int_equal(got_count, 1);
		assert_int_equal(association_state(pair.ends[0].association), SCTP_ESTABLISHED);
		assert_int_equal(association_state(pair.ends[1].association), SCTP_ESTABLISHED);
		sctp_pair_free(&pair);
	}
}

static int init_packets, zero_checksums, good_checksums;

static bool look_at_checksum(void *context, const net_address *from, const net_address *to,
							 const uint8_t *packet, size_t length)
{
	bool zero = bytes_read32(packet + 8) == 0;

	(void)context;
	(void)from;
	(void)to;
	if (packet[12] == CHUNK_INIT || packet[12] == CHUNK_COOKIE_ECHO) {
		init_packets++;
		assert_false(zero);
	}
	zero_checksums += zero;
	good_checksums += !zero && bytes_read32(packet + 8) == sctp_crc32c(packet, length);
	return true;
}

/* RFC 9653: none is spent on a checksum but where the peer's wish may not be known. */
static void test_zero_checksum(void **state)
{
	(void)state;
	init_packets = zero_checksums = good_checksums = 0;
	start(1, near, &sctp_pair_config);
	sim_set_filter(pair.network, look_at_checksum, NULL);
	sctp_pair_connect(&pair, false);
	for (uint32_t i = 0; i < 20; i++)
		send(i, 1000, SCTP_RELIABLE, 0);
	sctp_pair_run(&pair, 1000000);
	assert_int_equal(got_count, 20);
	assert_int_equal(init_packets, 2);
	assert_int_equal(good_checksums, 3); /* those and INIT ACK */
	assert_true(zero_checksums > 20);
	sctp_pair_free(&pair);
}

/* Over the receiver's cap: refused and counted, those around it come. */
static void test_over_the_cap(void **state)
{
	const sctp_config config = {
		.send_buffer = 100000, .receive_buffer = 20000, .max_message = 5000};

	(void)state;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		start(seed, (sim_weather){.delay = 10000, .jitter = 5000, .loss = 100}, &config);
		sctp_pair_connect(&pair, true);
		for (uint32_t round = 0; round < 20; round++) {
			assert_int_equal(send(round * 10, 5000, SCTP_RELIABLE, 0), SCTP_SENT);
			assert_int_equal(send(round * 10 + 1, 5001, SCTP_RELIABLE, 0), SCTP_SENT);
			assert_int_equal(send(round * 10 + 2, 60000, SCTP_RELIABLE, 0), SCTP_SENT);
			assert_int_equal(send(round * 10 + 3, 1, SCTP_RELIABLE, 0), SCTP_SENT);
			sctp_pair_run(&pair, 20000000);
		}
		assert_int_equal(got_count, 40);
		for (int i = 0; i < got_count; i++)
			assert_int_equal(got[i].ppid, i / 2 * 10 + (i % 2 ? 3 : 0));
		assert_int_equal(stats_of(1).refused, 40);
		sctp_pair_free(&pair);
	}
}

/* An owner that does not poll: the peer is held back, nothing is lost, memory stands still. */
static void test_back_pressure(void **state)
{
	const sctp_config config = {
		.send_buffer = 20000, .receive_buffer = 20000, .max_message = 10000};
	uint32_t sent = 0;

	(void)state;
	start(1, near, &config);
	sctp_pair_connect(&pair, true);
	pair.ends[1].undrained = true;
	size_t held = port_memory_of(PORT_SCTP).current;
	uint32_t allocations = port_memory_of(PORT_SCTP).allocations;

	for (int i = 0; i < 2000; i++) {
		sent += send(sent, 1000, SCTP_RELIABLE, 0) == SCTP_SENT;
		sctp_pair_run(&pair, 10000);
	}
	assert_in_range(sent, 30, 50); /* both buffers full */
	assert_int_equal(association_state(pair.ends[0].association), SCTP_ESTABLISHED);
	assert_int_equal(port_memory_of(PORT_SCTP).current, held);
	assert_int_equal(port_memory_of(PORT_SCTP).allocations, allocations);
	writable = 0;
	assert_int_equal(send(0, 1000, SCTP_RELIABLE, 0), SCTP_FULL);
	pair.ends[1].undrained = false;
	sctp_end_drain(&pair.ends[1], sim_now(pair.network));
	sctp_pair_run(&pair, 10000000);
	assert_int_equal(got_count, sent);
	assert_int_equal(writable, 1);
	for (uint32_t i = 0; i < sent; i++)
		assert_int_equal(got[i].ppid, i);
	sctp_pair_free(&pair);
}

static void test_refuses_what_cannot_be_sent(void **state)
{
	const sctp_config config = {
		.send_buffer = 10000, .receive_buffer = 10000, .max_message = 10000};
	sctp_message message = {.stream = SCTP_STREAMS, .bytes = bytes, .length = 1};

	(void)state;
	start(1, near, &config);
	assert_int_equal(send(1, 10, SCTP_RELIABLE, 0), SCTP_NOT_OPEN);
	sctp_pair_connect(&pair, true);
	assert_int_equal(send(1, 0, SCTP_RELIABLE, 0), SCTP_NOT_OPEN);
	assert_int_equal(send(1, 15000, SCTP_RELIABLE, 0), SCTP_TOO_LARGE);
	assert_int_equal(send(1, SCTP_MESSAGE_MAX + 1, SCTP_RELIABLE, 0), SCTP_TOO_LARGE);
	assert_int_equal(association_send(pair.ends[0].association, &message, SIM_START),
					 SCTP_NOT_OPEN);
	association_abort(pair.ends[0].association, sim_now(pair.network));
	assert_int_equal(send(1, 10, SCTP_RELIABLE, 0), SCTP_NOT_OPEN);
	sctp_pair_run(&pair, 100000);
	assert_true(pair.ends[1].closed);
	assert_non_null(pair.ends[1].reason);
	sctp_pair_free(&pair);
}

/* RFC 3758: what is lost is not sent again, the rest flows on, and a reliable one comes at last. */
static void lossy(sctp_reliability reliability, uint32_t limit, int least, int most)
{
	start(5, (sim_weather){.delay = 10000, .loss = 200}, &sctp_pair_config);
	sctp_pair_connect(&pair, true);
	for (uint32_t i = 1; i < 1000; i++) {
		send(i, i % 10 ? 200 : 3000, reliability, limit);
		sctp_pair_run(&pair, 20000);
	}
	send(1000, 10, SCTP_RELIABLE, 0);
	sctp_pair_run(&pair, 30000000);
	print_message("%d of 1000 came, %u abandoned, %u sent again\n", got_count,
				  stats_of(0).abandoned, stats_of(0).retransmitted);
	for (int i = 1; i < got_count; i++)
		assert_true(got[i].ppid > got[i - 1].ppid); /* ordered nonetheless */
	assert_int_equal(got[got_count - 1].ppid, 1000);
	assert_in_range(got_count, least, most);
	assert_true((int)stats_of(0).abandoned >= 1000 - got_count);
	assert_int_equal(association_buffered(pair.ends[0].association, 1), 0);
	sctp_pair_free(&pair);
}

static void test_no_retransmission(void **state)
{
	(void)state;
	lossy(SCTP_MAX_RETRANSMITS, 0, 600, 850);
}

static void test_one_retransmission(void **state)
{
	(void)state;
	lossy(SCTP_MAX_RETRANSMITS, 1, 850, 990);
}

static void test_lifetime(void **state)
{
	(void)state;
	lossy(SCTP_LIFETIME, 200, 400, 999);
}

static bool no_packet(void *context, const net_address *from, const net_address *to,
					  const uint8_t *packet, size_t length)
{
	(void)context;
	(void)from;
	(void)to;
	(void)packet;
	(void)length;
	return false;
}

/* ICE outlives 30 s without an answer; so does SCTP, and it is quick when the path is back. */
static void test_outage(void **state)
{
	(void)state;
	start(1, near, &sctp_pair_config);
	sctp_pair_connect(&pair, true);
	sim_set_filter(pair.network, no_packet, NULL);
	send(1, 60000, SCTP_RELIABLE, 0);
	sctp_pair_run(&pair, 35000000);
	sim_set_filter(pair.network, NULL, NULL);
	sctp_pair_run(&pair, 3500000);
	assert_int_equal(got_count, 1);
	sim_set_filter(pair.network, no_packet, NULL);
	send(2, 100, SCTP_RELIABLE, 0);
	sctp_pair_run(&pair, 90000000);
	assert_true(pair.ends[0].closed);
	assert_string_equal(pair.ends[0].reason, "the peer does not answer");
	sctp_pair_free(&pair);
}

/* A peer that has vanished is noticed without data. */
static void test_heartbeat(void **state)
{
	(void)state;
	start(1, near, &sctp_pair_config);
	sctp_pair_connect(&pair, true);
	uint32_t packets = pair.ends[0].packets;

	sctp_pair_run(&pair, 100000000);
	assert_in_range(pair.ends[0].packets - packets, 4, 10); /* every half minute, and answers */
	assert_in_range(stats_of(0).round_trip, 19000, 21000);
	sim_set_filter(pair.network, no_packet, NULL);
	sctp_pair_run(&pair, 800000000);
	assert_true(pair.ends[0].closed);
	assert_true(pair.ends[1].closed);
	sctp_pair_free(&pair);
}

static int heartbeats;

static bool count_heartbeats(void *context, const net_address *from, const net_address *to,
							 const uint8_t *packet, size_t length)
{
	(void)context;
	(void)from;
	(void)to;
	(void)length;
	heartbeats += packet[12] == CHUNK_HEARTBEAT;
	return true;
}

/* Section 8.3: data that is acknowledged says enough. */
static void test_no_heartbeat_beside_data(void **state)
{
	(void)state;
	heartbeats = 0;
	start(1, near, &sctp_pair_config);
	sctp_pair_connect(&pair, true);
	sim_set_filter(pair.network, count_heartbeats, NULL);
	for (int i = 0; i < 30; i++) {
		send(1, 100, SCTP_RELIABLE, 0);
		sctp_pair_run(&pair, 10000000);
	}
	assert_in_range(heartbeats, 8, 10); /* the other's, which has nothing to say */
	sctp_pair_free(&pair);
}

/* What finds no answer is repeated less and less often: SHUTDOWN, and the wish to reset a stream.
 */
static void test_repeats_back_off(void **state)
{
	(void)state;
	for (int resets = 0; resets < 2; resets++) {
		start(1, near, &sctp_pair_config);
		sctp_pair_connect(&pair, true);
		sim_set_filter(pair.network, no_packet, NULL);
		uint32_t before = pair.ends[0].packets;

		if (resets)
			association_reset_stream(pair.ends[0].association, 1, sim_now(pair.network));
		else
			association_shutdown(pair.ends[0].association, sim_now(pair.network));
		sctp_pair_run(&pair, 15000000);
		assert_in_range(pair.ends[0].packets - before, 6, 8); /* 0.5, 1, 2, 3, 3, 3 s */
		sctp_pair_run(&pair, 60000000);
		assert_true(pair.ends[0].closed); /* and not for ever */
		sctp_pair_free(&pair);
	}
}

static void test_shutdown_in_any_weather(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		start(seed, (sim_weather){.delay = 10000, .jitter = 20000, .loss = 200, .duplicate = 200},
			  &sctp_pair_config);
		sctp_pair_connect(&pair, true);
		send(1, 30000, SCTP_RELIABLE, 0);
		association_shutdown(pair.ends[0].association, sim_now(pair.network));
		if (seed % 2) /* section 9.2: crossing */
			association_shutdown(pair.ends[1].association, sim_now(pair.network));
		sctp_pair_run(&pair, 120000000);
		assert_int_equal(got_count, 1);
		assert_true(pair.ends[0].closed);
		assert_true(pair.ends[1].closed);
		for (int i = 0; i < 2; i++)
			if (pair.ends[i].reason != NULL)
				fail_msg("seed %u: %s, %s", (unsigned)seed, pair.ends[0].reason,
						 pair.ends[1].reason);
		assert_int_equal(association_timeout(pair.ends[0].association), SCTP_NO_TIMEOUT);
		sctp_pair_free(&pair);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_connects_in_any_weather),
		cmocka_unit_test(test_zero_checksum),
		cmocka_unit_test(test_over_the_cap),
		cmocka_unit_test(test_back_pressure),
		cmocka_unit_test(test_refuses_what_cannot_be_sent),
		cmocka_unit_test(test_no_retransmission),
		cmocka_unit_test(test_one_retransmission),
		cmocka_unit_test(test_lifetime),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_no_heartbeat_beside_data),
		cmocka_unit_test(test_repeats_back_off),
		cmocka_unit_test(test_shutdown_in_any_weather),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
