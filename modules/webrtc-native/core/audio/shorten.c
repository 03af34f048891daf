#include "shorten.h"

#include <string.h>

/* How unlike samples[0..fade) and the same `cut` later are; every `step`th sample is looked at. */
static uint32_t difference(const int16_t *samples, size_t cut, size_t fade, size_t step)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < fade; i += step) {
		int32_t apart = samples[i] - samples[i + cut];
		sum += (uint32_t)(apart < 0 ? -apart : apart);
	}
	return sum;
}

size_t audio_shorten(int16_t *samples, size_t count, uint32_t sample_rate)
{
	const size_t fade = sample_rate / 200;  /* 5 ms */
	const size_t step = sample_rate / 8000; /* pitch is far below 4 kHz */
	size_t most = 3 * fade;
	size_t best = 0;
	uint32_t least = UINT32_MAX;

	if (count < fade + fade / 2)
		return count;
	if (most > count - fade)
		most = count - fade;
	for (size_t cut = fade / 2; cut <= most; cut++) {
		uint32_t unlike = difference(samples, cut, fade, step);

		if (unlike <= least) { /* of equals, the longest */
			least = unlike;
			best = cut;
		}
	}
	for (size_t i = 0; i < fade; i++) {
		int32_t left = samples[i], right = samples[i + best];

		samples[i] = (int16_t)(left + (right - left) * (int32_t)i / (int32_t)fade);
	}
	memmove(samples + fade, samples + fade + best, (count - fade - best) * sizeof *samples);
	return count - best;
}
