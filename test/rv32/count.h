/*
 * Instructions by what they were spent on: one owner's (a peer's, with the audio that belongs to
 * it), in one part of the core at a time. What a part calls in another part counts there.
 */
#ifndef LKXS_RV32_COUNT_H
#define LKXS_RV32_COUNT_H

#include <stdint.h>

typedef enum {
	COUNT_OUTSIDE, /* the simulation */
	COUNT_PEER,
	COUNT_ICE,
	COUNT_DTLS,
	COUNT_SRTP,
	COUNT_AES,
	COUNT_HMAC,
	COUNT_SCTP,
	COUNT_RING,
	COUNT_AUDIO, /* capture, playout and mix, without what follows */
	COUNT_LEVEL,
	COUNT_JITTER,
	COUNT_OPUS,
	COUNT_ECHO,
	COUNT_IDENTITY,
	COUNT_PARTS
} count_part;

#define COUNT_NOBODY 0
#define COUNT_OWNERS 3 /* nobody, and two peers */

typedef struct {
	uint8_t owner, part;
} count_place;

/** Enters a part; give what it returns to count_leave(). */
count_place count_enter(count_part part);
/** The same, for a certain owner. */
count_place count_enter_as(int owner, count_part part);
void count_leave(count_place before);
/** Begins anew. */
void count_clear(void);
/** Since then. */
uint64_t count_of(int owner, count_part part);
const char *count_name(count_part part);

#endif
