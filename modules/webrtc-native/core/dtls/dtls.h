/*
 * DTLS 1.2 with use_srtp (RFC 6347, RFC 5764), sans-IO. Media keys exist only after the peer's
 * certificate matched the signalled fingerprint (RFC 8122), so no media can be accepted before.
 */
#ifndef LKXS_DTLS_H
#define LKXS_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../crypto/crypto.h"

typedef enum { DTLS_NEW, DTLS_CONNECTING, DTLS_CONNECTED, DTLS_CLOSED, DTLS_FAILED } dtls_state;

typedef struct {
	bool server;
	const crypto_identity *identity;
	uint8_t peer_fingerprint[32]; /* SHA-256 */
	/* The owner's way out; called from inside dtls_* calls. */
	void (*send)(void *context, const uint8_t *datagram, size_t length);
	/* The owner's, NET_DATAGRAM_MAX bytes: where data is decrypted to, inside dtls_* calls. It may
	 * be where the datagram is that dtls_input() is given: that is copied before. */
	uint8_t *room;
	/** Decrypted application data (SCTP), in `room`. */
	void (*receive)(void *context, const uint8_t *bytes, size_t length);
	void *context;
} dtls_config;

typedef struct {
	uint32_t datagrams_in, datagrams_out;
	uint32_t retransmissions; /* flights that our timer sent again */
	uint32_t dropped;         /* no DTLS record, over NET_DATAGRAM_MAX, or not expected now */
} dtls_stats;

typedef struct dtls_transport dtls_transport;

dtls_transport *dtls_create(const dtls_config *config, uint64_t now);
void dtls_free(dtls_transport *dtls);
/**
 * Call when ICE has a path. A client sends its first flight; a server answers the ClientHello that
 * dtls_input() was given before, or waits for it. Fails after 20 s.
 */
void dtls_start(dtls_transport *dtls, uint64_t now);
void dtls_input(dtls_transport *dtls, const uint8_t *bytes, size_t length, uint64_t now);
uint64_t dtls_timeout(const dtls_transport *dtls); /* UINT64_MAX for never */
void dtls_handle_timeout(dtls_transport *dtls, uint64_t now);
/** Application data in one record; -1 unless connected and length fits a datagram. */
int dtls_send(dtls_transport *dtls, const uint8_t *bytes, size_t length, uint64_t now);
void dtls_close(dtls_transport *dtls, uint64_t now);

dtls_state dtls_get_state(const dtls_transport *dtls);
/** One line when DTLS_FAILED, else "". Static text: it outlives the transport. */
const char *dtls_error(const dtls_transport *dtls);
/** Keys by RFC 5764 section 4.2, split for this side. -1 unless connected. */
typedef struct {
	uint8_t local_key[16], local_salt[14], remote_key[16], remote_salt[14];
} dtls_srtp_keys;
int dtls_get_srtp_keys(dtls_transport *dtls, dtls_srtp_keys *out);
void dtls_get_stats(const dtls_transport *dtls, dtls_stats *out);

#endif
