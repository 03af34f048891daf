/*
 * Playout order of one remote stream. This first buffer reorders within a fixed delay, conceals
 * gaps, and follows the sender's clock; an adaptive one takes its place behind the same
 * functions. Fixed memory, one thread, no knowledge of the codec.
 */
#ifndef LKXS_AUDIO_JITTER_H
#define LKXS_AUDIO_JITTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bounds.h"

#define JITTER_SLOTS 32     /* packets held, 640 ms of 20 ms frames */
#define JITTER_TARGET_MS 60 /* the usual delay */

typedef enum {
	JITTER_EMPTY,  /* not started or stopped: play silence */
	JITTER_PACKET, /* decode this */
	JITTER_LOST    /* conceal `duration` */
} jitter_result;

typedef struct {
	const uint8_t *payload; /* valid until the next call */
	size_t length;
	uint32_t duration; /* RTP clock units at 48 kHz */
	bool shorten; /* more waits than the delay asks for: play this packet in about half its time */
} jitter_frame;

typedef struct {
	uint32_t accepted;
	uint32_t late;      /* came after their turn; dropped */
	uint32_t duplicate; /* dropped */
	uint32_t overflow;  /* dropped, oldest first: too much waited, or a sequence began anew */
	uint32_t lost;      /* missing when their turn came, also those that came late */
	uint32_t resyncs;   /* the sender's sequence or timestamps began anew */
	uint32_t depth;     /* packets waiting now */
} jitter_stats;

typedef struct jitter_buffer jitter_buffer;

/** `target_ms`: delay before the first packet plays, and to which a drained buffer fills again. */
jitter_buffer *jitter_create(uint32_t target_ms);
void jitter_free(jitter_buffer *jitter);
/** Room for a packet on its way to jitter_put(), until the next jitter_get(): JITTER_PACKET_MAX
 * bytes. */
uint8_t *jitter_room(jitter_buffer *jitter);
/** `duration`: RTP clock units in the packet, not 0. `now`: when it arrived, microseconds. */
void jitter_put(jitter_buffer *jitter, uint16_t sequence, uint32_t timestamp, uint32_t duration,
				const uint8_t *payload, size_t length, uint64_t now);
/** What to play next, after the `duration` of the last call has been played. */
jitter_result jitter_get(jitter_buffer *jitter, jitter_frame *out, uint64_t now);
void jitter_get_stats(const jitter_buffer *jitter, jitter_stats *out);

#endif
