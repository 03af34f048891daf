/* A session's insides, shared by tls_setup.c, tls.c, tls_records.c, tls_verify.c and
 * tls_words.c. */
#ifndef LKXS_TLS_INTERNAL_H
#define LKXS_TLS_INTERNAL_H

#include "../bounds.h"
#include "mbed.h"
#include "tls.h"

#define TLS_TEXT_MAX 256

/* What sessions over TCP have, all of them a client's, and DTLS does not. */
typedef struct {
	mbedtls_x509_crt anchors; /* the caller's, when it gave some; until it is connected */
	/* Looks for the issuer of a chain's last certificate elsewhere than in a chain of anchors. */
	int (*verify_root)(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);
	/* What the peer's certificate is held against. */
	char host_name[256];
	uint8_t host_ip[16];
	size_t host_ip_length; /* 4 or 16 when the host is an address, else 0 */
	char peer_names[96];   /* for whom the certificate is, when it is not for the host */
	uint8_t trust[32];     /* whom we take the server for, and on whose word */
	bool keeps, resumes;   /* the session is kept for later; an earlier one was offered */

	char text[TLS_TEXT_MAX]; /* of `error`, when it has names in it */
	char cipher[80];
	uint8_t buffer[STREAM_INBOUND];
} tls_stream;

struct tls_session {
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	/* Ours, for datagrams; until the session is connected. */
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	bool datagram, connected;

	int (*send)(void *context, const uint8_t *bytes, size_t length);
	void *context;
	uint64_t (*now)(void *context);
	uint64_t timer_soft, timer_hard; /* microseconds; 0 when off */
	uint32_t timer_span;             /* of timer_hard, until it was found late once */
	size_t written;                  /* bytes of a write that mbedTLS has taken but not sent */

	tls_stream *stream;           /* NULL for datagrams */
	uint8_t peer_fingerprint[32]; /* what a datagram session's peer must have */
	uint32_t refused;             /* MBEDTLS_X509_BADCERT_… of the chain */

	mbed_master master;
	const char *error;

	/* Received, not read yet: input_start .. input_end of `input`, which is the stream's buffer, or
	 * the caller's datagram. */
	const uint8_t *input;
	size_t input_start, input_end;

	size_t record_held, record_most; /* mbedTLS's buffer for incoming records: bytes */
};

/** Frees what the handshake alone needs: our certificate and its key, and the anchors. */
void tls_forget_certificates(tls_session *session);
/** Points mbedTLS's input, output and timer at the session. */
void tls_connect_callbacks(tls_session *session);
/** Whether a record's number is held against those seen before. */
void tls_check_replays(tls_session *session, bool on);

/** After mbedtls_ssl_setup(): holds no more for records than most of them need. */
void tls_records_begin(tls_session *session);
/** Whether mbedTLS may have what has come: a stream's record begins only where there is room. */
bool tls_records_may_be_read(const tls_session *session);
/**
 * When mbedTLS wants a stream's input: makes room for the record that comes next. 0 to go on, or
 * mbedTLS's error: WANT_READ, BAD_INPUT_DATA for one that is larger than the library takes.
 */
int tls_records_make_room(tls_session *session);
/** Nothing has come: gives back what larger records needed. */
void tls_records_rest(tls_session *session);
/** Whether what is left of the last record was not cut by mbedTLS, which shrinks buffers itself. */
bool tls_records_whole(const tls_session *session);

/** Trust anchors from PEM or DER. 0, or -1 when none or not all could be read. */
int anchors_parse(mbedtls_x509_crt *out, const uint8_t *bytes, size_t length);
/** Trusts the system's. NULL, or one line that says why it cannot be. */
const char *anchors_use_system(tls_session *session);

/** mbedTLS verify callbacks; `session` is a tls_session. */
int verify_fingerprint(void *session, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);
int verify_host(void *session, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/** Before the handshake: offers the session kept for this server and these anchors, if any. */
void resume_offer(tls_session *session, const tls_config *config);
/** After the handshake, and when a ticket comes: keeps the session. */
void resume_keep(tls_session *session);
/** The handshake failed: what was offered is not offered again. */
void resume_failed(tls_session *session);

/** Sets session->error for an mbedTLS error code of the handshake or the connection. */
void words_for_failure(tls_session *session, int code);
/** Appends what fits of `piece` to the string in `text`. */
void words_append(char *text, size_t size, const char *piece);

#endif
