/*
 * The identity's bytes, all of them covered by a check sum because they come back from storage:
 *
 *   "LKI1" | certificate length (2, big endian) | certificate (DER) | key (SEC 1 DER) | check (16)
 */
#include "identity.h"

#include <string.h>

#define HEAD 6
#define CHECK 16

static const uint8_t magic[4] = {'L', 'K', 'I', '1'};

/* A device makes this before it knows the time, and nobody checks it: only the fingerprint counts.
 */
#define NOT_BEFORE "20000101000000"
#define NOT_AFTER "99991231235959" /* RFC 5280 section 4.1.2.5: no expiry */
/* The same name for all: it tells nothing about the device or its owner. */
#define NAME "CN=WebRTC"

typedef struct {
	const uint8_t *certificate, *key;
	size_t certificate_length, key_length;
} identity_parts;

static int identity_split(const crypto_identity *identity, identity_parts *out)
{
	size_t length = identity->length;
	const uint8_t *bytes = identity->bytes;
	uint8_t check[32];
	if (length < HEAD + CHECK || length > CRYPTO_IDENTITY_MAX ||
		memcmp(bytes, magic, sizeof magic) != 0)
		return -1;
	size_t body = length - HEAD - CHECK;
	size_t certificate = (size_t)bytes[4] << 8 | bytes[5];
	if (certificate == 0 || certificate >= body)
		return -1;
	if (crypto_sha256(bytes, length - CHECK, check) != 0 ||
		!crypto_equal(check, bytes + length - CHECK, CHECK))
		return -1;
	*out =
		(identity_parts){bytes + HEAD, bytes + HEAD + certificate, certificate, body - certificate};
	return 0;
}

int identity_open(const crypto_identity *identity, mbedtls_x509_crt *certificate,
				  mbedtls_pk_context *key)
{
	identity_parts parts;
	if (mbed_start() != 0 || identity_split(identity, &parts) != 0)
		return -1;
	if (mbedtls_x509_crt_parse_der(certificate, parts.certificate, parts.certificate_length) != 0)
		return -1;
	/* mbedTLS skips bytes after the certificate; the fingerprint must not. */
	if (certificate->raw.len != parts.certificate_length)
		return -1;
	return mbed_key_parse(key, parts.key, parts.key_length) == 0 ? 0 : -1;
}

int crypto_identity_fingerprint(const crypto_identity *identity, uint8_t out[32])
{
	identity_parts parts;
	if (identity_split(identity, &parts) != 0)
		return -1;
	return crypto_sha256(parts.certificate, parts.certificate_length, out);
}

int crypto_identity_parse(crypto_identity *out, const uint8_t *bytes, size_t length)
{
	if (length > CRYPTO_IDENTITY_MAX)
		return -1;
	memset(out, 0, sizeof *out);
	memcpy(out->bytes, bytes, length);
	out->length = (uint16_t)length;

	port_subsystem before = mbed_charge(PORT_DTLS);
	mbedtls_x509_crt certificate;
	mbedtls_pk_context key;
	mbedtls_x509_crt_init(&certificate);
	mbedtls_pk_init(&key);
	int result = identity_open(out, &certificate, &key);
	if (result == 0 && mbed_key_fits(&certificate.pk, &key) != 0)
		result = -1;
	mbedtls_pk_free(&key);
	mbedtls_x509_crt_free(&certificate);
	mbed_charge(before);
	if (result != 0)
		crypto_wipe(out, sizeof *out);
	return result;
}

/* Writes the certificate of `key` behind the head; its length, or -1. */
static int write_certificate(mbedtls_pk_context *key, uint8_t *out, size_t room)
{
	uint8_t serial[16];
	if (crypto_random(serial, sizeof serial) != 0)
		return -1;
	serial[0] = (serial[0] & 0x3f) | 0x40; /* positive, and of full length */

	mbedtls_x509write_cert writer;
	mbedtls_x509write_crt_init(&writer);
	mbedtls_x509write_crt_set_version(&writer, MBEDTLS_X509_CRT_VERSION_3);
	mbedtls_x509write_crt_set_md_alg(&writer, MBEDTLS_MD_SHA256);
	mbedtls_x509write_crt_set_subject_key(&writer, key);
	mbedtls_x509write_crt_set_issuer_key(&writer, key);
	int length = -1;
	if (mbed_certificate_serial(&writer, serial, sizeof serial) == 0 &&
		mbedtls_x509write_crt_set_subject_name(&writer, NAME) == 0 &&
		mbedtls_x509write_crt_set_issuer_name(&writer, NAME) == 0 &&
		mbedtls_x509write_crt_set_validity(&writer, NOT_BEFORE, NOT_AFTER) == 0)
		length = mbed_certificate_write(&writer, out, room);
	mbedtls_x509write_crt_free(&writer);
	if (length <= 0)
		return -1;
	memmove(out, out + room - length, (size_t)length);
	return length;
}

static int write_key(const mbedtls_pk_context *key, uint8_t *out, size_t room)
{
	/* 2.28 wants a non-const key that it does not change. */
	int length = mbedtls_pk_write_key_der((mbedtls_pk_context *)key, out, room);
	if (length <= 0)
		return -1;
	memmove(out, out + room - length, (size_t)length);
	return length;
}

static int identity_write(mbedtls_pk_context *key, crypto_identity *out)
{
	uint8_t *at = out->bytes + HEAD, *end = out->bytes + CRYPTO_IDENTITY_MAX - CHECK;
	int certificate = write_certificate(key, at, (size_t)(end - at));
	if (certificate < 0)
		return -1;
	at += certificate;
	int private_key = write_key(key, at, (size_t)(end - at));
	if (private_key < 0)
		return -1;
	at += private_key;

	memcpy(out->bytes, magic, sizeof magic);
	out->bytes[4] = (uint8_t)(certificate >> 8);
	out->bytes[5] = (uint8_t)certificate;
	uint8_t check[32];
	if (crypto_sha256(out->bytes, (size_t)(at - out->bytes), check) != 0)
		return -1;
	memcpy(at, check, CHECK);
	at += CHECK;
	out->length = (uint16_t)(at - out->bytes);
	/* What the writers left behind, part of it the key. */
	crypto_wipe(at, (size_t)(out->bytes + CRYPTO_IDENTITY_MAX - at));
	return 0;
}

int crypto_identity_generate(crypto_identity *out)
{
	memset(out, 0, sizeof *out);
	if (mbed_start() != 0)
		return -1;
	port_subsystem before = mbed_charge(PORT_DTLS);
	mbedtls_pk_context key;
	mbedtls_pk_init(&key);
	int result = mbed_key_generate(&key) == 0 ? identity_write(&key, out) : -1;
	mbedtls_pk_free(&key);
	mbed_charge(before);
	if (result != 0)
		crypto_wipe(out, sizeof *out);
	return result;
}
