/* Random numbers that a seed repeats: xoshiro256** by Blackman and Vigna, seeded by splitmix64. */
#ifndef NETWORK_RANDOM_H
#define NETWORK_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
	uint64_t state[4];
} random_stream;

/* Streams of one seed with different `index` are independent of each other. */
void random_seed(random_stream *random, uint64_t seed, uint64_t index);
uint64_t random_next(random_stream *random);
/* In [0, 1). */
double random_uniform(random_stream *random);
/* Mean 0, standard deviation 1. */
double random_normal(random_stream *random);
/* True with `probability`; draws nothing at 0, so that what is off does not shift what is on. */
bool random_chance(random_stream *random, double probability);

#endif
