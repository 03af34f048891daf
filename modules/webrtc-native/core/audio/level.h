/* Loudness of a frame for RFC 6464. */
#ifndef LKXS_AUDIO_LEVEL_H
#define LKXS_AUDIO_LEVEL_H

#include <stddef.h>
#include <stdint.h>

/** RMS level as -dBov: 0 (full-scale square wave) to 127 (silence). Integer arithmetic only. */
uint8_t audio_level(const int16_t *samples, size_t count);

#endif
