/*
 * STUN messages (RFC 8489), as far as ICE (RFC 8445), consent (RFC 7675) and TURN (RFC 8656) need
 * them: reading, writing, MESSAGE-INTEGRITY (HMAC-SHA1) and FINGERPRINT.
 *
 *    0                   1                   2                   3
 *    0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *   |0 0|   class and method        |   length of what follows      |
 *   |                 magic cookie 0x2112a442                       |
 *   |                    transaction id (96 bits)                   |
 *   |   attribute type              |   length of value             |
 *   |                 value, padded to 4 bytes                  ....
 */
#ifndef LKXS_STUN_H
#define LKXS_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../net.h"

#define STUN_HEADER 20
#define STUN_ID 12
#define STUN_COOKIE UINT32_C(0x2112a442)
#define STUN_UNKNOWN_MAX 4
#define STUN_INTEGRITY_SIZE 20
#define STUN_FINGERPRINT_XOR UINT32_C(0x5354554e) /* "STUN" */

typedef enum {
	STUN_REQUEST = 0x000,
	STUN_INDICATION = 0x010,
	STUN_SUCCESS = 0x100,
	STUN_ERROR = 0x110
} stun_class;

/** Methods (RFC 8489 section 18.2, RFC 8656 section 17). */
enum {
	STUN_BINDING = 0x001,
	STUN_ALLOCATE = 0x003,
	STUN_REFRESH = 0x004,
	STUN_SEND = 0x006,
	STUN_DATA = 0x007,
	STUN_CREATE_PERMISSION = 0x008,
	STUN_CHANNEL_BIND = 0x009
};

/** Attribute types (RFC 8489 section 18.3, RFC 8445 section 20.3, RFC 8656 section 18). */
enum {
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_CHANNEL_NUMBER = 0x000c,
	STUN_LIFETIME = 0x000d,
	STUN_XOR_PEER_ADDRESS = 0x0012,
	STUN_DATA_VALUE = 0x0013,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_XOR_RELAYED_ADDRESS = 0x0016,
	STUN_REQUESTED_ADDRESS_FAMILY = 0x0017,
	STUN_REQUESTED_TRANSPORT = 0x0019,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_SOFTWARE = 0x8022,
	STUN_ALTERNATE_SERVER = 0x8023,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a
};

/** Bytes inside the message that was read; NULL when the attribute is absent. */
typedef struct {
	const uint8_t *bytes;
	uint16_t length;
} stun_text;

typedef struct {
	stun_class kind;
	uint16_t method;
	const uint8_t *id; /* STUN_ID bytes */

	stun_text username, realm, nonce, software, data;
	net_address mapped, relayed, peer; /* XOR-…-ADDRESS; family 0 when absent */
	net_address alternate;             /* ALTERNATE-SERVER; likewise */
	uint64_t tie_breaker;
	uint32_t priority;
	uint32_t lifetime;   /* seconds; 0 also when absent */
	uint16_t error_code; /* 300 to 699; 0 when absent */
	bool has_priority, use_candidate, controlling, controlled, has_fingerprint;

	/* Comprehension-required attributes that were not understood (the first ones). */
	uint16_t unknown[STUN_UNKNOWN_MAX];
	uint8_t unknown_count;

	const uint8_t *bytes;
	size_t integrity_at; /* offset of MESSAGE-INTEGRITY, 0 when absent */
} stun_message;

/**
 * Reads one whole datagram. False when it is not STUN or malformed: wrong lengths, an attribute of
 * wrong size, a FINGERPRINT that is wrong or not last. What follows MESSAGE-INTEGRITY is not
 * covered by it, so all but FINGERPRINT is ignored there (RFC 8489 section 14.5). Of an attribute
 * that comes twice the first counts. `out` points into `bytes`.
 */
bool stun_read(stun_message *out, const uint8_t *bytes, size_t length);

/** True when MESSAGE-INTEGRITY is there and right for `key`. Compares in constant time. */
bool stun_check_integrity(const stun_message *message, const uint8_t *key, size_t key_length);

/** CRC-32 of ITU V.42 (as FINGERPRINT uses it). */
uint32_t stun_crc32(const uint8_t *bytes, size_t length);

/** Builds a message in a buffer; a put that does not fit makes stun_end() return 0. */
typedef struct {
	uint8_t *bytes;
	size_t capacity, length;
	bool overflow;
} stun_writer;

void stun_begin(stun_writer *writer, uint8_t *bytes, size_t capacity, stun_class kind,
				uint16_t method, const uint8_t id[STUN_ID]);
/** An attribute of `length` zero bytes, to be filled in; NULL when it does not fit. */
uint8_t *stun_put(stun_writer *writer, uint16_t type, size_t length);
void stun_put_bytes(stun_writer *writer, uint16_t type, const void *value, size_t length);
void stun_put_u32(stun_writer *writer, uint16_t type, uint32_t value);
void stun_put_u64(stun_writer *writer, uint16_t type, uint64_t value);
void stun_put_xor_address(stun_writer *writer, uint16_t type, const net_address *address);
void stun_put_error(stun_writer *writer, uint16_t code, const char *reason);
void stun_put_unknown(stun_writer *writer, const uint16_t *types, size_t count);
/** Adds MESSAGE-INTEGRITY (unless `key` is NULL) and FINGERPRINT. The length, or 0. */
size_t stun_end(stun_writer *writer, const uint8_t *key, size_t key_length);

#endif
