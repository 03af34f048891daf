/* Bulk, both ways at once, through every weather: all comes, in order, byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "port.h"
#include "sctp/internal.h"
#include "sctp_traffic.h"
#include "sim/sctp_pair.h"

#define TOTAL 10000000u

/* By the end that sends. */
static traffic directions[2];
static sctp_pair pair;

static void pump(sctp_end *end, uint64_t now)
{
	traffic *at = &directions[end - pair.ends];
	sctp_message message;

	while (traffic_make(at, &message) &&
		   association_send(end->association, &message, now) == SCTP_SENT)
		traffic_sent(at, &message);
}

static void on_event(sctp_end *end, const sctp_event *event, uint64_t now)
{
	if (event->type == SCTP_EVENT_MESSAGE) {
		traffic_check(&directions[1 - (end - pair.ends)], event->stream, event->ppid, event->bytes,
					  event->length);
		port_free(event->bytes);
	}
	if (event->type == SCTP_EVENT_WRITABLE || event->type == SCTP_EVENT_ESTABLISHED)
		pump(end, now);
}

static bool is_complete(void *context)
{
	(void)context;
	return traffic_done(&directions[0]) && traffic_done(&directions[1]);
}

static void run(sim_weather weather, uint64_t seed, const sctp_config *config, uint64_t minutes)
{
	size_t before = port_memory_of(PORT_SCTP).current;

	memset(directions, 0, sizeof directions);
	sctp_pair_create(&pair, seed, weather, config);
	for (int i = 0; i < 2; i++)
		assert_true(association_take_buffers(pair.ends[i].association));
	size_t held = port_memory_of(PORT_SCTP).current;

	for (int i = 0; i < 2; i++) {
		directions[i].total = TOTAL;
		directions[i].longest = config->max_message;
		pair.ends[i].on_event = on_event;
	}
	sctp_pair_connect(&pair, true);
	bool complete = sim_run(pair.network, SIM_START + minutes * 60000000, is_complete, NULL);
	sctp_stats stats;

	association_get_stats(pair.ends[0].association, &stats);
	print_message("%u.%u %% loss: %u s, %u packets, %u retransmitted, %u timeouts\n",
				  weather.loss / 10, weather.loss % 10,
				  (unsigned)((sim_now(pair.network) - SIM_START) / 1000000), stats.packets_out,
				  stats.retransmitted, stats.timeouts);
	if (!complete)
		fail_msg("sent %u and %u, received %u and %u", directions[0].sent, directions[1].sent,
				 directions[0].received, directions[1].received);
	assert_int_equal(stats.refused, 0);
	assert_int_equal(port_memory_of(PORT_SCTP).current, held); /* all was handed up and freed */
	sctp_pair_free(&pair);
	assert_int_equal(port_memory_of(PORT_SCTP).current, before);
}

static void test_clear(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000}, 1, &sctp_pair_config, 1);
}

static void test_reordered_and_duplicated(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .jitter = 15000, .duplicate = 100}, 2, &sctp_pair_config, 2);
}

static void test_loss_2(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .jitter = 2000, .loss = 20, .duplicate = 20}, 3,
		&sctp_pair_config, 2);
}

static void test_loss_5(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .loss = 50}, 4, &sctp_pair_config, 3);
}

static void test_loss_20(void **state)
{
	(void)state;
	run((sim_weather){.delay = 10000, .jitter = 5000, .loss = 200, .duplicate = 50}, 5,
		&sctp_pair_config, 15);
}

/* A board's buffers. */
static void test_small_buffers(void **state)
{
	const sctp_config config = {.send_buffer = 16000, .receive_buffer = 16000, .max_message = 8000};

	(void)state;
	run((sim_weather){.delay = 5000, .jitter = 1000, .loss = 20}, 6, &config, 2);
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
