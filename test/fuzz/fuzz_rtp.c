/*
 * Fuzzes rtp_read() and the receiver's figures. A step is a packet; its kind says which extensions
 * are negotiated and how much time passes. What is read must survive being written and read again.
 */
#include <string.h>

#include "fuzz.h"
#include "net.h"
#include "rtp/rtcp.h"
#include "rtp/rtp.h"

typedef struct {
	rtp_receiver receiver;
	uint64_t now;
} target;

static void require_inside(const void *part, size_t length, const uint8_t *bytes, size_t size)
{
	const uint8_t *at = part;

	REQUIRE(at >= bytes && length <= size && (size_t)(at - bytes) <= size - length);
}

static void require_same(const rtp_packet *a, const rtp_packet *b)
{
	REQUIRE(a->marker == b->marker && a->payload_type == b->payload_type);
	REQUIRE(a->sequence == b->sequence && a->timestamp == b->timestamp && a->ssrc == b->ssrc);
	REQUIRE(a->has_level == b->has_level && a->voice == b->voice && a->level == b->level);
	REQUIRE(a->mid_length == b->mid_length && a->payload_length == b->payload_length);
	REQUIRE(a->mid_length == 0 || memcmp(a->mid, b->mid, a->mid_length) == 0);
	REQUIRE(a->payload_length == 0 || memcmp(a->payload, b->payload, a->payload_length) == 0);
}

static void write_and_read(const rtp_packet *packet, const rtp_extensions *extensions)
{
	uint8_t bytes[65536 + 64];
	size_t length = rtp_write(packet, extensions, bytes, sizeof bytes);
	rtp_packet again;

	REQUIRE(length >= RTP_HEADER + packet->payload_length);
	uint8_t *exact = fuzz_exact(bytes, length);
	REQUIRE(rtp_write(packet, extensions, exact, length - 1) == 0);
	REQUIRE(rtp_write(packet, extensions, exact, length) == length);
	REQUIRE(rtp_read(&again, exact, length, extensions) == 0);
	require_same(packet, &again);
	free(exact);
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;
	const rtp_extensions extensions = {.audio_level = kind & 7,
									   .mid = (uint8_t)(kind & 8 ? 14 : 4)};
	rtp_packet packet;
	rtcp_report report;

	at->now += (uint64_t)(kind >> 4) * 5000;
	if (rtp_read(&packet, bytes, length, &extensions) != 0)
		return;
	require_inside(packet.payload, packet.payload_length, bytes, length);
	REQUIRE(packet.level <= 127 && packet.mid_length <= RTP_MID_MAX);
	if (packet.mid_length > 0)
		require_inside(packet.mid, packet.mid_length, bytes, length);
	if (extensions.audio_level != extensions.mid)
		write_and_read(&packet, &extensions);

	rtp_receiver_packet(&at->receiver, packet.sequence, packet.timestamp, packet.payload_length,
						at->now);
	rtp_receiver_report(&at->receiver, &report, at->now);
	REQUIRE(report.cumulative_lost >= -0x800000 && report.cumulative_lost <= 0x7fffff);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target at = {.now = 1000000};

	rtp_receiver_init(&at.receiver, 1, 48000);
	fuzz_steps(data, size, step, &at);
	return 0;
}
