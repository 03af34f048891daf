#include "resample.h"

#include <math.h>
#include <string.h>

#include "../port.h"

#define CROSSINGS 12  /* of zero by the sinc, on either side */
#define STEPS 64      /* table entries from one to the next */
#define ROLLOFF 0.92f /* the cutoff, of the lower of both Nyquist frequencies */
#define KAISER_BETA 6 /* side lobes at -63 dB */
#define UNITY_BITS 14 /* of a coefficient: sums of a few stay within 32 bits */
#define TABLE_LAST (CROSSINGS * STEPS)
#define POSITION_BITS 16

/* Taps on either side of a sample that is made, when the rate falls most. */
#define SIDE_MAX (CROSSINGS * (RESAMPLE_RATE_MAX / RESAMPLE_RATE_MIN) + 1)
#define BLOCK 64
#define LINE (2 * SIDE_MAX + BLOCK)

struct resampler {
	uint32_t from, to;
	uint32_t step; /* of the table, in its entries and 16 bits of fraction, per sample fed */
	size_t side;   /* taps on either side */
	uint32_t part; /* where the next sample lies after line[at], in parts of `to` */
	size_t at, count;
	int16_t line[LINE];
	int16_t table[TABLE_LAST + 1]; /* one wing; zero at the end */
};

/* Modified Bessel function of order 0, for the window. */
static float bessel(float x)
{
	float sum = 1, term = 1;

	for (int k = 1; k < 16; k++) {
		term *= x / (float)(2 * k);
		term *= x / (float)(2 * k);
		sum += term;
	}
	return sum;
}

static void make_table(resampler *self, float scale)
{
	const float pi = 3.14159265f, unity = (float)(1 << UNITY_BITS), whole = bessel(KAISER_BETA);

	for (int i = 0; i < TABLE_LAST; i++) {
		float t = (float)i / STEPS, x = pi * ROLLOFF * t, edge = t / CROSSINGS;
		float sinc = i == 0 ? 1 : sinf(x) / x;
		float window = bessel(KAISER_BETA * sqrtf(1 - edge * edge)) / whole;

		self->table[i] = (int16_t)lrintf(unity * ROLLOFF * scale * sinc * window);
	}
}

resampler *resampler_create(uint32_t from, uint32_t to)
{
	if (from < RESAMPLE_RATE_MIN || from > RESAMPLE_RATE_MAX || to < RESAMPLE_RATE_MIN ||
		to > RESAMPLE_RATE_MAX)
		return NULL;
	resampler *self = port_alloc(sizeof *self, PORT_EXTERNAL, PORT_AUDIO);
	if (!self)
		return NULL;
	self->from = from;
	self->to = to;
	/* The sinc is as wide as the lower rate's samples are apart. */
	uint32_t lower = to < from ? to : from;
	self->step = (uint32_t)(((uint64_t)STEPS << POSITION_BITS) * lower / from);
	self->side = (size_t)CROSSINGS * from / lower + 1;
	make_table(self, (float)lower / (float)from);
	resampler_reset(self);
	return self;
}

void resampler_free(resampler *self)
{
	port_free(self);
}

void resampler_reset(resampler *self)
{
	self->part = 0;
	self->at = self->count = self->side; /* silence before the first */
	memset(self->line, 0, self->count * sizeof *self->line);
}

size_t resampler_space(const resampler *self)
{
	return LINE - self->count;
}

size_t resampler_feed(resampler *self, const int16_t *samples, size_t count)
{
	if (count > LINE - self->count)
		count = LINE - self->count;
	memcpy(self->line + self->count, samples, count * sizeof *samples);
	self->count += count;
	return count;
}

/* One side's part: from line[at] outwards, `position` in the table and `step` further for each. */
static int32_t wing(const resampler *self, const int16_t *line, ptrdiff_t outwards,
					uint32_t position)
{
	int32_t sum = 0;

	for (; position < (uint32_t)TABLE_LAST << POSITION_BITS; position += self->step) {
		const int16_t *entry = self->table + (position >> POSITION_BITS);
		int32_t part = (int32_t)(position & ((1u << POSITION_BITS) - 1));
		int32_t coefficient = entry[0] + (((entry[1] - entry[0]) * part) >> POSITION_BITS);

		sum += coefficient * *line;
		line += outwards;
	}
	return sum;
}

static int16_t make_sample(const resampler *self)
{
	uint32_t position = (uint32_t)((uint64_t)self->step * self->part / self->to);
	const int16_t *line = self->line + self->at;
	int32_t sum = wing(self, line, -1, position) + wing(self, line + 1, 1, self->step - position);

	sum = (sum + (1 << (UNITY_BITS - 1))) >> UNITY_BITS;
	return (int16_t)(sum > INT16_MAX ? INT16_MAX : sum < INT16_MIN ? INT16_MIN : sum);
}

size_t resampler_pull(resampler *self, int16_t *out, size_t room)
{
	size_t made = 0;

	while (made < room && self->at + self->side < self->count) {
		out[made++] = make_sample(self);
		self->part += self->from;
		self->at += self->part / self->to;
		self->part %= self->to;
	}
	size_t past = self->at - self->side; /* what no sample will look at any more */
	if (past >= BLOCK / 2 || self->count == LINE) {
		self->count -= past;
		self->at -= past;
		memmove(self->line, self->line + past, self->count * sizeof *self->line);
	}
	return made;
}
