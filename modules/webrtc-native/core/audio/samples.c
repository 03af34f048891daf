/*
 * Free-running counters, each stored by one side only, as in ring.c; and for each side its place in
 * the buffer, so that the capacity need not be a power of two.
 */
#include "samples.h"

#include <stdatomic.h>
#include <string.h>

#include "../port.h"

struct sample_ring {
	uint32_t capacity;
	_Atomic uint32_t written; /* the writer's: samples ever written */
	_Atomic uint32_t read;    /* the reader's: samples ever read, or passed over */
	_Atomic uint32_t cleared; /* the writer's: those before are not to be read */
	uint32_t write_at, read_at;
	int16_t samples[];
};

sample_ring *sample_ring_create(size_t capacity)
{
	sample_ring *ring =
		port_alloc(sizeof *ring + capacity * sizeof(int16_t), PORT_EXTERNAL, PORT_AUDIO);

	if (ring)
		ring->capacity = (uint32_t)capacity;
	return ring;
}

void sample_ring_free(sample_ring *ring)
{
	port_free(ring);
}

size_t sample_ring_room(const sample_ring *ring)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_acquire);

	return ring->capacity - (written - read);
}

size_t sample_ring_write(sample_ring *ring, const int16_t *samples, size_t count)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t cleared = atomic_load_explicit(&ring->cleared, memory_order_relaxed);
	size_t room = sample_ring_room(ring);

	if (count > room)
		count = room;
	size_t first = ring->capacity - ring->write_at;
	if (first > count)
		first = count;
	memcpy(ring->samples + ring->write_at, samples, first * sizeof *samples);
	memcpy(ring->samples, samples + first, (count - first) * sizeof *samples);
	ring->write_at = (uint32_t)(ring->write_at + count) % ring->capacity;
	written += (uint32_t)count;
	/* Never further behind than that, so that it stays comparable when counters wrap. */
	if (written - cleared > ring->capacity)
		atomic_store_explicit(&ring->cleared, written - ring->capacity, memory_order_relaxed);
	atomic_store_explicit(&ring->written, written, memory_order_release);
	return count;
}

void sample_ring_clear(sample_ring *ring)
{
	atomic_store_explicit(&ring->cleared,
						  atomic_load_explicit(&ring->written, memory_order_relaxed),
						  memory_order_release);
}

size_t sample_ring_count(const sample_ring *ring)
{
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	uint32_t cleared = atomic_load_explicit(&ring->cleared, memory_order_acquire);
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
	uint32_t unread = written - read, since = written - cleared;

	return since < unread ? since : unread;
}

/* The reader's: over what was cleared. */
static uint32_t pass_over(sample_ring *ring, uint32_t written)
{
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_relaxed);
	uint32_t cleared = atomic_load_explicit(&ring->cleared, memory_order_acquire);
	uint32_t unread = written - read, since = written - cleared;

	if (since >= unread)
		return read;
	ring->read_at = (ring->read_at + unread - since) % ring->capacity;
	return cleared;
}

size_t sample_ring_read(sample_ring *ring, int16_t *out, size_t count)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_acquire);
	uint32_t read = pass_over(ring, written);

	if (count > written - read)
		count = written - read;
	size_t first = ring->capacity - ring->read_at;
	if (first > count)
		first = count;
	memcpy(out, ring->samples + ring->read_at, first * sizeof *out);
	memcpy(out + first, ring->samples, (count - first) * sizeof *out);
	ring->read_at = (uint32_t)(ring->read_at + count) % ring->capacity;
	atomic_store_explicit(&ring->read, read + (uint32_t)count, memory_order_release);
	return count;
}
