/* Data channels: opened from both sides, bounded, closed; and what a peer may not do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "port.h"
#include "sctp/dcep.h"
#include "sim/sctp_pair.h"

#define LOG_MAX 64

/* What happened on one side, message bytes cut to what a test can compare. */
typedef struct {
	dcep *channels;
	struct {
		dcep_event_type type;
		int channel;
		bool text;
		size_t length;
		char bytes[24];
	} log[LOG_MAX];
	int count;
} side;

typedef struct {
	sctp_pair pair;
	side sides[2];
} rig;

static void drain(side *at, uint64_t now)
{
	dcep_event event;

	while (dcep_poll_event(at->channels, &event, now)) {
		assert_true(at->count < LOG_MAX);
		at->log[at->count].type = event.type;
		at->log[at->count].channel = event.channel;
		at->log[at->count].text = event.text;
		at->log[at->count].length = event.length;
		if (event.length > 0)
			memcpy(at->log[at->count].bytes, event.bytes, event.length < 23 ? event.length : 23);
		at->count++;
		port_free(event.bytes);
	}
}

static void run(rig *at, uint32_t milliseconds)
{
	for (uint32_t i = 0; i < milliseconds; i++) {
		sctp_pair_run(&at->pair, 1000);
		for (int j = 0; j < 2; j++)
			drain(&at->sides[j], sim_now(at->pair.network));
	}
}

static void start(rig *at, sim_weather weather)
{
	memset(at, 0, sizeof *at);
	sctp_pair_create(&at->pair, 7, weather, &sctp_pair_config);
	for (int i = 0; i < 2; i++) {
		at->pair.ends[i].undrained = true;
		at->sides[i].channels = dcep_create(at->pair.ends[i].association);
		assert_non_null(at->sides[i].channels);
	}
}

static void finish(rig *at)
{
	for (int i = 0; i < 2; i++)
		dcep_free(at->sides[i].channels);
	sctp_pair_free(&at->pair);
}

static void connect(rig *at)
{
	for (int i = 0; i < 2; i++)
		dcep_connect(at->sides[i].channels, i == 0, sim_now(at->pair.network));
}

static int count(const side *at, dcep_event_type type, int channel)
{
	int found = 0;

	for (int i = 0; i < at->count; i++)
		found += at->log[i].type == type && at->log[i].channel == channel;
	return found;
}

static int open_channel(rig *at, int who, const char *label)
{
	const dcep_options options = {.label = label};

	return dcep_open(at->sides[who].channels, &options, sim_now(at->pair.network));
}

static sctp_send_result say(rig *at, int who, int channel, const char *text)
{
	return dcep_send(at->sides[who].channels, channel, (const uint8_t *)text, strlen(text), true,
					 sim_now(at->pair.network));
}

/* As LiveKit's: opened before there is a connection, with the first packets of it. */
static void test_opens_with_the_handshake(void **state)
{
	rig at;
	dcep_options options;

	(void)state;
	start(&at, (sim_weather){.delay = 20000});
	assert_int_equal(open_channel(&at, 0, "_reliable"), 0);
	assert_int_equal(dcep_open(at.sides[0].channels,
							   &(dcep_options){.label = "_lossy",
											   .unordered = true,
											   .reliability = SCTP_MAX_RETRANSMITS},
							   sim_now(at.pair.network)),
					 1);
	assert_int_equal(say(&at, 0, 0, "early"), SCTP_NOT_OPEN);
	connect(&at);
	assert_int_equal(say(&at, 0, 0, "at once"), SCTP_SENT);
	run(&at, 79);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_OPEN, 0), 0);
	run(&at, 5); /* two round trips: INIT, COOKIE ECHO with the OPENs */
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_OPEN, 0), 1);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_OPEN, 1), 1);
	assert_int_equal(count(&at.sides[1], DCEP_EVENT_OPEN, 0), 1);
	assert_int_equal(count(&at.sides[1], DCEP_EVENT_MESSAGE, 0), 1);
	assert_true(dcep_get_options(at.sides[1].channels, 1, &options));
	assert_string_equal(options.label, "_lossy");
	assert_true(options.unordered);
	assert_int_equal(options.reliability, SCTP_MAX_RETRANSMITS);
	assert_int_equal(options.limit, 0);
	assert_true(dcep_get_options(at.sides[1].channels, 0, &options));
	assert_false(options.unordered);
	assert_int_equal(options.reliability, SCTP_RELIABLE);
	finish(&at);
}

