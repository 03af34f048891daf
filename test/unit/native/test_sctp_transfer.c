/* Bulk, both ways at once, through every weather: all comes, in order, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "port.h"
#include "sim/sctp_pair.h"

#define TOTAL 10000000u
#define STREAMS 4u

typedef struct {
	uint32_t to_send, sent, received; /* bytes */
	uint32_t next_out[STREAMS], next_in[STREAMS];
	uint32_t messages_out;
	uint32_t longest;
} transfer;

/* What the n-th message of a stream is, known to both sides. */
static size_t length_of(const transfer *at, uint32_t stream, uint32_t n)
{
	uint32_t hash = (stream * 7919 + n) * 2654435761u;

	hash ^= hash >> 15;
	return hash % 8 == 0 ? 1 + hash / 8 % at->longest : 1 + hash / 8 % 1500;
}

static uint8_t byte_of(uint32_t stream, uint32_t n, size_t i)
{
	return (uint8_t)(stream * 31 + n * 17 + i * 7 + (i >> 8));
}

static void pump(sctp_end *end, uint64_t now)
{
	static uint8_t bytes[SCTP_MESSAGE_MAX];
	transfer *at = end->context;

	while (at->sent < at->to_send) {
		uint32_t stream = at->messages_out % STREAMS, n = at->next_out[stream];
		size_t length = length_of(at, stream, n);

		for (size_t i = 0; i < length; i++)
			bytes[i] = byte_of(stream, n, i);
		const sctp_message message = {.stream = (uint16_t)stream,
									  .ppid = 1000 + n,
									  .bytes = bytes,
									  .length = length,
									  .unordered = stream == 3};

		if (association_send(end->association, &message, now) != SCTP_SENT)
			return;
		at->sent += (uint32_t)length;
		at->next_out[stream]++;
		at->messages_out++;
	}
}

static void on_event(sctp_end *end, const sctp_event *event, uint64_t now)
{
	transfer *at = end->context;

	if (event->type == SCTP_EVENT_MESSAGE) {
		uint32_t stream = event->stream, n = event->ppid - 1000;

		if (stream != 3)
			assert_int_equal(n, at->next_in[stream]);
		at->next_in[stream]++;
		assert_int_equal(event->length, length_of(at, stream, n));
		for (size_t i = 0; i < event->length; i++)
			if (event->bytes[i] != byte_of(stream, n, i))
				fail_msg("stream %u message %u byte %zu", stream, n, i);
		at->received += (uint32_t)event->length;
		port_free(event->bytes);
	}
	if (event->type == SCTP_EVENT_WRITABLE || event->type == SCTP_EVENT_ESTABLISHED)
		pump(end, now);
}

static bool is_complete(void *context)
{
	const sctp_pair *pair = context;
	const transfer *a = pair->ends[0].context, *b = pair->ends[1].context;

	return a->sent >= TOTAL && b->sent >= TOTAL && a->received == b->sent && b->received == a->sent;
}

static void run(sim_weather weather, uint64_t seed, const sctp_config *config, uint32_t longest,
				uint64_t limit)
{
	sctp_pair pair;
	transfer transfers[2] = {{.to_send = TOTAL, .longest = longest},
							 {.to_send = TOTAL, .longest = longest}};
	size_t before = port_memory_of(PORT_SCTP).current;

	sctp_pair_create(&pair, seed, weather, config);
	size_t held = port_memory_of(PORT_SCTP).current;

	for (int i = 0; i < 2; i++) {
		pair.ends[i].context = &transfers[i];
		pair.ends[i].on_event = on_event;
	}
	sctp_pair_connect(&pair, true);
	bool complete = sim_run(pair.network, limit, is_complete, &pair);
	sctp_stats stats;

	association_get_stats(pair.ends[0].association, &stats);
	print_message("loss %u jitter %u duplicate %u: %.1f s, %u packets, %u retransmitted, %u "
				  "timeouts, %u no room\n",
				  weather.loss, weather.jitter, weather.duplicate,
				  (double)sim_now(pair.network) / 1e6, stats.packets_out, stats.retransmitted,
				  stats.timeouts, stats.dropped_no_room);
	if (!complete)
		fail_msg("sent %u and %u, received %u and %u", transfers[0].sent, transfers[1].sent,
				 transfers[0].received, transfers[1].received);
	assert_int_equal(stats.refused, 0);
	assert_int_equal(port_memory_of(PORT_SCTP).current, held); /* all was handed up and freed */
	sctp_pair_free(&pair);
	assert_int_equal(port_memory_of(PORT_SCTP).current, before);
}

#define MINUTES 60000000ull

static void test_clear(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000}, 1, &sctp_pair_config, 60000, 2 * MINUTES);
}

static void test_reordered_and_duplicated(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .jitter = 15000, .duplicate = 100}, 2, &sctp_pair_config,
		60000, 20 * MINUTES);
}

static void test_loss_2(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .jitter = 2000, .loss = 20, .duplicate = 20}, 3,
		&sctp_pair_config, 60000, 20 * MINUTES);
}

static void test_loss_5(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .loss = 50}, 4, &sctp_pair_config, 60000, 60 * MINUTES);
}

static void test_loss_20(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .jitter = 5000, .loss = 200, .duplicate = 50}, 5,
		&sctp_pair_config, 60000, 240 * MINUTES);
}

/* A board's buffers. */
static void test_small_buffers(void **state)
{
	const sctp_config config = {.send_buffer = 16000, .receive_buffer = 16000, .max_message = 8000};

	(void)state;
	run((sim_weather){.delay = 5000, .jitter = 1000, .loss = 20}, 6, &config, 8000, 240 * MINUTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clear),   cmocka_unit_test(test_reordered_and_duplicated),
		cmocka_unit_test(test_loss_2),  cmocka_unit_test(test_loss_5),
		cmocka_unit_test(test_loss_20), cmocka_unit_test(test_small_buffers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
