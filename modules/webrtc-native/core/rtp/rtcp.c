#include "rtcp.h"

#include <string.h>

#include "../bytes.h"

/*
 *  0                   1                   2                   3        RFC 3550 section 6.4
 * |V=2|P|  count  |      type     |   length in 32-bit words - 1  |
 */

enum { SR = 200, RR = 201, SDES = 202, BYE = 203, RTPFB = 205 };

#define HEAD 4
#define SENDER_INFO 20
#define REPORT 24
#define REPORTS_MAX 31 /* 5 bits count them */
#define FORMAT_NACK 1  /* RFC 4585 section 6.2.1 */
#define SDES_CNAME 1

/* ---- reading ---- */

static rtcp_report read_report(const uint8_t *at)
{
	uint32_t lost = bytes_read24(at + 5);

	return (rtcp_report){
		.ssrc = bytes_read32(at),
		.fraction_lost = at[4],
		.cumulative_lost = (int32_t)(lost ^ 0x800000) - 0x800000,
		.highest_sequence = bytes_read32(at + 8),
		.jitter = bytes_read32(at + 12),
		.last_sr = bytes_read32(at + 16),
		.delay_since_last_sr = bytes_read32(at + 20),
	};
}

/* SR when `info` is SENDER_INFO, RR when 0. `length` is the packet's, without padding. */
static int read_reports(const uint8_t *packet, size_t length, size_t info, size_t count,
						const rtcp_handler *handler, void *context)
{
	size_t at = HEAD + 4 + info;

	if (length < at || (length - at) / REPORT < count)
		return -1;
	uint32_t from = bytes_read32(packet + HEAD);
	if (info && handler->sender_report) {
		const uint8_t *sender = packet + HEAD + 4;

		handler->sender_report(
			context, from, (uint64_t)bytes_read32(sender) << 32 | bytes_read32(sender + 4),
			bytes_read32(sender + 8), bytes_read32(sender + 12), bytes_read32(sender + 16));
	}
	for (; count > 0 && handler->report; count--, at += REPORT) {
		rtcp_report report = read_report(packet + at);

		handler->report(context, from, &report);
	}
	return 0;
}

static int read_bye(const uint8_t *packet, size_t length, size_t count, const rtcp_handler *handler,
					void *context)
{
	if ((length - HEAD) / 4 < count)
		return -1;
	for (size_t i = 0; i < count && handler->bye; i++)
		handler->bye(context, bytes_read32(packet + HEAD + 4 * i));
	return 0;
}

/* |  first lost (PID)  |  bit i set: PID + i + 1 is lost too (BLP)  |, RFC 4585 section 6.2.1 */
static int read_nack(const uint8_t *packet, size_t length, const rtcp_handler *handler,
					 void *context)
{
	if (length < HEAD + 8 || length % 4 != 0)
		return -1;
	uint32_t ssrc = bytes_read32(packet + HEAD + 4);
	for (size_t at = HEAD + 8; at < length && handler->nack; at += 4) {
		uint16_t first = bytes_read16(packet + at);

		handler->nack(context, ssrc, first);
		for (unsigned mask = bytes_read16(packet + at + 2), i = 1; mask; mask >>= 1, i++) {
			if (mask & 1)
				handler->nack(context, ssrc, (uint16_t)(first + i));
		}
	}
	return 0;
}

int rtcp_read(const uint8_t *bytes, size_t length, const rtcp_handler *handler, void *context)
{
	if (length == 0)
		return -1;
	while (length > 0) {
		if (length < HEAD || bytes[0] >> 6 != 2)
			return -1;
		size_t size = HEAD + 4 * (size_t)bytes_read16(bytes + 2);
		if (size > length)
			return -1;

		size_t content = size;
		if (bytes[0] & 0x20) {
			size_t padding = bytes[size - 1];
			/* only the last packet of a compound may be padded */
			if (size != length || padding == 0 || padding % 4 != 0 || padding > size - HEAD)
				return -1;
			content -= padding;
		}

		size_t count = bytes[0] & 0x1f;
		int result = 0;
		switch (bytes[1]) {
		case SR:
			result = read_reports(bytes, content, SENDER_INFO, count, handler, context);
			break;
		case RR:
			result = read_reports(bytes, content, 0, count, handler, context);
			break;
		case BYE:
			result = read_bye(bytes, content, count, handler, context);
			break;
		case RTPFB:
			if (count == FORMAT_NACK)
				result = read_nack(bytes, content, handler, context);
			break;
		default: /* SDES and whatever we do not know */
			break;
		}
		if (result < 0)
			return -1;
		bytes += size;
		length -= size;
	}
	return 0;
}

