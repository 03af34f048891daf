/*
 * Sound at another sample rate: band-limited interpolation with a windowed sinc. Integer arithmetic
 * once it is made.
 */
#ifndef LKXS_AUDIO_RESAMPLE_H
#define LKXS_AUDIO_RESAMPLE_H

#include <stddef.h>
#include <stdint.h>

#define RESAMPLE_RATE_MIN 8000
#define RESAMPLE_RATE_MAX 48000

typedef struct resampler resampler;

/** Rates in Hz. NULL when one is out of range, or without memory (2 KB). */
resampler *resampler_create(uint32_t from, uint32_t to);
void resampler_free(resampler *self);
/** Forgets what was fed. */
void resampler_reset(resampler *self);
/** How many samples resampler_feed() takes now. */
size_t resampler_space(const resampler *self);
/** Takes samples; how many. */
size_t resampler_feed(resampler *self, const int16_t *samples, size_t count);
/**
 * At most `room` samples at the new rate, of what was fed but for the newest millisecond or so; how
 * many.
 */
size_t resampler_pull(resampler *self, int16_t *out, size_t room);

#endif
