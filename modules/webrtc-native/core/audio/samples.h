/*
 * Lock-free ring of samples between exactly one writer and one reader thread: what an app pushes to
 * be sent, and what it reads of what is played. Never blocks, never allocates after creation.
 */
#ifndef LKXS_AUDIO_SAMPLES_H
#define LKXS_AUDIO_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

typedef struct sample_ring sample_ring;

/** For `capacity` samples; NULL without memory. */
sample_ring *sample_ring_create(size_t capacity);
void sample_ring_free(sample_ring *ring);
/** The writer's. As many as there is room for; how many. */
size_t sample_ring_write(sample_ring *ring, const int16_t *samples, size_t count);
size_t sample_ring_room(const sample_ring *ring);
/** The writer's: what waits is not read any more. Its room is there when the reader comes next. */
void sample_ring_clear(sample_ring *ring);
/** The reader's. As many as there are; how many. */
size_t sample_ring_read(sample_ring *ring, int16_t *out, size_t count);
/** How many wait to be read; for both. */
size_t sample_ring_count(const sample_ring *ring);

#endif
