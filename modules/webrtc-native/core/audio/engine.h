/*
 * The audio thread's work, without the thread: 20 ms of microphone become one Opus packet in the
 * uplink ring, packets of the downlink rings become 20 ms of speaker. No locks, no allocation
 * while running; called from one thread, except where a function says otherwise.
 */
#ifndef LKXS_AUDIO_ENGINE_H
#define LKXS_AUDIO_ENGINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../ring.h"
#include "codec.h"
#include "jitter.h"
#include "tap.h"

/** Head of a record in the uplink ring; the Opus packet is its body. */
typedef struct {
	uint32_t timestamp; /* RTP clock from 0, advances by 960 a frame whether sent or not */
	uint8_t level;      /* -dBov */
	bool voice;
	bool marker; /* first packet after silence (RFC 3551) */
} audio_uplink_head;

/** Head of a record in a downlink ring; the Opus packet is its body. */
typedef struct {
	uint16_t sequence;
	uint32_t timestamp;
	uint64_t arrived; /* microseconds */
} audio_downlink_head;

typedef struct {
	uint32_t frames_captured, frames_encoded, frames_muted, encode_errors;
	uint32_t frames_zero; /* of those encoded: digital silence, as from a microphone that is none */
	uint32_t frames_skipped; /* 20 ms that passed without a frame: see audio_uplink_skip() */
	uint64_t bytes_encoded;
} audio_uplink_stats;

typedef struct {
	uint32_t frames_decoded, frames_concealed; /* packets, and gaps of about a packet */
	uint32_t frames_silent;                    /* 20 ms of nothing to play */
	uint32_t decode_errors;
	uint32_t frames_shortened; /* packets played in less than their time, to catch up */
	uint32_t frames_unread;    /* 20 ms that did not fit a tap, whose reader is too slow */
	uint64_t
		first_sound; /* microseconds when the first decoded sound went to the speaker, 0 not yet */
	jitter_stats jitter;
} audio_downlink_stats;

/** One microphone's way to one RTP stream. */
typedef struct audio_uplink audio_uplink;
/** One RTP stream's way to the mix. */
typedef struct audio_downlink audio_downlink;

audio_uplink *audio_uplink_create(const audio_encoder_options *options);
void audio_uplink_free(audio_uplink *uplink);
/** Any thread. A muted uplink sends nothing. Starts muted: nothing is sent before it is allowed. */
void audio_uplink_set_muted(audio_uplink *uplink, bool muted);
bool audio_uplink_is_muted(const audio_uplink *uplink); /* any thread */
/** Takes 20 ms of mono samples at the encoder's rate. True when a packet went into the ring. */
bool audio_uplink_capture(audio_uplink *uplink, const int16_t *samples);
/** Lets `frames` times 20 ms that were never captured pass, so that timestamps keep real time. */
void audio_uplink_skip(audio_uplink *uplink, uint32_t frames);
/** The transport thread reads this; the audio thread writes it. */
packet_ring *audio_uplink_ring(audio_uplink *uplink);
/** Any thread. */
void audio_uplink_get_stats(const audio_uplink *uplink, audio_uplink_stats *out);

/** `speaker_rate`: one of audio_codec_rate(). `target_ms`: see jitter.h, usually JITTER_TARGET_MS.
 */
audio_downlink *audio_downlink_create(uint32_t speaker_rate, uint32_t target_ms);
void audio_downlink_free(audio_downlink *downlink);
/** The transport thread writes this; the audio thread reads it. */
packet_ring *audio_downlink_ring(audio_downlink *downlink);
#define AUDIO_VOLUME_ONE 4096
/** Any thread. Linear gain in Q12, up to 16 times AUDIO_VOLUME_ONE, which it is at first. */
void audio_downlink_set_volume(audio_downlink *downlink, int32_t volume);
/**
 * Adds this stream's next `frames` samples (at most 20 ms) to `mix`. True when they held sound: a
 * peak over -60 dBFS.
 */
bool audio_downlink_playout(audio_downlink *downlink, int32_t *mix, size_t frames, uint64_t now);
/** Hz. */
uint32_t audio_downlink_rate(const audio_downlink *downlink);
/**
 * One other thread at a time. The tap gets all that is played from the next 20 ms on, before the
 * volume, and silence while there is nothing. -1: there are too many.
 */
int audio_downlink_add_tap(audio_downlink *downlink, audio_tap *tap);
/** Likewise. A playout that is under way may still use the tap. */
void audio_downlink_remove_tap(audio_downlink *downlink, const audio_tap *tap);
#define AUDIO_TAPS_MAX 2
/** Any thread. */
void audio_downlink_get_stats(const audio_downlink *downlink, audio_downlink_stats *out);

/** Turns a mix into samples, saturating. */
void audio_mix_finish(const int32_t *mix, int16_t *out, size_t count);

#endif
