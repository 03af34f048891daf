/* Opus through libopus (RFC 6716, RFC 7587), in memory from port_alloc. 20 ms frames. */
#ifndef LKXS_AUDIO_CODEC_H
#define LKXS_AUDIO_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bounds.h"

#define AUDIO_FRAME_MS 20
#define AUDIO_RTP_CLOCK 48000 /* RFC 7587: whatever the capture rate */
#define AUDIO_RTP_FRAME 960   /* RTP clock units in 20 ms */
#define AUDIO_PACKET_MAX 400  /* bytes of one encoded frame we send: 160 kb/s */
#define AUDIO_FRAME_MAX 960   /* samples of one mono channel in 20 ms at 48 kHz */

typedef struct {
	uint32_t sample_rate;  /* one of audio_codec_rate(), up to AUDIO_SENT_RATE_MAX */
	uint8_t channels;      /* 1 */
	uint32_t bitrate;      /* bit/s, 6000 to 128000 [24000] */
	uint8_t complexity;    /* 0 to 10 [1]; in-band FEC is silently off at 0 */
	uint8_t expected_loss; /* percent, 0 to 100; FEC is spent from 10 on */
	bool dtx;
	bool fec;
} audio_encoder_options;

typedef struct audio_encoder audio_encoder;
typedef struct audio_decoder audio_decoder;

/**
 * The lowest of Opus's rates (8000, 12000, 16000, 24000, 48000 Hz) that is not below `rate`; 0 when
 * there is none.
 */
uint32_t audio_codec_rate(uint32_t rate);

/** NULL when an option is out of range or memory is exhausted. */
audio_encoder *audio_encoder_create(const audio_encoder_options *options);
void audio_encoder_free(audio_encoder *encoder);
/** Forgets what was heard, so that nothing from before a pause is in the first packet after it. */
void audio_encoder_reset(audio_encoder *encoder);
/** 20 ms of samples in, bytes written out (1 or 2 under DTX), or -1. */
int audio_encode(audio_encoder *encoder, const int16_t *samples, uint8_t *out, size_t room);

audio_decoder *audio_decoder_create(uint32_t sample_rate, uint8_t channels);
void audio_decoder_free(audio_decoder *decoder);
/**
 * Decodes one packet to at most `frames` samples per channel; `bytes` NULL conceals a loss of
 * `frames` samples. The samples written per channel, or -1 for a corrupt packet.
 */
int audio_decode(audio_decoder *decoder, const uint8_t *bytes, size_t length, int16_t *out,
				 size_t frames);
/** RTP clock units in one Opus packet; 0 when it is corrupt or over AUDIO_PACKET_MS_MAX. */
uint32_t audio_packet_duration(const uint8_t *bytes, size_t length);

#endif
