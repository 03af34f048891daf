/* Whose certificate it is: by fingerprint (RFC 8122) or by name and address (RFC 6125). */
#include "tls_internal.h"

#include <string.h>

#define SAN_DNS (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 2)
#define SAN_IP (MBEDTLS_ASN1_CONTEXT_SPECIFIC | 7)

int verify_fingerprint(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	tls_session *session = context;
	uint8_t actual[32];
	*flags = 0; /* the fingerprint is the trust: issuer, dates and names say nothing */
	if (depth > 0)
		return 0;
	if (crypto_sha256(certificate->raw.p, certificate->raw.len, actual) != 0 ||
		!crypto_equal(actual, session->peer_fingerprint, sizeof actual)) {
		*flags = MBEDTLS_X509_BADCERT_CN_MISMATCH; /* goes out as the alert bad_certificate */
		session->refused |= *flags;
	}
	return 0;
}

/* -- Names in a certificate -- */

static bool holds_ip(const mbedtls_x509_crt *certificate, const uint8_t *ip, size_t length)
{
	for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name;
		 name = name->next)
		if (name->buf.tag == SAN_IP && name->buf.len == length &&
			memcmp(name->buf.p, ip, length) == 0)
			return true;
	return false;
}

/* Appends a name of a stranger's making to a line for people. */
static void append_name(char *text, size_t size, const mbedtls_x509_buf *name)
{
	size_t used = strlen(text);
	if (used > 0) {
		words_append(text, size, ", ");
		used = strlen(text);
	}
	for (size_t i = 0; i < name->len && used + 1 < size; i++)
		text[used++] = (char)(name->p[i] > ' ' && name->p[i] < 0x7f ? name->p[i] : '?');
	text[used] = 0;
}

static void list_names(const mbedtls_x509_crt *certificate, char *out, size_t size)
{
	out[0] = 0;
	for (const mbedtls_x509_sequence *name = &certificate->subject_alt_names; name;
		 name = name->next)
		if (name->buf.tag == SAN_DNS)
			append_name(out, size, &name->buf);
	if (out[0] != 0)
		return;
	static const uint8_t common_name[] = {0x55, 0x04, 0x03};
	for (const mbedtls_x509_name *part = &certificate->subject; part; part = part->next)
		if (part->oid.len == sizeof common_name &&
			memcmp(part->oid.p, common_name, sizeof common_name) == 0)
			append_name(out, size, &part->val);
}

int verify_host(void *context, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
	tls_session *session = context;
	tls_stream *stream = session->stream;
	/* It clears the flag when it knows the issuer; when not, the flag says so and the error
	 * nothing. */
	if (stream->verify_root)
		(void)stream->verify_root(NULL, certificate, depth, flags);
	if (depth == 0) {
		/* mbedTLS has compared host names; 2.28 does not know addresses. */
		if (stream->host_ip_length > 0 &&
			!holds_ip(certificate, stream->host_ip, stream->host_ip_length))
			*flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
		if (*flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
			list_names(certificate, stream->peer_names, sizeof stream->peer_names);
	}
	session->refused |= *flags;
	return 0;
}
