/*
 * Playout order of one remote stream. This first buffer reorders within a fixed delay, conceals
 * gaps, and follows the sender's clock by whole frames; the adaptive one (issue F) takes its place
 * behind the same functions. Fixed memory, one thread.
 */
#ifndef LKXS_AUDIO_JITTER_H
#define LKXS_AUDIO_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JITTER_SLOTS 32 /* packets held, 640 ms of 20 ms frames */

typedef enum {
	JITTER_EMPTY,  /* not started or stopped: play silence */
	JITTER_PACKET, /* decode this */
	JITTER_LOST    /* conceal one frame */
} jitter_result;

typedef struct {
	uint32_t accepted, late, duplicate, overflow, lost, resyncs;
	uint32_t depth; /* packets waiting now */
} jitter_stats;

typedef struct jitter_buffer jitter_buffer;

/** `target_ms`: delay before the first packet plays and to which a drained buffer fills again. */
jitter_buffer *jitter_create(uint32_t target_ms);
void jitter_free(jitter_buffer *jitter);
void jitter_put(jitter_buffer *jitter, uint16_t sequence, uint32_t timestamp,
                const uint8_t *payload, size_t length, uint64_t now);
/** What to play next. A packet's bytes are valid until the next call. */
jitter_result jitter_get(jitter_buffer *jitter, const uint8_t **payload, size_t *length,
                         uint64_t now);
void jitter_get_stats(const jitter_buffer *jitter, jitter_stats *out);

#endif
