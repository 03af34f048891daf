/* Where an app reads what a downlink plays. */
#ifndef LKXS_AUDIO_TAP_H
#define LKXS_AUDIO_TAP_H

#include <stdbool.h>

#include "samples.h"

typedef struct {
	sample_ring *ring; /* the audio thread writes it, at the downlink's rate */
	/** On the audio thread, after it wrote; posts and returns. */
	void (*on_samples)(void *context);
	void *context;
	bool sounding; /* the audio thread's: the last samples were sound */
} audio_tap;

/**
 * `count` samples of sound and then silence, `frames` in all. Sound fades in after silence, and out
 * when there is no `more` of it. False when not all found room.
 */
bool audio_tap_give(audio_tap *tap, const int16_t *samples, size_t count, size_t frames, bool more);

#endif