static void test_messages_keep_their_kind(void **state)
{
	rig at;
	const uint8_t binary[] = {0, 255, 0};

	(void)state;
	start(&at, (sim_weather){.delay = 1000});
	open_channel(&at, 1, "x");
	connect(&at);
	run(&at, 20);
	int channel = 0;
	side *to = &at.sides[0];
	int before = to->count;

	say(&at, 1, channel, "words");
	say(&at, 1, channel, "");
	dcep_send(at.sides[1].channels, channel, binary, 3, false, sim_now(at.pair.network));
	dcep_send(at.sides[1].channels, channel, NULL, 0, false, sim_now(at.pair.network));
	run(&at, 300);
	assert_int_equal(to->count - before, 4);
	assert_true(to->log[before].text);
	assert_memory_equal(to->log[before].bytes, "words", 5);
	assert_true(to->log[before + 1].text);
	assert_int_equal(to->log[before + 1].length, 0);
	assert_false(to->log[before + 2].text);
	assert_memory_equal(to->log[before + 2].bytes, binary, 3);
	assert_false(to->log[before + 3].text);
	assert_int_equal(to->log[before + 3].length, 0);
	finish(&at);
}

static void test_close_frees_both_sides_after_what_was_sent(void **state)
{
	rig at;

	(void)state;
	start(&at, (sim_weather){.delay = 5000, .loss = 200});
	connect(&at);
	for (int round = 0; round < 20; round++) { /* more than there are channels */
		at.sides[0].count = at.sides[1].count = 0;
		int channel = open_channel(&at, round % 2, "again");

		assert_int_equal(channel, 0);
		run(&at, 4000);
		assert_int_equal(say(&at, round % 2, channel, "last words"), SCTP_SENT);
		dcep_close(at.sides[round % 2].channels, channel, sim_now(at.pair.network));
		assert_int_equal(say(&at, round % 2, channel, "too late"), SCTP_NOT_OPEN);
		run(&at, 15000);

		side *other = &at.sides[1 - round % 2];

		assert_int_equal(count(&at.sides[round % 2], DCEP_EVENT_CLOSED, 0), 1);
		assert_int_equal(count(other, DCEP_EVENT_CLOSED, 0), 1);
		assert_int_equal(count(other, DCEP_EVENT_MESSAGE, 0), 1);
		assert_int_equal(other->log[other->count - 1].type, DCEP_EVENT_CLOSED);
	}
	finish(&at);
}

static void test_bounded_channels(void **state)
{
	rig at;
	dcep_stats stats;

	(void)state;
	start(&at, (sim_weather){.delay = 1000});
	connect(&at);
	for (int i = 0; i < DCEP_CHANNELS; i++)
		assert_int_equal(open_channel(&at, 0, "many"), i);
	assert_int_equal(open_channel(&at, 0, "one more"), DCEP_NO_CHANNEL);
	run(&at, 50);
	dcep_close(at.sides[0].channels, 3, sim_now(at.pair.network));
	run(&at, 500);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_CLOSED, 3), 1);
	/* Both sides take the place that is left at once: both are refused. */
	at.sides[0].count = at.sides[1].count = 0;
	assert_int_equal(open_channel(&at, 0, "here"), 3);
	assert_int_equal(open_channel(&at, 1, "there"), 3);
	run(&at, 1000);
	for (int i = 0; i < 2; i++) {
		dcep_get_stats(at.sides[i].channels, &stats);
		assert_int_equal(stats.refused_channels, 1);
		assert_int_equal(count(&at.sides[i], DCEP_EVENT_OPEN, 3), 0);
		assert_int_equal(count(&at.sides[i], DCEP_EVENT_CLOSED, 3), 1);
	}
	finish(&at);
}

/* Messages of a peer that does not keep to DCEP, on an association of its own. */
static void tell(rig *at, uint16_t stream, uint32_t ppid, const void *bytes, size_t length)
{
	const sctp_message message = {.stream = stream, .ppid = ppid, .bytes = bytes, .length = length};

	assert_int_equal(
		association_send(at->pair.ends[1].association, &message, sim_now(at->pair.network)),
		SCTP_SENT);
	run(at, 600);
}

