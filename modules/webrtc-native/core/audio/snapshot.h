/*
 * Figures that one thread writes and any other reads, without a lock: the reader tries again when
 * the writer was busy. After a few tries it takes what is there, so that a reader which keeps the
 * writer from running cannot wait for it forever.
 */
#ifndef LKXS_AUDIO_SNAPSHOT_H
#define LKXS_AUDIO_SNAPSHOT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SNAPSHOT_WORDS 16
#define SNAPSHOT_TRIES 8

typedef struct {
	_Atomic uint32_t version; /* odd while being written */
	_Atomic uint32_t words[SNAPSHOT_WORDS];
} snapshot;

/** `size`: a multiple of 4, at most 4 * SNAPSHOT_WORDS bytes. */
static inline void snapshot_write(snapshot *figures, const void *from, size_t size)
{
	uint32_t version = atomic_load_explicit(&figures->version, memory_order_relaxed);

	atomic_store_explicit(&figures->version, version + 1, memory_order_relaxed);
	for (size_t i = 0; i < size / 4; i++) {
		uint32_t word;

		memcpy(&word, (const uint8_t *)from + 4 * i, 4);
		atomic_store_explicit(&figures->words[i], word, memory_order_release);
	}
	atomic_store_explicit(&figures->version, version + 2, memory_order_release);
}

static inline void snapshot_read(const snapshot *figures, void *to, size_t size)
{
	for (int tries = 0; tries < SNAPSHOT_TRIES; tries++) {
		uint32_t before = atomic_load_explicit(&figures->version, memory_order_acquire);

		for (size_t i = 0; i < size / 4; i++) {
			uint32_t word = atomic_load_explicit(&figures->words[i], memory_order_acquire);

			memcpy((uint8_t *)to + 4 * i, &word, 4);
		}
		uint32_t after = atomic_load_explicit(&figures->version, memory_order_relaxed);
		if (before == after && before % 2 == 0)
			return;
	}
}

#endif
