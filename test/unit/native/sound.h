/* Test sound and what to say of it; doubles are fine here. */
#ifndef TEST_SOUND_H
#define TEST_SOUND_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#define PI 3.14159265358979323846

/** Half 440 Hz, half 1 kHz; `peak` of each. `at`: samples since the beginning. */
static inline void sound_pattern(int16_t *out, size_t count, uint32_t rate, uint64_t at,
								 double peak)
{
	for (size_t i = 0; i < count; i++) {
		double t = (double)(at + i) / rate;
		out[i] = (int16_t)lrint(peak * (sin(2 * PI * 440 * t) + sin(2 * PI * 1000 * t)));
	}
}

/** Peak amplitude of one frequency (Goertzel). */
static inline double sound_peak_at(const int16_t *samples, size_t count, uint32_t rate,
								   double frequency)
{
	double k = 2 * cos(2 * PI * frequency / rate), a = 0, b = 0;

	for (size_t i = 0; i < count; i++) {
		double c = samples[i] + k * a - b;
		b = a;
		a = c;
	}
	return 2 * sqrt(a * a + b * b - k * a * b) / (double)count;
}

static inline double sound_rms(const int16_t *samples, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	return sqrt(sum / (double)count);
}

static inline double sound_db(double ratio)
{
	return 20 * log10(ratio);
}

/** Longest run, in samples, of 5 ms windows quieter than `rms`. */
static inline size_t sound_longest_gap(const int16_t *samples, size_t count, uint32_t rate,
									   double rms)
{
	size_t window = rate / 200, run = 0, longest = 0;

	for (size_t at = 0; at + window <= count; at += window) {
		run = sound_rms(samples + at, window) < rms ? run + window : 0;
		if (run > longest)
			longest = run;
	}
	return longest;
}

/** Largest step between two samples: a click stands out against the steps of the sound itself. */
static inline int sound_largest_step(const int16_t *samples, size_t count)
{
	int largest = 0;

	for (size_t i = 1; i < count; i++) {
		int step = samples[i] - samples[i - 1];
		step = step < 0 ? -step : step;
		if (step > largest)
			largest = step;
	}
	return largest;
}

#endif
