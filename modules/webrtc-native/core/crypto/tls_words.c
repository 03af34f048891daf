/* What went wrong, in words. Texts for datagram sessions are static: see dtls_error(). */
#include "tls_internal.h"

#include <string.h>

void words_append(char *text, size_t size, const char *piece)
{
	size_t used = strlen(text);
	while (*piece && used + 1 < size)
		text[used++] = *piece++;
	text[used] = 0;
}

/* RFC 5246 section 7.2, RFC 8446 section 6. */
static const char *alert_words(int alert)
{
	switch (alert) {
	case 0:
		return "the peer closed the connection during the handshake";
	case 10:
		return "the peer refused: unexpected message";
	case 20:
		return "the peer refused: bad record";
	case 40:
		return "the peer refused: no common parameters (handshake failure)";
	case 42:
		return "the peer refused: bad certificate";
	case 43:
		return "the peer refused: unsupported certificate";
	case 44:
		return "the peer refused: certificate revoked";
	case 45:
		return "the peer refused: certificate expired";
	case 46:
		return "the peer refused: certificate unknown";
	case 47:
		return "the peer refused: illegal parameter";
	case 48:
		return "the peer refused: unknown certificate issuer";
	case 49:
		return "the peer refused: access denied";
	case 50:
		return "the peer refused: it could not decode a message";
	case 51:
		return "the peer refused: a signature or key did not verify";
	case 70:
		return "the peer refused: protocol version not supported";
	case 71:
		return "the peer refused: insufficient security";
	case 80:
		return "the peer failed: internal error";
	case 90:
		return "the peer cancelled the handshake";
	case 112:
		return "the peer refused: it does not know this host name";
	case 116:
		return "the peer refused: it wants a client certificate";
	default:
		return "the peer refused with a TLS alert";
	}
}

static int alert_of(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_NUMBER >= 0x04010000
	return mbedtls_ssl_get_fatal_alert(ssl);
#else
	return ssl->in_msg ? ssl->in_msg[1] : -1;
#endif
}

static const char *code_words(const tls_session *session, int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE:
		return alert_words(alert_of(&session->ssl));
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return alert_words(0);
	case MBEDTLS_ERR_SSL_TIMEOUT:
		return "the handshake was not answered in time";
	case MBEDTLS_ERR_SSL_CONN_EOF:
		return "the connection is gone";
	case MBEDTLS_ERR_SSL_ALLOC_FAILED:
		return "out of memory";
	case MBEDTLS_ERR_SSL_INVALID_MAC:
		return "a record did not authenticate";
	case MBEDTLS_ERR_SSL_INVALID_RECORD:
		return session->connected ? "the peer sent a malformed record"
								  : "the peer does not speak TLS on this port";
	case MBEDTLS_ERR_SSL_BAD_INPUT_DATA:
		return "the peer sent more at once than MBEDTLS_SSL_IN_CONTENT_LEN allows (docs/esp32.md)";
	case MBEDTLS_ERR_SSL_FEATURE_UNAVAILABLE:
		return "the peer needs a TLS feature that is not built in";
#if MBEDTLS_VERSION_MAJOR >= 3
	case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
		return "the peer's TLS version is not supported";
	case MBEDTLS_ERR_SSL_HANDSHAKE_FAILURE:
		return "no cipher suite or key type in common with the peer";
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
		return "the peer sent no certificate";
	case MBEDTLS_ERR_SSL_DECODE_ERROR:
	case MBEDTLS_ERR_SSL_ILLEGAL_PARAMETER:
#else
	case MBEDTLS_ERR_SSL_BAD_HS_PROTOCOL_VERSION:
		return "the peer's TLS version is not supported";
	case MBEDTLS_ERR_SSL_NO_CIPHER_CHOSEN:
	case MBEDTLS_ERR_SSL_NO_USABLE_CIPHERSUITE:
		return "no cipher suite or key type in common with the peer";
	case MBEDTLS_ERR_SSL_NO_CLIENT_CERTIFICATE:
		return "the peer sent no certificate";
	case MBEDTLS_ERR_SSL_BAD_HS_CLIENT_HELLO:
	case MBEDTLS_ERR_SSL_BAD_HS_SERVER_HELLO:
	case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE:
	case MBEDTLS_ERR_SSL_BAD_HS_CERTIFICATE_VERIFY:
	case MBEDTLS_ERR_SSL_BAD_HS_SERVER_KEY_EXCHANGE:
	case MBEDTLS_ERR_SSL_BAD_HS_CLIENT_KEY_EXCHANGE:
	case MBEDTLS_ERR_SSL_BAD_HS_FINISHED:
#endif
	case MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE:
		return "the peer's handshake is malformed or was changed on the way";
	default:
		return session->connected ? "the connection failed inside mbedTLS"
								  : "the handshake failed inside mbedTLS";
	}
}

static bool clock_is_unset(void)
{
	/* This code is younger than that. */
	static const mbedtls_x509_time earliest = {.year = 2025, .mon = 1, .day = 1};
	return mbedtls_x509_time_is_future(&earliest);
}

static void certificate_words(tls_session *session)
{
	static const struct {
		uint32_t flags;
		const char *text;
	} reasons[] = {
		{MBEDTLS_X509_BADCERT_NOT_TRUSTED, "self-signed or unknown issuer"},
		{MBEDTLS_X509_BADCERT_EXPIRED, "certificate has expired"},
		{MBEDTLS_X509_BADCERT_FUTURE, "certificate is not valid yet"},
		{MBEDTLS_X509_BADCERT_MISSING, "the peer sent no certificate"},
		{MBEDTLS_X509_BADCERT_REVOKED, "certificate is revoked"},
		{MBEDTLS_X509_BADCERT_KEY_USAGE | MBEDTLS_X509_BADCERT_EXT_KEY_USAGE |
			 MBEDTLS_X509_BADCERT_NS_CERT_TYPE,
		 "certificate is not meant for a server"},
		{MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK | MBEDTLS_X509_BADCERT_BAD_KEY,
		 "certificate's key or hash is too weak"},
	};
	tls_stream *stream = session->stream;
	char *text = stream->text;
	size_t size = sizeof stream->text;
	text[0] = 0;
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (!(session->refused & reasons[i].flags))
			continue;
		if (text[0])
			words_append(text, size, "; ");
		words_append(text, size, reasons[i].text);
	}
	if (session->refused & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
		if (text[0])
			words_append(text, size, "; ");
		words_append(text, size, "certificate is for ");
		words_append(text, size, stream->peer_names[0] ? stream->peer_names : "no host name");
		words_append(text, size, ", not for ");
		words_append(text, size, stream->host_name);
	}
	if (session->refused & MBEDTLS_X509_BADCERT_FUTURE && clock_is_unset())
		words_append(text, size, " (this device's clock is not set)");
	if (!text[0])
		words_append(text, size, "certificate was not accepted");
	session->error = text;
}

void words_for_failure(tls_session *session, int code)
{
	/* What a certificate may be used for is looked at after the verify callback. */
	uint32_t flags = mbedtls_ssl_get_verify_result(&session->ssl);
	if (!session->datagram && !session->connected && flags != UINT32_MAX)
		session->refused |= flags;
	if (session->refused == 0 || session->connected)
		session->error = code_words(session, code);
	else if (session->datagram)
		session->error = "certificate does not match the signalled fingerprint";
	else
		certificate_words(session);
}
