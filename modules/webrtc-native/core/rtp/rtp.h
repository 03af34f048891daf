/* RTP packets (RFC 3550) with one-byte header extensions (RFC 8285). Reading never copies. */
#ifndef LKXS_RTP_H
#define LKXS_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RTP_HEADER 12
#define RTP_MID_MAX 16 /* one-byte extensions hold 1 to 16 bytes */

/** Ids of negotiated extensions (1 to 14), 0 where not negotiated. */
typedef struct {
	uint8_t audio_level; /* RFC 6464 */
	uint8_t mid;         /* RFC 9143 */
} rtp_extensions;

typedef struct {
	bool marker;
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp;
	uint32_t ssrc;
	/* Extensions, when present and negotiated: */
	bool has_level;
	bool voice;    /* RFC 6464 V bit */
	uint8_t level; /* -dBov, 0 (loud) to 127 (silent) */
	uint8_t mid_length;
	const char *mid; /* not terminated */
	const uint8_t *payload;
	size_t payload_length;
} rtp_packet;

/** 0, or -1 when malformed (version, lengths, padding). `packet` points into `bytes`. */
int rtp_read(rtp_packet *packet, const uint8_t *bytes, size_t length,
			 const rtp_extensions *extensions);
/** Writes header, extensions and payload; the length, or 0 when `room` is too small. */
size_t rtp_write(const rtp_packet *packet, const rtp_extensions *extensions, uint8_t *out,
				 size_t room);

#endif
