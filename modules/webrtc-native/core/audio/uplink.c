#include <stdatomic.h>

#include "engine.h"
#include "level.h"
#include "snapshot.h"

#define DTX_PACKET_MAX 2 /* bytes of a packet that only says that nothing follows */

struct audio_uplink {
	audio_encoder *encoder;
	packet_ring *ring;
	atomic_bool muted;

	uint32_t frame; /* samples in 20 ms */
	uint32_t timestamp;
	bool silent; /* the last frame was not sent: the next packet bears the marker */
	bool paused; /* the encoder announced a DTX pause */
	bool stale;  /* the encoder remembers sound from before the mute */
	audio_voice voice;
	uint8_t level; /* -dBov, of the frame that was encoded last */
	uint8_t packet[AUDIO_PACKET_MAX];

	audio_uplink_stats stats;
	snapshot published;
};

audio_uplink *audio_uplink_create(const audio_encoder_options *options)
{
	audio_uplink *uplink = port_alloc(sizeof *uplink, PORT_INTERNAL, PORT_AUDIO);

	if (!uplink)
		return NULL;
	uplink->encoder = audio_encoder_create(options);
	uplink->ring = ring_create(UPLINK_RING, PORT_INTERNAL, PORT_AUDIO);
	if (!uplink->encoder || !uplink->ring) {
		audio_uplink_free(uplink);
		return NULL;
	}
	atomic_init(&uplink->muted, true);
	uplink->frame = options->sample_rate * AUDIO_FRAME_MS / 1000;
	uplink->silent = true;
	audio_voice_init(&uplink->voice);
	return uplink;
}

void audio_uplink_free(audio_uplink *uplink)
{
	if (!uplink)
		return;
	audio_encoder_free(uplink->encoder);
	ring_free(uplink->ring);
	port_free(uplink);
}

void audio_uplink_set_muted(audio_uplink *uplink, bool muted)
{
	atomic_store_explicit(&uplink->muted, muted, memory_order_relaxed);
}

bool audio_uplink_is_muted(const audio_uplink *uplink)
{
	return atomic_load_explicit(&uplink->muted, memory_order_relaxed);
}

packet_ring *audio_uplink_ring(audio_uplink *uplink)
{
	return uplink->ring;
}

/* Bytes of uplink->packet to send, 0 for none: muted, in a DTX pause, or the encoder failed. */
static size_t encode(audio_uplink *uplink, const int16_t *samples)
{
	if (audio_uplink_is_muted(uplink)) {
		uplink->stats.frames_muted++;
		uplink->stale = true;
		uplink->paused = false;
		return 0;
	}
	if (uplink->stale) {
		audio_encoder_reset(uplink->encoder);
		uplink->stale = false;
	}
	int length = audio_encode(uplink->encoder, samples, uplink->packet, sizeof uplink->packet);
	if (length < 0) {
		uplink->stats.encode_errors++;
		return 0;
	}
	uplink->stats.frames_encoded++;
	uplink->stats.bytes_encoded += (uint64_t)length;
	uplink->level = audio_level(samples, uplink->frame);
	if (uplink->level == AUDIO_LEVEL_SILENCE)
		uplink->stats.frames_zero++;

	bool was_paused = uplink->paused;
	uplink->paused = length <= DTX_PACKET_MAX;
	/* the first packet of a pause tells the other decoder to make comfort noise */
	return uplink->paused && was_paused ? 0 : (size_t)length;
}

bool audio_uplink_capture(audio_uplink *uplink, const int16_t *samples)
{
	audio_uplink_head head = {.timestamp = uplink->timestamp, .marker = uplink->silent};
	size_t length = encode(uplink, samples);
	bool sent = false;

	if (length > 0) {
		head.level = uplink->level;
		head.voice = audio_voice_update(&uplink->voice, head.level);
		sent = ring_write(uplink->ring, &head, sizeof head, uplink->packet, length);
	}
	uplink->timestamp += AUDIO_RTP_FRAME;
	uplink->silent = !sent;
	uplink->stats.frames_captured++;
	snapshot_write(&uplink->published, &uplink->stats, sizeof uplink->stats);
	return sent;
}

void audio_uplink_skip(audio_uplink *uplink, uint32_t frames)
{
	uplink->timestamp += frames * AUDIO_RTP_FRAME;
	uplink->silent = true;
	uplink->stats.frames_skipped += frames;
	snapshot_write(&uplink->published, &uplink->stats, sizeof uplink->stats);
}

void audio_uplink_get_stats(const audio_uplink *uplink, audio_uplink_stats *out)
{
	snapshot_read(&uplink->published, out, sizeof *out);
}
