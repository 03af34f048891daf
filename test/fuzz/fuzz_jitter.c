/*
 * Fuzzes the jitter buffer with a hostile sender's packets. Each packet's payload is made of its
 * sequence number, so that what comes out can be held against what went in.
 */
#include <string.h>

#include "audio/jitter.h"
#include "bytes.h"
#include "fuzz.h"

/* What a step does: GET asks for frames, as playout does while time passes. */
enum { PUT, GET, WAIT, NEXT, KINDS };

#define DURATION_MAX 5760 /* 120 ms, the most audio_packet_duration() says */

typedef struct {
	jitter_buffer *jitter;
	uint64_t now;
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t put, played;
} target;

static void put(target *at, uint16_t sequence, uint32_t timestamp, uint32_t duration, size_t length)
{
	uint8_t *payload = malloc(length + 2);

	REQUIRE(payload != NULL);
	bytes_write16(payload, sequence);
	memset(payload + 2, (uint8_t)sequence, length);
	jitter_put(at->jitter, sequence, timestamp, duration, payload, length + 2, at->now);
	free(payload);
	at->put++;
	at->sequence = sequence;
	at->timestamp = timestamp + duration;
}

/* sequence (2) timestamp (4) duration in 2.5 ms (1) length (2) */
static void put_any(target *at, const uint8_t *bytes, size_t length)
{
	if (length >= 9)
		put(at, bytes_read16(bytes), bytes_read32(bytes + 2),
			(uint32_t)(bytes[6] % (DURATION_MAX / 120) + 1) * 120, bytes_read16(bytes + 7) % 1600);
}

/* Some more packets after the last one, as a usual sender's: each byte a gap before the next. */
static void put_next(target *at, const uint8_t *gaps, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		uint16_t sequence = (uint16_t)(at->sequence + 1 + gaps[i] % 16);

		put(at, sequence, at->timestamp + 960 * (gaps[i] / 16u), 960, gaps[i]);
	}
}

static void get(target *at)
{
	jitter_frame frame = {0};

	switch (jitter_get(at->jitter, &frame, at->now)) {
	case JITTER_PACKET:
		REQUIRE(frame.duration > 0 && frame.duration <= DURATION_MAX);
		REQUIRE(frame.length >= 2 && frame.length <= JITTER_PACKET_MAX);
		for (size_t i = 2; i < frame.length; i++)
			REQUIRE(frame.payload[i] == frame.payload[1]);
		at->played++;
		break;
	case JITTER_LOST:
		REQUIRE(frame.duration > 0 && frame.duration <= DURATION_MAX);
		break;
	case JITTER_EMPTY:
		break;
	}
	at->now += frame.duration ? frame.duration * 1000 / 48 : 20000;
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	target *at = context;
	jitter_stats stats;

	switch (kind % KINDS) {
	case PUT:
		put_any(at, bytes, length);
		break;
	case GET:
		for (size_t i = 0; i < length && i < 64; i++)
			get(at);
		break;
	case WAIT:
		at->now += length >= 2 ? bytes_read16(bytes) * UINT64_C(100) : 20000;
		break;
	case NEXT:
		put_next(at, bytes, length < 64 ? length : 64);
		break;
	}
	jitter_get_stats(at->jitter, &stats);
	REQUIRE(stats.depth <= JITTER_SLOTS);
	/* every packet was played, waits, or is in one drop counter */
	REQUIRE(at->put == at->played + stats.depth + stats.late + stats.duplicate + stats.overflow);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	target at = {.jitter = jitter_create(JITTER_TARGET_MS), .now = 1000000};

	REQUIRE(at.jitter != NULL);
	fuzz_steps(data, size, step, &at);
	jitter_free(at.jitter);
	return 0;
}
