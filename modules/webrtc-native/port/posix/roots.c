#include <stdio.h>
#include <stdlib.h>

#include "../../core/crypto/tls.h"
#include "../../core/port.h"

#define ROOTS_MAX (4 * 1024 * 1024)

/* Debian, Fedora, openSUSE, Alpine and the BSDs, macOS and Homebrew. */
static const char *const places[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
	"/opt/homebrew/etc/ca-certificates/cert.pem",
};

static uint8_t *read_text(const char *path, size_t *length)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return NULL;
	uint8_t *text = NULL;
	long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
	if (size > 0 && size <= ROOTS_MAX && fseek(file, 0, SEEK_SET) == 0)
		text = port_alloc((size_t)size + 1, PORT_EXTERNAL, PORT_FLASH);
	if (text && fread(text, 1, (size_t)size, file) != (size_t)size) {
		port_free(text);
		text = NULL;
	}
	fclose(file);
	if (text)
		*length = (size_t)size + 1;
	return text;
}

uint8_t *port_system_roots(size_t *length)
{
	/* Whoever names a file means that file: no falling back to others. */
	const char *named = getenv("SSL_CERT_FILE");
	if (named && *named)
		return read_text(named, length);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		uint8_t *text = read_text(places[i], length);
		if (text)
			return text;
	}
	return NULL;
}
