#include "tls_internal.h"

#include <stdatomic.h>
#include <string.h>

static bool is_pem(const uint8_t *bytes, size_t length)
{
	static const char begin[] = "-----BEGIN";
	for (size_t i = 0; i + sizeof begin <= length; i++)
		if (memcmp(bytes + i, begin, sizeof begin - 1) == 0)
			return true;
	return false;
}

int anchors_parse(mbedtls_x509_crt *out, const uint8_t *bytes, size_t length)
{
	if (length == 0)
		return -1;
	if (!is_pem(bytes, length) || bytes[length - 1] == 0)
		return mbedtls_x509_crt_parse(out, bytes, length) == 0 ? 0 : -1;
	/* mbedTLS wants PEM with its NUL. */
	uint8_t *text = port_alloc(length + 1, PORT_EXTERNAL, PORT_STREAM);
	if (!text)
		return -1;
	memcpy(text, bytes, length);
	int result = mbedtls_x509_crt_parse(out, text, length + 1);
	port_free(text);
	return result == 0 ? 0 : -1;
}

mbedtls_x509_crt *anchors_system(void)
{
	static _Atomic(mbedtls_x509_crt *) kept;
	mbedtls_x509_crt *anchors = atomic_load(&kept);
	if (anchors)
		return anchors;

	size_t length = 0;
	uint8_t *text = port_system_roots(&length);
	anchors = text ? port_alloc(sizeof *anchors, PORT_EXTERNAL, PORT_STREAM) : NULL;
	if (anchors) {
		mbedtls_x509_crt_init(anchors);
		/* A few roots that this mbedTLS cannot read (curves, hashes) do not matter. */
		if (mbedtls_x509_crt_parse(anchors, text, length) < 0 || anchors->raw.len == 0) {
			mbedtls_x509_crt_free(anchors);
			port_free(anchors);
			anchors = NULL;
		}
	}
	port_free(text);
	mbedtls_x509_crt *other = NULL;
	if (anchors && !atomic_compare_exchange_strong(&kept, &other, anchors)) {
		mbedtls_x509_crt_free(anchors);
		port_free(anchors);
		anchors = other;
	}
	return anchors;
}
