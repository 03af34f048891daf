/* RTCP reading and writing, and receiver figures (RFC 3550 section 6 and appendix A, RFC 4585). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtp/rtcp.h"

#define CLOCK 48000
#define FRAME_US 20000

typedef struct {
	int sender_reports, reports, byes, nacks;
	uint32_t from, bye, media;
	uint64_t ntp;
	uint32_t timestamp, packets, octets;
	rtcp_report report;
	uint16_t lost[64];
} heard;

static void on_sender_report(void *context, uint32_t ssrc, uint64_t ntp, uint32_t timestamp,
							 uint32_t packets, uint32_t octets)
{
	heard *heard_here = context;

	heard_here->sender_reports++;
	heard_here->from = ssrc;
	heard_here->ntp = ntp;
	heard_here->timestamp = timestamp;
	heard_here->packets = packets;
	heard_here->octets = octets;
}

static void on_report(void *context, uint32_t from, const rtcp_report *report)
{
	heard *heard_here = context;

	heard_here->reports++;
	heard_here->from = from;
	heard_here->report = *report;
}

static void on_bye(void *context, uint32_t ssrc)
{
	heard *heard_here = context;

	heard_here->byes++;
	heard_here->bye = ssrc;
}

static void on_nack(void *context, uint32_t media, uint16_t sequence)
{
	heard *heard_here = context;

	heard_here->media = media;
	heard_here->lost[heard_here->nacks++ % 64] = sequence;
}

static const rtcp_handler handler = {on_sender_report, on_report, on_bye, on_nack};

static int read_copy(const uint8_t *bytes, size_t length, heard *out)
{
	uint8_t *copy = malloc(length ? length : 1);

	memcpy(copy, bytes, length);
	memset(out, 0, sizeof *out);
	int result = rtcp_read(copy, length, &handler, out);
	free(copy);
	return result;
}

static void sender_report_round_trip(void **state)
{
	const rtp_sender sender = {
		.ssrc = 7, .packets = 100, .octets = 6000, .last_timestamp = 96000, .last_sent = 5000000};
	const rtcp_report reports[2] = {{.ssrc = 8},
									{.ssrc = 9,
									 .fraction_lost = 200,
									 .cumulative_lost = -3,
									 .highest_sequence = 0x10005,
									 .jitter = 77,
									 .last_sr = 0xabcd1234,
									 .delay_since_last_sr = 65536}};
	uint8_t out[256];
	heard got;

	(void)state;
	size_t length =
		rtcp_write(7, &sender, CLOCK, reports, 2, "device", true, out, sizeof out, 5500000);
	assert_int_equal(length % 4, 0);
	/* SR 28 + 2 * 24, SDES 4 + 4 + 2 + 6 and a zero = 20, BYE 8 */
	assert_int_equal(length, 76 + 20 + 8);
	assert_int_equal(rtcp_write(7, &sender, CLOCK, reports, 2, "device", true, out, length - 1, 0),
					 0);
	assert_int_equal(read_copy(out, length, &got), 0);
	assert_int_equal(got.sender_reports, 1);
	assert_int_equal(got.ntp >> 32, 5);
	assert_int_equal(got.ntp & 0xffffffff, 0x80000000); /* half a second */
	assert_int_equal(got.timestamp, 96000 + CLOCK / 2);
	assert_int_equal(got.packets, 100);
	assert_int_equal(got.octets, 6000);
	assert_int_equal(got.reports, 2);
	assert_int_equal(got.from, 7);
	assert_int_equal(got.report.ssrc, reports[1].ssrc);
	assert_int_equal(got.report.fraction_lost, reports[1].fraction_lost);
	assert_int_equal(got.report.cumulative_lost, reports[1].cumulative_lost);
	assert_int_equal(got.report.highest_sequence, reports[1].highest_sequence);
	assert_int_equal(got.report.jitter, reports[1].jitter);
	assert_int_equal(got.report.last_sr, reports[1].last_sr);
	assert_int_equal(got.report.delay_since_last_sr, reports[1].delay_since_last_sr);
	assert_int_equal(got.byes, 1);
	assert_int_equal(got.bye, 7);
}

static void receiver_report_when_nothing_was_sent(void **state)
{
	const rtp_sender silent = {.ssrc = 7};
	uint8_t out[64];
	heard got;

	(void)state;
	size_t length = rtcp_write(7, &silent, CLOCK, NULL, 0, "ab", false, out, sizeof out, 0);
	assert_int_equal(out[1], 201);
	assert_int_equal(length, 8 + 4 + 4 + 2 + 2 + 4); /* "ab" ends on a word: four zeros follow */
	assert_int_equal(read_copy(out, length, &got), 0);
	assert_int_equal(got.sender_reports + got.reports + got.byes, 0);
}

