/*
 * The door of a DTLS server that waits for its first ClientHello. Only such a message passes, so
 * that stray datagrams cannot end a handshake that has not begun; and one that came in fragments
 * (RFC 6347 section 4.2.3), as browsers send it, is put together, for mbedTLS 2.28 and 4.0 cannot.
 */
#ifndef LKXS_DTLS_HELLO_H
#define LKXS_DTLS_HELLO_H

#include <stddef.h>
#include <stdint.h>

/** Largest ClientHello, as one record with its headers. */
#define DTLS_HELLO_MAX 2048

typedef struct {
	uint16_t sequence; /* of the message being put together */
	size_t total;      /* its length, 0 for none */
	size_t length;     /* what has come of it, from its beginning on */
} dtls_hello;

/**
 * Takes a datagram's fragments. Returns the length of the whole ClientHello, which then stands in
 * `record` as one unfragmented record, or 0 when it is not complete. `record` is kept by the caller
 * between calls.
 */
size_t dtls_hello_input(dtls_hello *hello, uint8_t record[DTLS_HELLO_MAX], const uint8_t *datagram,
						size_t length);

#endif
