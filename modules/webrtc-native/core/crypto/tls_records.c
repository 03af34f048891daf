/*
 * Room for incoming records. mbedTLS gives every session what its largest record takes, for good.
 * Where the library can have buffers of other sizes (MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH), a session
 * keeps HELD bytes instead: a stream's record says in its header how long it is, and gets the room
 * for as long as it is there.
 */
#include "tls_internal.h"

#include <string.h>

#define HEADER 5 /* type, version, length: RFC 5246 section 6.2.1 */

#if defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH)

#define HELD 2048 /* bytes of content: any datagram, and most of what signalling says */

/* Everything mbedTLS knows of a record are places in the buffer. */
static bool resize(mbedtls_ssl_context *ssl, size_t length)
{
	unsigned char **const places[] = {
		&ssl->in_ctr,
		&ssl->in_hdr,
		&ssl->in_len,
		&ssl->in_iv,
		&ssl->in_msg,
		&ssl->in_offt,
#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
		&ssl->in_cid,
#endif
	};
	unsigned char *from = ssl->in_buf;
	unsigned char *to = mbedtls_calloc(1, length);
	if (!to)
		return false;
	memcpy(to, from, length < ssl->in_buf_len ? length : ssl->in_buf_len);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (*places[i])
			*places[i] = to + (*places[i] - from);
	}
	crypto_wipe(from, ssl->in_buf_len);
	mbedtls_free(from);
	ssl->in_buf = to;
	ssl->in_buf_len = length;
	return true;
}

void tls_records_begin(tls_session *session)
{
	size_t whole = session->ssl.in_buf_len;
	session->record_most = session->record_held = whole;
	if (MBEDTLS_SSL_IN_CONTENT_LEN <= HELD)
		return;
	/* mbedTLS puts messages together that came in several datagrams, and copies them here. */
	if (session->datagram && MBEDTLS_SSL_DTLS_MAX_BUFFERING > HELD)
		return;
	size_t held = whole - MBEDTLS_SSL_IN_CONTENT_LEN + HELD;
	if (resize(&session->ssl, held))
		session->record_held = held;
}

/* Bytes of the buffer for the record whose header comes next; 0 when it is none of TLS's. */
static size_t needed(const tls_session *session)
{
	const uint8_t *header = session->input + session->input_start;
	const mbedtls_ssl_context *ssl = &session->ssl;
	if (header[0] < MBEDTLS_SSL_MSG_CHANGE_CIPHER_SPEC ||
		header[0] > MBEDTLS_SSL_MSG_APPLICATION_DATA || header[1] != 3)
		return 0;
	return (size_t)(ssl->in_hdr - ssl->in_buf) + HEADER + ((size_t)header[3] << 8 | header[4]);
}

static size_t left(const tls_session *session)
{
	return session->input_end - session->input_start;
}

bool tls_records_may_be_read(const tls_session *session)
{
	if (session->datagram || session->ssl.in_left > 0)
		return left(session) > 0;
	return left(session) >= HEADER && needed(session) <= session->ssl.in_buf_len;
}

int tls_records_make_room(tls_session *session)
{
	if (session->ssl.in_left > 0)
		return left(session) > 0 ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
	if (left(session) < HEADER)
		return MBEDTLS_ERR_SSL_WANT_READ;
	size_t room = needed(session);
	if (room <= session->ssl.in_buf_len)
		return 0;
	if (room > session->record_most)
		return MBEDTLS_ERR_SSL_BAD_INPUT_DATA;
	return resize(&session->ssl, room) ? 0 : MBEDTLS_ERR_SSL_ALLOC_FAILED;
}

void tls_records_rest(tls_session *session)
{
	const mbedtls_ssl_context *ssl = &session->ssl;
	if (ssl->in_buf_len != session->record_held && ssl->in_left == 0 && ssl->in_msglen == 0 &&
		!ssl->in_offt)
		resize(&session->ssl, session->record_held);
}

bool tls_records_whole(const tls_session *session)
{
	const mbedtls_ssl_context *ssl = &session->ssl;
	return ssl->in_msglen <= ssl->in_buf_len - (size_t)(ssl->in_msg - ssl->in_buf);
}

#else

void tls_records_begin(tls_session *session)
{
	(void)session;
}

bool tls_records_may_be_read(const tls_session *session)
{
	return session->input_start < session->input_end;
}

int tls_records_make_room(tls_session *session)
{
	return session->input_start < session->input_end ? 0 : MBEDTLS_ERR_SSL_WANT_READ;
}

void tls_records_rest(tls_session *session)
{
	(void)session;
}

bool tls_records_whole(const tls_session *session)
{
	(void)session;
	return true;
}

#endif
