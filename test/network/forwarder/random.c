#include "random.h"

#include <math.h>

void random_seed(random_stream *random, uint64_t seed, uint64_t index)
{
	uint64_t x = seed ^ (index * UINT64_C(0xD1342543DE82EF95));
	for (int i = 0; i < 4; i++) {
		uint64_t z = (x += UINT64_C(0x9E3779B97F4A7C15));
		z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
		z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
		random->state[i] = z ^ (z >> 31);
	}
}

static uint64_t rotate(uint64_t x, int bits)
{
	return (x << bits) | (x >> (64 - bits));
}

uint64_t random_next(random_stream *random)
{
	uint64_t *s = random->state;
	uint64_t result = rotate(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;
	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotate(s[3], 45);
	return result;
}

double random_uniform(random_stream *random)
{
	return (double)(random_next(random) >> 11) * 0x1p-53;
}

double random_normal(random_stream *random)
{
	/* Box and Muller; two draws a number, always. */
	double radius = sqrt(-2.0 * log(1.0 - random_uniform(random)));
	return radius * cos(6.283185307179586 * random_uniform(random));
}

bool random_chance(random_stream *random, double probability)
{
	return probability > 0 && random_uniform(random) < probability;
}
