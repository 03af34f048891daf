#include "tls_internal.h"

#include <stdatomic.h>
#include <string.h>
#ifdef ESP_PLATFORM
#include <esp_crt_bundle.h>
#endif

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

#ifdef ESP_PLATFORM

/*
 * IDF's bundle: names and keys of the usual roots, in flash, searched when a chain ends. Its check
 * is a verify callback that has no declaration, but leaves its address in the configuration.
 */
const char *anchors_use_system(tls_session *session)
{
	if (esp_crt_bundle_attach(&session->config) != ESP_OK)
		return "no certificate bundle in this firmware: CONFIG_MBEDTLS_CERTIFICATE_BUNDLE=y";
	session->stream->verify_root = session->config.f_vrfy;
	return NULL;
}

#else

/* Parsed once and kept; NULL when there are none. */
static mbedtls_x509_crt *system_anchors(void)
{
	static _Atomic(mbedtls_x509_crt *) kept;
	mbedtls_x509_crt *anchors = atomic_load(&kept);
	if (anchors)
		return anchors;

	size_t length = 0;
	port_subsystem payer = mbed_charge(PORT_FLASH);
	uint8_t *text = port_system_roots(&length);
	anchors = text ? port_alloc(sizeof *anchors, PORT_EXTERNAL, PORT_FLASH) : NULL;
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
	mbed_charge(payer);
	mbedtls_x509_crt *other = NULL;
	if (anchors && !atomic_compare_exchange_strong(&kept, &other, anchors)) {
		mbedtls_x509_crt_free(anchors);
		port_free(anchors);
		anchors = other;
	}
	return anchors;
}

const char *anchors_use_system(tls_session *session)
{
	mbedtls_x509_crt *anchors = system_anchors();

	if (!anchors)
		return "no trusted roots on this system: install ca-certificates or give a CA file";
	mbedtls_ssl_conf_ca_chain(&session->config, anchors, NULL);
	return NULL;
}

#endif
