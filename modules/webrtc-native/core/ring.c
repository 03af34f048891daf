/*
 * One buffer of a power of two in size, and two free-running byte counters. Each counter is stored
 * by one side only, so plain atomic loads and stores suffice: no read-modify-write, which some
 * devices lack in external memory. Records wrap around the end; a 4-byte length goes before each.
 */
#include "ring.h"

#include <stdatomic.h>
#include <string.h>

#define LENGTH_SIZE 4
#define CAPACITY_MAX (1u << 24)

struct packet_ring {
	uint32_t mask;
	_Atomic uint32_t written; /* the writer's: bytes ever written */
	_Atomic uint32_t read;    /* the reader's: bytes ever read */
	_Atomic uint32_t dropped_full, dropped_long;
	uint8_t bytes[];
};

packet_ring *ring_create(size_t capacity, port_place place, port_subsystem subsystem)
{
	size_t size = 16;

	if (capacity > CAPACITY_MAX)
		return NULL;
	while (size < capacity)
		size *= 2;
	packet_ring *ring = port_alloc(sizeof *ring + size, place, subsystem);
	if (ring)
		ring->mask = (uint32_t)size - 1;
	return ring;
}

void ring_free(packet_ring *ring)
{
	port_free(ring);
}

static uint32_t copy_in(packet_ring *ring, uint32_t at, const void *from, size_t length)
{
	if (length) {
		size_t offset = at & ring->mask;
		size_t first = ring->mask + 1 - offset;

		if (first > length)
			first = length;
		memcpy(ring->bytes + offset, from, first);
		memcpy(ring->bytes, (const uint8_t *)from + first, length - first);
	}
	return at + (uint32_t)length;
}

static uint32_t copy_out(const packet_ring *ring, uint32_t at, void *to, size_t length)
{
	if (length) {
		size_t offset = at & ring->mask;
		size_t first = ring->mask + 1 - offset;

		if (first > length)
			first = length;
		memcpy(to, ring->bytes + offset, first);
		memcpy((uint8_t *)to + first, ring->bytes, length - first);
	}
	return at + (uint32_t)length;
}

/* For counters that one thread alone stores to. */
static void count(_Atomic uint32_t *counter)
{
	uint32_t value = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, value + 1, memory_order_relaxed);
}

bool ring_write(packet_ring *ring, const void *head, size_t head_length, const void *body,
				size_t body_length)
{
	uint32_t at = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t read = atomic_load_explicit(&ring->read, memory_order_acquire);
	size_t room = (size_t)ring->mask + 1 - (at - read);

	if (room < LENGTH_SIZE || head_length > room - LENGTH_SIZE ||
		body_length > room - LENGTH_SIZE - head_length) {
		count(&ring->dropped_full);
		return false;
	}
	uint32_t length = (uint32_t)(head_length + body_length);
	at = copy_in(ring, at, &length, LENGTH_SIZE);
	at = copy_in(ring, at, head, head_length);
	at = copy_in(ring, at, body, body_length);
	atomic_store_explicit(&ring->written, at, memory_order_release);
	return true;
}

bool ring_read(packet_ring *ring, void *head, size_t head_length, void *body, size_t room,
			   size_t *body_length)
{
	uint32_t at = atomic_load_explicit(&ring->read, memory_order_relaxed);

	while (at != atomic_load_explicit(&ring->written, memory_order_acquire)) {
		uint32_t length;
		uint32_t start = copy_out(ring, at, &length, LENGTH_SIZE);
		bool fits = length >= head_length && length - head_length <= room;

		at = start + length;
		if (fits) {
			*body_length = length - head_length;
			start = copy_out(ring, start, head, head_length);
			copy_out(ring, start, body, *body_length);
		} else {
			count(&ring->dropped_long);
		}
		atomic_store_explicit(&ring->read, at, memory_order_release);
		if (fits)
			return true;
	}
	return false;
}

uint32_t ring_dropped(const packet_ring *ring)
{
	return atomic_load_explicit(&ring->dropped_full, memory_order_relaxed) +
		   atomic_load_explicit(&ring->dropped_long, memory_order_relaxed);
}
