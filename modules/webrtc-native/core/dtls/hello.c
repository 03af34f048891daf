/*
 * Record, RFC 6347 section 4.1:      type (1) version (2) epoch (2) sequence (6) length (2)
 * Handshake header, section 4.2.2:   type (1) length (3) message_seq (2) offset (3) length (3)
 */
#include "hello.h"

#include <stdbool.h>
#include <string.h>

#define RECORD_HEADER 13
#define HANDSHAKE_HEADER 12
#define HEADERS (RECORD_HEADER + HANDSHAKE_HEADER)
#define TYPE_HANDSHAKE 22
#define TYPE_CLIENT_HELLO 1

static uint32_t get16(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

static uint32_t get24(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 16 | get16(bytes + 1);
}

/* Adds one record's fragment. Fragments out of order are left to the client's next try. */
static bool add_fragment(dtls_hello *hello, uint8_t *record, const uint8_t *bytes, size_t length)
{
	if (bytes[0] != TYPE_HANDSHAKE || get16(bytes + 3) != 0 || length < HEADERS)
		return false;
	const uint8_t *message = bytes + RECORD_HEADER;
	size_t total = get24(message + 1), offset = get24(message + 6), size = get24(message + 9);
	uint16_t sequence = (uint16_t)get16(message + 4);
	if (message[0] != TYPE_CLIENT_HELLO || total == 0 || total > DTLS_HELLO_MAX - HEADERS ||
		size == 0 || offset > total || size > total - offset || size != length - HEADERS)
		return false;

	if (offset == 0 || total != hello->total || sequence != hello->sequence)
		*hello = (dtls_hello){.sequence = sequence, .total = total};
	if (offset > hello->length)
		return false;
	memcpy(record + HEADERS + offset, bytes + HEADERS, size);
	if (offset + size > hello->length)
		hello->length = offset + size;
	/* The newest record's headers, made those of the whole. */
	memcpy(record, bytes, HEADERS);
	return hello->length == total;
}

size_t dtls_hello_input(dtls_hello *hello, uint8_t record[DTLS_HELLO_MAX], const uint8_t *datagram,
						size_t length)
{
	while (length >= RECORD_HEADER) {
		size_t size = RECORD_HEADER + get16(datagram + 11);
		if (size > length)
			break;
		if (add_fragment(hello, record, datagram, size)) {
			size_t total = hello->total, body = HANDSHAKE_HEADER + total;
			*hello = (dtls_hello){0};
			record[11] = (uint8_t)(body >> 8);
			record[12] = (uint8_t)body;
			uint8_t *message = record + RECORD_HEADER;
			memset(message + 6, 0, 3);
			memcpy(message + 9, message + 1, 3);
			return HEADERS + total;
		}
		datagram += size;
		length -= size;
	}
	return 0;
}
