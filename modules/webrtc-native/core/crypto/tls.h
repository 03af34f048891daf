/*
 * One TLS or DTLS session, sans-IO: bytes in through tls_session_input(), bytes out through the
 * send callback. dtls/ uses it as datagrams with its own timer, port streams use it over TCP.
 */
#ifndef LKXS_TLS_H
#define LKXS_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto.h"

typedef enum {
	TLS_OK,
	TLS_WANT_INPUT,  /* nothing more to do until bytes or time come */
	TLS_WANT_OUTPUT, /* send callback refused; call again when writable */
	TLS_CLOSED,      /* close_notify received */
	TLS_FAILED       /* tls_session_error() says why */
} tls_result;

typedef struct {
	bool datagram; /* DTLS 1.2 with use_srtp offered (AES_CM_128_HMAC_SHA1_80 only) */
	bool server;
	const crypto_identity *identity; /* copied; required for DTLS, NULL for TLS clients */
	/* TLS clients: */
	const char *host_name; /* SNI and certificate name check; an IP address is checked as such */
	const uint8_t *ca;     /* PEM or DER trust anchors to use; NULL takes the system's roots */
	size_t ca_length;
	bool insecure; /* no verification at all; the caller must have said so loudly */
	/* DTLS: the SHA-256 the peer's certificate must have; checked inside the handshake. */
	const uint8_t *peer_fingerprint;
	/** Sends bytes: the count taken, 0 when it would block, -1 when the transport is gone. */
	int (*send)(void *context, const uint8_t *bytes, size_t length);
	void *context;
	/** Monotonic microseconds, for the DTLS retransmission timer. */
	uint64_t (*now)(void *context);
} tls_config;

typedef struct tls_session tls_session;

/** NULL with one line in `error`. With the system's roots: slow the first time, and on the worker.
 */
tls_session *tls_session_create(const tls_config *config, char *error, size_t error_size);
void tls_session_free(tls_session *session);

/**
 * Gives received bytes. Stream bytes are appended (at most the count returned is taken); a datagram
 * replaces what was not read, and stays the caller's: its bytes must be there until they are read,
 * or until the next one. Then call handshake or read until TLS_WANT_INPUT.
 */
size_t tls_session_input(tls_session *session, const uint8_t *bytes, size_t length);
tls_result tls_session_handshake(tls_session *session);
/** When to call tls_session_handshake() again though nothing came; UINT64_MAX for never. */
uint64_t tls_session_timeout(const tls_session *session);
/** *length: room in `out` on entry, bytes read on TLS_OK. */
tls_result tls_session_read(tls_session *session, uint8_t *out, size_t *length);
/**
 * *length: bytes offered on entry, bytes taken on TLS_OK. After TLS_WANT_OUTPUT the next call must
 * begin with the same bytes: some of them may be under way. What does not fit one datagram is not
 * taken: TLS_OK and 0.
 */
tls_result tls_session_write(tls_session *session, const uint8_t *bytes, size_t *length);
void tls_session_close(tls_session *session); /* sends close_notify, best effort */

/**
 * One line for people: "certificate has expired", "self-signed or unknown issuer", … Static text
 * for datagram sessions, else valid until the session is freed. "" while nothing went wrong.
 */
const char *tls_session_error(const tls_session *session);
/** Whether it failed because the peer's certificate was not accepted. */
bool tls_session_certificate_refused(const tls_session *session);
/** "TLS 1.2 ECDHE-ECDSA-…", for reports. "" for datagram sessions. */
const char *tls_session_cipher(const tls_session *session);
/** RFC 5764 section 4.2: 2 keys and 2 salts, 60 bytes. -1 unless connected with use_srtp. */
int tls_session_srtp_keys(tls_session *session, uint8_t out[60]);

/**
 * Port: the system's trust anchors as PEM text ending in NUL (counted in *length), from port_alloc;
 * the caller frees it. NULL when the platform has none. Called once, on the worker.
 */
uint8_t *port_system_roots(size_t *length);

#endif