static void test_hostile(void **state)
{
	static const uint8_t good[] = "\3\0\0\0\0\0\0\0\0\2\0\0hi";
	static const uint8_t long_label[100] = "\3\0\0\0\0\0\0\0\0\x50\0\0";
	rig at;
	dcep_stats stats;

	(void)state;
	start(&at, (sim_weather){.delay = 1000});
	connect(&at);
	run(&at, 20);
	for (size_t length = 1; length < 14; length++) /* cut anywhere */
		tell(&at, 1, 50, good, length);
	dcep_get_stats(at.sides[0].channels, &stats);
	assert_int_equal(stats.dropped_malformed, 13);
	tell(&at, 3, 50, "\3\7\0\0\0\0\0\0\0\0\0", 12);           /* unknown reliability */
	tell(&at, 3, 50, "\3\0\0\0\0\0\0\0\xff\xff\xff\xff", 12); /* lengths beyond the end */
	tell(&at, 3, 50, "\x63", 1);                              /* unknown message */
	tell(&at, 3, 50, "\2", 1);                                /* ACK of nothing */
	dcep_get_stats(at.sides[0].channels, &stats);
	assert_int_equal(stats.dropped_malformed, 17);
	tell(&at, 5, 50, long_label, 92);
	tell(&at, 4, 50, good, 14); /* our parity */
	dcep_get_stats(at.sides[0].channels, &stats);
	assert_int_equal(stats.refused_channels, 2);
	tell(&at, 7, 51, "nobody", 6);
	tell(&at, 7, 12345, "what", 4);
	dcep_get_stats(at.sides[0].channels, &stats);
	assert_int_equal(stats.dropped_no_channel, 1);
	assert_int_equal(stats.dropped_ppid, 1);
	assert_int_equal(at.sides[0].count, 1); /* CONNECTED */
	tell(&at, 9, 50, good, 14);
	tell(&at, 9, 50, good, 14); /* twice: refused, and the first stays */
	tell(&at, 9, 51, "yes", 3);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_OPEN, 0), 1);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_MESSAGE, 0), 1);
	finish(&at);
}

static void test_low_water(void **state)
{
	rig at;
	static uint8_t bytes[50000];

	(void)state;
	start(&at, (sim_weather){.delay = 20000});
	int channel = open_channel(&at, 0, "bulk");

	dcep_set_low_water(at.sides[0].channels, channel, 45000);
	connect(&at);
	run(&at, 200);
	assert_int_equal(dcep_buffered(at.sides[0].channels, channel), 0);
	assert_int_equal(dcep_send(at.sides[0].channels, channel, bytes, sizeof bytes, false,
							   sim_now(at.pair.network)),
					 SCTP_SENT);
	assert_int_equal(dcep_buffered(at.sides[0].channels, channel), sizeof bytes);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_BUFFERED_LOW, channel), 0);
	while (count(&at.sides[0], DCEP_EVENT_BUFFERED_LOW, channel) == 0)
		run(&at, 1);
	assert_in_range(dcep_buffered(at.sides[0].channels, channel), 1, 45000);
	run(&at, 500);
	assert_int_equal(count(&at.sides[0], DCEP_EVENT_BUFFERED_LOW, channel), 1);
	assert_int_equal(count(&at.sides[1], DCEP_EVENT_MESSAGE, 0), 1);
	finish(&at);
}

static void test_shutdown(void **state)
{
	rig at;

	(void)state;
	start(&at, (sim_weather){.delay = 2000});
	open_channel(&at, 0, "x");
	connect(&at);
	run(&at, 50);
	say(&at, 0, 0, "bye");
	association_shutdown(at.pair.ends[0].association, sim_now(at.pair.network));
	run(&at, 2000);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(at.sides[i].log[at.sides[i].count - 1].type, DCEP_EVENT_DISCONNECTED);
		assert_int_equal(say(&at, i, 0, "gone"), SCTP_NOT_OPEN);
	}
	assert_int_equal(count(&at.sides[1], DCEP_EVENT_MESSAGE, 0), 1);
	finish(&at);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_with_the_handshake),
		cmocka_unit_test(test_messages_keep_their_kind),
		cmocka_unit_test(test_close_frees_both_sides_after_what_was_sent),
		cmocka_unit_test(test_bounded_channels),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_low_water),
		cmocka_unit_test(test_shutdown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
