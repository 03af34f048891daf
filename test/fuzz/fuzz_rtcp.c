/*
 * Fuzzes rtcp_read() with compound packets, and what becomes of their sender reports; reports that
 * were read must survive being written and read again.
 */
#include <stdbool.h>

#include "fuzz.h"
#include "rtp/rtcp.h"

#define REPORTS 31

typedef struct {
	size_t items, reports;
	rtcp_report report[REPORTS];
	rtp_sender sender;
	rtp_receiver receiver;
	uint64_t now;
} target;

static void on_sender_report(void *context, uint32_t ssrc, uint64_t ntp, uint32_t rtp_timestamp,
							 uint32_t packets, uint32_t octets)
{
	target *at = context;

	at->items++;
	at->sender = (rtp_sender){ssrc, packets, octets, rtp_timestamp, at->now};
	at->receiver.last_sr = (uint32_t)(ntp >> 16);
	at->receiver.last_sr_at = at->now;
}

static void on_report(void *context, uint32_t from, const rtcp_report *report)
{
	target *at = context;

	(void)from;
	at->items++;
	REQUIRE(report->cumulative_lost >= -0x800000 && report->cumulative_lost <= 0x7fffff);
	if (at->reports < REPORTS)
		at->report[at->reports++] = *report;
}

static void on_bye(void *context, uint32_t ssrc)
{
	target *at = context;

	(void)ssrc;
	at->items++;
}

static void on_nack(void *context, uint32_t ssrc, uint16_t sequence)
{
	target *at = context;

	at->items++;
	rtp_receiver_packet(&at->receiver, sequence, ssrc, 100, at->now);
}

static const rtcp_handler all = {on_sender_report, on_report, on_bye, on_nack};
static const rtcp_handler none = {0};

/* Not by memcmp(): there is padding. */
static bool same(const rtcp_report *a, const rtcp_report *b)
{
	return a->ssrc == b->ssrc && a->fraction_lost == b->fraction_lost &&
		   a->cumulative_lost == b->cumulative_lost && a->highest_sequence == b->highest_sequence &&
		   a->jitter == b->jitter && a->last_sr == b->last_sr &&
		   a->delay_since_last_sr == b->delay_since_last_sr;
}

static void write_and_read(const target *from)
{
	uint8_t bytes[2048];
	target to = {0};
	size_t length = rtcp_write(1, &from->sender, 48000, from->report, from->reports, "cname", true,
							   bytes, sizeof bytes, from->now);
	REQUIRE(length > 0 && length % 4 == 0);
	uint8_t *exact = fuzz_exact(bytes, length);
	REQUIRE(rtcp_write(1, &from->sender, 48000, from->report, from->reports, "cname", true, exact,
					   length - 1, from->now) == 0);
	REQUIRE(rtcp_write(1, &from->sender, 48000, from->report, from->reports, "cname", true, exact,
					   length, from->now) == length);
	REQUIRE(rtcp_read(exact, length, &all, &to) == 0);
	free(exact);
	REQUIRE(to.reports == from->reports);
	for (size_t i = 0; i < to.reports; i++)
		REQUIRE(same(&to.report[i], &from->report[i]));
	REQUIRE(to.sender.packets == from->sender.packets && to.sender.octets == from->sender.octets);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;
	rtcp_report report;

	at->now += (uint64_t)kind * 10000;
	at->items = at->reports = 0;
	int result = rtcp_read(bytes, length, &all, at);
	REQUIRE(at->items <= length * 5); /* a NACK's 4 bytes ask for at most 17 packets */
	REQUIRE(rtcp_read(bytes, length, &none, NULL) == result);
	if (at->sender.packets > 0)
		write_and_read(at);
	rtp_receiver_report(&at->receiver, &report, at->now);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target at = {.now = 1000000};

	rtp_receiver_init(&at.receiver, 1, 48000);
	fuzz_steps(data, size, step, &at);
	return 0;
}
