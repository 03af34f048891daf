/*
 * SRTP and SRTCP with AES_CM_128_HMAC_SHA1_80 (RFC 3711). One context per direction; a sender's
 * and a receiver's state per SSRC, fixed in number. Packets are sealed and opened in place.
 */
#ifndef LKXS_SRTP_H
#define LKXS_SRTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bounds.h"

#define SRTP_TAG 10                   /* bytes that sealing RTP adds */
#define SRTCP_OVERHEAD (4 + SRTP_TAG) /* bytes that sealing RTCP adds */
#define SRTP_SPENT_MAX 240            /* SSRCs sealed for before those */

typedef enum {
	SRTP_OK = 0,
	SRTP_MALFORMED = -1,
	SRTP_AUTHENTICATION = -2,
	SRTP_REPLAYED = -3,  /* seen or sealed before, or older than the 64-packet window */
	SRTP_NO_STREAM = -4, /* sealing: too many SSRCs under these keys, or one that was displaced */
	SRTP_NO_ROOM = -5,
	SRTP_EXHAUSTED = -6 /* key lifetime of 2^48 RTP or 2^31 RTCP packets is over */
} srtp_result;

typedef struct {
	uint32_t packets, malformed, authentication, replayed, no_stream;
} srtp_stats;

typedef struct srtp_context srtp_context;

srtp_context *srtp_context_create(const uint8_t key[16], const uint8_t salt[14]);
void srtp_context_free(srtp_context *context); /* wipes the keys */

/*
 * A stream's first packet counts as of round 0: begin sequence numbers below 2^15, so that a
 * receiver that misses the first ones cannot take them for another round.
 */
/**
 * `length`: the packet's on entry, the sealed packet's on return; `room` is the buffer's size.
 * No index of an SSRC is sealed twice: to send a packet again, send the sealed bytes again. A new
 * SSRC beyond SRTP_STREAMS_MAX displaces the idlest, which is refused from then on.
 */
srtp_result srtp_seal(srtp_context *context, uint8_t *packet, size_t *length, size_t room);
srtp_result srtp_open(srtp_context *context, uint8_t *packet, size_t *length);
srtp_result srtcp_seal(srtp_context *context, uint8_t *packet, size_t *length, size_t room);
srtp_result srtcp_open(srtp_context *context, uint8_t *packet, size_t *length);
/**
 * The sequence number that continues the SSRC's packets: whoever sends for it anew begins there.
 * False when nothing was sealed for it, and any will do.
 */
bool srtp_next_sequence(srtp_context *context, uint32_t ssrc, uint16_t *next);
/**
 * Lets a receiver forget an SSRC, so that its slot can be used again. (By itself it forgets the
 * one that was silent longest when a new one comes.) Never for a context that seals.
 */
void srtp_forget(srtp_context *context, uint32_t ssrc);
void srtp_get_stats(const srtp_context *context, srtp_stats *out);

#endif
