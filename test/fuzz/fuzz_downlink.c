/*
 * Fuzzes one remote stream's way from its ring to the mix: packets of a hostile sender through the
 * jitter buffer and the Opus decoder, played at each speaker rate.
 */
#include <string.h>

#include "audio/engine.h"
#include "bytes.h"
#include "fuzz.h"

/* ARRIVE and NEXT: an Opus packet; ARRIVE has sequence (2) and timestamp (4) before it. */
enum { ARRIVE, NEXT, PLAY, VOLUME, KINDS };

typedef struct {
	audio_downlink *downlink;
	size_t frame;
	audio_downlink_head head; /* of the newest packet */
} target;

static void play(target *at, uint8_t frames)
{
	for (unsigned i = 0; i <= frames % 32u; i++) {
		int32_t *mix = calloc(at->frame, sizeof *mix);
		REQUIRE(mix != NULL);
		audio_downlink_playout(at->downlink, mix, at->frame, at->head.arrived);
		for (size_t k = 0; k < at->frame; k++) /* a gain of at most 16 */
			REQUIRE(mix[k] <= 16 * 32768 && mix[k] >= -16 * 32768);
		free(mix);
		at->head.arrived += 20000;
	}
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	static const int32_t volumes[] = {0,         2048, AUDIO_VOLUME_ONE, 16 * AUDIO_VOLUME_ONE,
									  INT32_MAX, -1,   INT32_MIN,        1};
	target *at = context;
	packet_ring *ring = audio_downlink_ring(at->downlink);

	switch (kind % KINDS) {
	case ARRIVE:
		if (length < 6)
			return;
		at->head.sequence = bytes_read16(bytes);
		at->head.timestamp = bytes_read32(bytes + 2);
		ring_write(ring, &at->head, sizeof at->head, bytes + 6, length - 6);
		break;
	case NEXT:
		at->head.sequence++;
		at->head.timestamp += AUDIO_RTP_FRAME;
		ring_write(ring, &at->head, sizeof at->head, bytes, length);
		break;
	case PLAY:
		play(at, length > 0 ? bytes[0] : 0);
		break;
	case VOLUME:
		audio_downlink_set_volume(at->downlink, volumes[length % 8]);
		break;
	}
}

/* The first byte chooses the speaker's rate. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint32_t rates[] = {16000, 24000, 48000};

	if (size == 0)
		return 0;
	uint32_t rate = rates[data[0] % 3];
	target at = {
		.downlink = audio_downlink_create(rate, JITTER_TARGET_MS),
		.frame = rate / 50,
		.head = {.arrived = 1000000},
	};
	REQUIRE(at.downlink != NULL);
	fuzz_steps(data + 1, size - 1, step, &at);
	audio_downlink_free(at.downlink);
	return 0;
}