/* ---- writing ---- */

static void write_head(uint8_t *out, size_t count, uint8_t type, size_t size)
{
	out[0] = (uint8_t)(0x80 | count);
	out[1] = type;
	bytes_write16(out + 2, (uint32_t)(size / 4 - 1));
}

static void write_report(uint8_t *out, const rtcp_report *report)
{
	bytes_write32(out, report->ssrc);
	out[4] = report->fraction_lost;
	bytes_write24(out + 5, (uint32_t)report->cumulative_lost);
	bytes_write32(out + 8, report->highest_sequence);
	bytes_write32(out + 12, report->jitter);
	bytes_write32(out + 16, report->last_sr);
	bytes_write32(out + 20, report->delay_since_last_sr);
}

/* 32.32 seconds since this clock began: RFC 3550 section 4 allows it without wall-clock time. */
static uint64_t ntp_from_microseconds(uint64_t now)
{
	return now / 1000000 << 32 | (now % 1000000 << 32) / 1000000;
}

static void write_sender_info(uint8_t *out, const rtp_sender *sender, uint32_t clock_rate,
							  uint64_t now)
{
	uint64_t ntp = ntp_from_microseconds(now);
	uint64_t since = now > sender->last_sent ? now - sender->last_sent : 0;

	bytes_write32(out, (uint32_t)(ntp >> 32));
	bytes_write32(out + 4, (uint32_t)ntp);
	bytes_write32(out + 8, sender->last_timestamp + (uint32_t)(since * clock_rate / 1000000));
	bytes_write32(out + 12, sender->packets);
	bytes_write32(out + 16, sender->octets);
}

size_t rtcp_write(uint32_t ssrc, const rtp_sender *sender, uint32_t clock_rate,
				  const rtcp_report *reports, size_t count, const char *cname, bool bye,
				  uint8_t *out, size_t room, uint64_t now)
{
	bool sent = sender && sender->packets > 0;
	size_t name = strlen(cname);

	if (count > REPORTS_MAX)
		count = REPORTS_MAX;
	if (name > 255)
		name = 255;
	size_t report_size = HEAD + 4 + (sent ? SENDER_INFO : 0) + count * REPORT;
	/* SSRC, type, length, text, and one to four zeros that end the chunk on a word */
	size_t sdes_size = HEAD + (4 + 2 + name) / 4 * 4 + 4;
	size_t bye_size = bye ? HEAD + 4 : 0;
	if (room < report_size + sdes_size + bye_size)
		return 0;

	write_head(out, count, sent ? SR : RR, report_size);
	bytes_write32(out + HEAD, ssrc);
	uint8_t *at = out + HEAD + 4;
	if (sent) {
		write_sender_info(at, sender, clock_rate, now);
		at += SENDER_INFO;
	}
	for (size_t i = 0; i < count; i++, at += REPORT)
		write_report(at, &reports[i]);

	memset(at, 0, sdes_size);
	write_head(at, 1, SDES, sdes_size);
	bytes_write32(at + HEAD, ssrc);
	at[HEAD + 4] = SDES_CNAME;
	at[HEAD + 5] = (uint8_t)name;
	memcpy(at + HEAD + 6, cname, name);
	at += sdes_size;

	if (bye) {
		write_head(at, 1, BYE, bye_size);
		bytes_write32(at + HEAD, ssrc);
	}
	return report_size + sdes_size + bye_size;
}