static const struct {
	const char *name;
	int result;
	size_t length;
	uint8_t bytes[64];
	int reports, byes, nacks;
} table[] = {
	{"empty", -1, 0, {0}, 0, 0, 0},
	{"head cut", -1, 3, {0x80, 201, 0}, 0, 0, 0},
	{"version 1", -1, 8, {0x40, 201, 0, 1}, 0, 0, 0},
	{"RR", 0, 8, {0x80, 201, 0, 1, 0, 0, 0, 1}, 0, 0, 0},
	{"RR without SSRC", -1, 4, {0x80, 201, 0, 0}, 0, 0, 0},
	{"longer than the datagram", -1, 8, {0x80, 201, 0, 2, 0, 0, 0, 1}, 0, 0, 0},
	{"length of all ones", -1, 8, {0x80, 201, 0xff, 0xff, 0, 0, 0, 1}, 0, 0, 0},
	{"more reports than bytes", -1, 32, {0x82, 201, 0, 7, 0, 0, 0, 1}, 0, 0, 0},
	{"one report", 0, 32, {0x81, 201, 0, 7, 0, 0, 0, 1}, 1, 0, 0},
	{"report and profile extension", 0, 36, {0x81, 201, 0, 8, 0, 0, 0, 1}, 1, 0, 0},
	{"SR cut", -1, 24, {0x80, 200, 0, 5, 0, 0, 0, 1}, 0, 0, 0},
	{"BYE of two", 0, 12, {0x82, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}, 0, 2, 0},
	{"BYE of none", 0, 4, {0x80, 203, 0, 0}, 0, 0, 0},
	{"BYE of too many", -1, 8, {0x82, 203, 0, 1, 0, 0, 0, 1}, 0, 0, 0},
	{"BYE with a reason", 0, 12, {0x81, 203, 0, 2, 0, 0, 0, 1, 2, 'o', 'k', 0}, 0, 1, 0},
	{"NACK of one and two more",
	 0,
	 16,
	 {0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0, 3},
	 0,
	 0,
	 3},
	{"NACK without media", -1, 8, {0x81, 205, 0, 1, 0, 0, 0, 1}, 0, 0, 0},
	{"NACK without items", 0, 12, {0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}, 0, 0, 0},
	{"transport-cc is skipped", 0, 12, {0x8f, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2}, 0, 0, 0},
	{"unknown type is skipped",
	 0,
	 16,
	 {0x80, 207, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 9},
	 0,
	 1,
	 0},
	{"fault after a BYE", -1, 12, {0x81, 203, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0}, 0, 1, 0},
	{"padded", 0, 12, {0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4}, 0, 1, 0},
	{"padding over content", -1, 12, {0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 8}, 0, 0, 0},
	{"padding over packet", -1, 12, {0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 16}, 0, 0, 0},
	{"padding of 0", -1, 12, {0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0}, 0, 0, 0},
	{"padding of 3", -1, 12, {0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 3}, 0, 0, 0},
	{"padding not at the end",
	 -1,
	 20,
	 {0xa1, 203, 0, 2, 0, 0, 0, 1, 0, 0, 0, 4, 0x80, 201, 0, 1, 0, 0, 0, 1},
	 0,
	 0,
	 0},
	{"padding of an empty packet", -1, 4, {0xa0, 203, 0, 0}, 0, 0, 0},
};

static void reads_table(void **state)
{
	heard got;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
		int result = read_copy(table[i].bytes, table[i].length, &got);

		if (result != table[i].result || got.reports != table[i].reports ||
			got.byes != table[i].byes || got.nacks != table[i].nacks)
			fail_msg("%s: %d, %d reports, %d byes, %d nacks", table[i].name, result, got.reports,
					 got.byes, got.nacks);
	}
}

static void nack_names_each_packet(void **state)
{
	static const uint8_t bytes[] = {0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xff, 0x80, 1};
	heard got;

	(void)state;
	assert_int_equal(read_copy(bytes, sizeof bytes, &got), 0);
	assert_int_equal(got.nacks, 3);
	assert_int_equal(got.media, 2);
	assert_int_equal(got.lost[0], 0xffff);
	assert_int_equal(got.lost[1], 0);
	assert_int_equal(got.lost[2], 15);
}

static void survives_noise_and_no_handlers(void **state)
{
	static const rtcp_handler deaf;
	uint32_t seed = 7;
	heard got;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		uint8_t bytes[64];
		size_t length = (size_t)(round % 65);

		for (size_t i = 0; i < sizeof bytes; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
		}
		for (size_t i = 0; i < sizeof bytes; i += 16) {
			bytes[i] = (uint8_t)(0x80 | (bytes[i] & 0x23));
			bytes[i + 1] = (uint8_t)(200 + bytes[i + 1] % 8);
			bytes[i + 2] = 0;
			bytes[i + 3] = 3;
		}
		int result = read_copy(bytes, length, &got);
		assert_int_equal(rtcp_read(bytes, length, &deaf, NULL), result);
	}
}

/* ---- receiver figures ---- */

static void feed(rtp_receiver *receiver, uint16_t sequence, uint64_t at)
{
	rtp_receiver_packet(receiver, sequence, (uint32_t)sequence * 960, 60, at);
}

