#include "tap.h"

#include <string.h>

#define PIECE 80 /* samples at a time: the audio thread's stack is short */

/* Sample i of `count` that fade: in, or out. */
static int16_t faded(int16_t sample, size_t i, size_t count, bool out)
{
	return (int16_t)(sample * (int32_t)(out ? count - i : i) / (int32_t)count);
}

bool audio_tap_give(audio_tap *tap, const int16_t *samples, size_t count, size_t frames, bool more)
{
	bool fades = count > 0 && (!more || !tap->sounding);
	size_t done = fades ? 0 : count;
	size_t given = sample_ring_write(tap->ring, samples, done);

	while (done < frames && given == done) {
		int16_t piece[PIECE];
		size_t length = frames - done < PIECE ? frames - done : PIECE;

		for (size_t i = 0; i < length; i++) {
			size_t at = done + i;
			piece[i] = at < count ? faded(samples[at], at, count, !more) : 0;
		}
		given += sample_ring_write(tap->ring, piece, length);
		done += length;
	}
	tap->sounding = more;
	tap->on_samples(tap->context);
	return given == frames;
}
