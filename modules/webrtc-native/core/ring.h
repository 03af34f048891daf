/*
 * Lock-free ring of variable-length records between exactly one writer and one reader thread:
 * the only way audio and transport meet. Never blocks, never allocates after creation.
 */
#ifndef LKXS_RING_H
#define LKXS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "port.h"

typedef struct packet_ring packet_ring;

/** A ring of `capacity` bytes (rounded up to a power of two), each record costing 4 more. */
packet_ring *ring_create(size_t capacity, port_place place, port_subsystem subsystem);
void ring_free(packet_ring *ring);
/** Appends head and body as one record. False, and counted as a drop, when there is no room. */
bool ring_write(packet_ring *ring, const void *head, size_t head_length, const void *body,
				size_t body_length);
/**
 * Takes the oldest record: its head into `head` (exactly head_length bytes), up to `room` bytes of
 * its body into `body`, *body_length set. False when empty. Longer bodies are dropped, counted.
 */
bool ring_read(packet_ring *ring, void *head, size_t head_length, void *body, size_t room,
			   size_t *body_length);
uint32_t ring_dropped(const packet_ring *ring);

#endif
