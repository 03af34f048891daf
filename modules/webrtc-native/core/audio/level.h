/* Loudness of a frame for RFC 6464, and whether it sounds like speech. */
#ifndef LKXS_AUDIO_LEVEL_H
#define LKXS_AUDIO_LEVEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define AUDIO_LEVEL_SILENCE 127

/** RMS level as -dBov: 0 (full-scale square wave) to 127 (silence). Integer arithmetic only. */
uint8_t audio_level(const int16_t *samples, size_t count);

#define AUDIO_VOICE_FLOOR 60         /* -dBov, the noise floor assumed at first */
#define AUDIO_VOICE_FLOOR_LOUDEST 35 /* -dBov, louder than this is never taken for noise */
#define AUDIO_VOICE_QUIETEST 55      /* -dBov, quieter than this is never voice */
#define AUDIO_VOICE_ABOVE 9          /* dB over the noise floor */
#define AUDIO_VOICE_HANGOVER 10      /* frames that voice lasts after the last loud one */

/** The V bit of RFC 6464: louder than the noise floor, which is learnt from the quietest frames. */
typedef struct {
	uint32_t floor; /* -dBov in sixteenths */
	uint32_t hangover;
} audio_voice;

void audio_voice_init(audio_voice *voice);
/** Takes the level of the next 20 ms. */
bool audio_voice_update(audio_voice *voice, uint8_t level);

#endif
