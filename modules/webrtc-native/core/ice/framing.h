/*
 * Packets in a byte stream, sans-IO: as ICE-TCP frames them (RFC 4571),
 *
 *   | length (2) | packet |
 *
 * and as TURN does over TCP and TLS (RFC 8656 section 3.1): a STUN message or ChannelData, whose
 * own lengths tell where they end; ChannelData is padded to a multiple of four.
 */
#ifndef LKXS_FRAMING_H
#define LKXS_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { FRAMING_ICE_TCP, FRAMING_TURN } framing_kind;

/** What has come of a stream. Bytes go to framing_room(), framing_next() gives whole packets. */
typedef struct {
	framing_kind kind;
	uint8_t *bytes; /* the owner's */
	size_t capacity, start, end;
	size_t skip;       /* bytes of a packet that was too large, still to come */
	bool broken;       /* nothing can follow: the stream is to be closed */
	uint32_t oversize; /* packets that were thrown away */
} framing;

/** The largest packet is `capacity`, less 2 with FRAMING_ICE_TCP. */
void framing_init(framing *self, framing_kind kind, uint8_t *bytes, size_t capacity);
/** Where the next bytes go; never without room once framing_next() has said false. */
uint8_t *framing_room(framing *self, size_t *room);
void framing_received(framing *self, size_t length);
/** The next whole packet, valid until framing_room(); false when there is none yet, or never. */
bool framing_next(framing *self, uint8_t **packet, size_t *length);

#define FRAMING_HEAD_MAX 2
#define FRAMING_PADDING_MAX 3

/** What goes before a packet: its length; and how many zeros behind, in *padding. */
size_t framing_head(framing_kind kind, size_t length, uint8_t out[FRAMING_HEAD_MAX],
					size_t *padding);

#endif