static void counts_loss_over_a_wrap(void **state)
{
	rtp_receiver receiver;
	rtcp_report report;
	uint64_t now = 0;

	(void)state;
	rtp_receiver_init(&receiver, 5, CLOCK);
	rtp_receiver_report(&receiver, &report, 0);
	assert_int_equal(report.fraction_lost, 0);
	for (int i = 0; i < 100; i++, now += FRAME_US) {
		if (i % 4 != 1) /* 25 of 100 are lost */
			feed(&receiver, (uint16_t)(65500 + i), now);
	}
	rtp_receiver_report(&receiver, &report, now);
	assert_int_equal(report.ssrc, 5);
	assert_int_equal(report.cumulative_lost, 25);
	assert_int_equal(rtp_receiver_lost(&receiver), 25);
	assert_int_equal(report.fraction_lost, 64);
	assert_int_equal(report.highest_sequence, 0x10000 + 63);
	assert_int_equal(receiver.bytes, 75 * 60);
	/* nothing lost since */
	for (int i = 100; i < 110; i++, now += FRAME_US)
		feed(&receiver, (uint16_t)(65500 + i), now);
	rtp_receiver_report(&receiver, &report, now);
	assert_int_equal(report.fraction_lost, 0);
	assert_int_equal(report.cumulative_lost, 25);
}

static void reordering_is_not_loss(void **state)
{
	static const uint16_t order[] = {10, 12, 11, 13, 13, 15, 14};
	rtp_receiver receiver;
	rtcp_report report;

	(void)state;
	rtp_receiver_init(&receiver, 5, CLOCK);
	for (size_t i = 0; i < 7; i++)
		feed(&receiver, order[i], i * FRAME_US);
	rtp_receiver_report(&receiver, &report, 7 * FRAME_US);
	assert_int_equal(report.cumulative_lost, -1); /* RFC 3550: duplicates count as received */
	assert_int_equal(rtp_receiver_lost(&receiver), 0);
	assert_int_equal(report.fraction_lost, 0);
	assert_int_equal(report.highest_sequence, 15);
	assert_int_equal(receiver.duplicates_or_late, 3);
}

static void one_stray_is_ignored_two_restart(void **state)
{
	rtp_receiver receiver;
	rtcp_report report;

	(void)state;
	rtp_receiver_init(&receiver, 5, CLOCK);
	for (uint16_t i = 0; i < 10; i++)
		feed(&receiver, i, i * FRAME_US);
	feed(&receiver, 30000, 0);
	feed(&receiver, 10, 10 * FRAME_US);
	rtp_receiver_report(&receiver, &report, 0);
	assert_int_equal(report.highest_sequence, 10);
	assert_int_equal(report.cumulative_lost, 0);
	feed(&receiver, 40000, 11 * FRAME_US);
	feed(&receiver, 40001, 12 * FRAME_US);
	rtp_receiver_report(&receiver, &report, 0);
	assert_int_equal(report.highest_sequence, 40001);
	assert_int_equal(report.cumulative_lost, 0);
}

static void jitter_follows_appendix_a8(void **state)
{
	rtp_receiver receiver;
	rtcp_report report;
	double expected = 0;
	uint64_t before = 0;

	(void)state;
	rtp_receiver_init(&receiver, 5, CLOCK);
	for (uint16_t i = 0; i < 500; i++) {
		uint64_t late = (i * 7919u) % 10000; /* up to 10 ms */

		feed(&receiver, i, 1000000 + i * (uint64_t)FRAME_US + late);
		if (i > 0) {
			double change = ((double)late - (double)before) * CLOCK / 1e6;
			expected += ((change < 0 ? -change : change) - expected) / 16;
		}
		before = late;
	}
	rtp_receiver_report(&receiver, &report, 0);
	assert_in_range(report.jitter, (uintmax_t)(expected - 2), (uintmax_t)(expected + 2));
}

static void echoes_the_last_sender_report(void **state)
{
	rtp_receiver receiver;
	rtcp_report report;

	(void)state;
	rtp_receiver_init(&receiver, 5, CLOCK);
	feed(&receiver, 1, 0);
	rtp_receiver_report(&receiver, &report, 9000000);
	assert_int_equal(report.last_sr, 0);
	assert_int_equal(report.delay_since_last_sr, 0);
	receiver.last_sr = 0x12345678;
	receiver.last_sr_at = 9000000;
	rtp_receiver_report(&receiver, &report, 10500000);
	assert_int_equal(report.last_sr, 0x12345678);
	assert_int_equal(report.delay_since_last_sr, 65536 + 32768);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sender_report_round_trip),
		cmocka_unit_test(receiver_report_when_nothing_was_sent),
		cmocka_unit_test(reads_table),
		cmocka_unit_test(nack_names_each_packet),
		cmocka_unit_test(survives_noise_and_no_handlers),
		cmocka_unit_test(counts_loss_over_a_wrap),
		cmocka_unit_test(reordering_is_not_loss),
		cmocka_unit_test(one_stray_is_ignored_two_restart),
		cmocka_unit_test(jitter_follows_appendix_a8),
		cmocka_unit_test(echoes_the_last_sender_report),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
