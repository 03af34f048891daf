/* What SCTP looks like on the wire: numbers, readers that check every length, CRC32c. */
#ifndef LKXS_SCTP_WIRE_H
#define LKXS_SCTP_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bytes.h"

/* RFC 9260 section 3.2 */
typedef enum {
	CHUNK_DATA = 0,
	CHUNK_INIT = 1,
	CHUNK_INIT_ACK = 2,
	CHUNK_SACK = 3,
	CHUNK_HEARTBEAT = 4,
	CHUNK_HEARTBEAT_ACK = 5,
	CHUNK_ABORT = 6,
	CHUNK_SHUTDOWN = 7,
	CHUNK_SHUTDOWN_ACK = 8,
	CHUNK_ERROR = 9,
	CHUNK_COOKIE_ECHO = 10,
	CHUNK_COOKIE_ACK = 11,
	CHUNK_SHUTDOWN_COMPLETE = 14,
	CHUNK_RE_CONFIG = 130,  /* RFC 6525 */
	CHUNK_FORWARD_TSN = 192 /* RFC 3758 */
} chunk_type;

/* What to do with a chunk or parameter of unknown type: its two highest bits. */
#define CHUNK_UNKNOWN_SKIP 0x80
#define CHUNK_UNKNOWN_REPORT 0x40
#define PARAMETER_UNKNOWN_SKIP 0x8000
#define PARAMETER_UNKNOWN_REPORT 0x4000

#define DATA_END 0x01
#define DATA_BEGIN 0x02
#define DATA_UNORDERED 0x04
#define DATA_IMMEDIATE 0x08 /* RFC 7053 */
#define TAG_REFLECTED 0x01  /* T bit of ABORT and SHUTDOWN COMPLETE */

typedef enum {
	PARAMETER_STATE_COOKIE = 7,
	PARAMETER_UNRECOGNIZED = 8,
	PARAMETER_RFC9260_LAST = 12,
	PARAMETER_OUTGOING_RESET = 13,
	PARAMETER_INCOMING_RESET = 14,
	PARAMETER_TSN_RESET = 15,
	PARAMETER_RECONFIG_RESPONSE = 16,
	PARAMETER_ADD_OUTGOING = 17,
	PARAMETER_ADD_INCOMING = 18,
	PARAMETER_ZERO_CHECKSUM = 0x8001, /* RFC 9653 */
	PARAMETER_EXTENSIONS = 0x8008,    /* RFC 5061 section 4.2.7 */
	PARAMETER_FORWARD_TSN = 0xc000
} parameter_type;

typedef enum {
	CAUSE_INVALID_STREAM = 1,
	CAUSE_MISSING_PARAMETER = 2,
	CAUSE_STALE_COOKIE = 3,
	CAUSE_UNRECOGNIZED_CHUNK = 6,
	CAUSE_INVALID_PARAMETER = 7,
	CAUSE_UNRECOGNIZED_PARAMETERS = 8,
	CAUSE_NO_USER_DATA = 9,
	CAUSE_USER_ABORT = 12,
	CAUSE_PROTOCOL_VIOLATION = 13
} cause_code;

#define PACKET_HEADER 12
#define CHUNK_HEADER 4
#define DATA_HEADER 16u
#define INIT_HEADER 20 /* chunk header and fixed fields */
#define SACK_HEADER 16
#define PARAMETER_HEADER 4
#define CHECKSUM_BY_DTLS 1 /* RFC 9653 section 8: the error detection method */

#define PAD4(length) (((length) + 3u) & ~(size_t)3)

/* Serial number arithmetic (RFC 9260 section 1.6). */
static inline bool tsn_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/** One chunk, or one parameter or error cause: they are built alike. */
typedef struct {
	uint16_t type; /* of chunks, the flags are apart */
	uint8_t flags;
	const uint8_t *value; /* behind the four bytes of header */
	size_t length;        /* of the value */
} sctp_item;

typedef struct {
	const uint8_t *at, *end;
} sctp_items;

/**
 * The next chunk. False at the end, and, *malformed set, when its length field is under 4 or over
 * what is there. The last one's padding may be missing.
 */
bool sctp_next_chunk(sctp_items *items, sctp_item *out, bool *malformed);
bool sctp_next_parameter(sctp_items *items, sctp_item *out, bool *malformed);

/** CRC32c (RFC 9260 appendix A) over a packet whose checksum field counts as zero. */
uint32_t sctp_crc32c(const uint8_t *packet, size_t length);

#endif
