/*
 * The cryptography the core needs, and nothing of the library that provides it. Only crypto/mbed.h
 * includes mbedTLS; it smooths over 2.28, 3.6 and 4.x.
 */
#ifndef LKXS_CRYPTO_H
#define LKXS_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Random bytes, straight from port_entropy(): every platform's source is a generator fit for keys,
 * and so there is no state here to lock or to fork. 0, or -1 without entropy. Any thread.
 */
int crypto_random(uint8_t *out, size_t length);

/** HMAC-SHA1 over up to three parts (NULL/0 skips a part). 0 or -1. */
int crypto_hmac_sha1(const uint8_t *key, size_t key_length, const uint8_t *const parts[],
					 const size_t lengths[], size_t count, uint8_t out[20]);
int crypto_sha256(const uint8_t *bytes, size_t length, uint8_t out[32]);
/** Compares in constant time. */
bool crypto_equal(const uint8_t *a, const uint8_t *b, size_t length);
void crypto_wipe(void *memory, size_t length);

/** AES-128 in counter mode; in and out may be the same buffer. No allocation per call. */
typedef struct crypto_aes crypto_aes;
crypto_aes *crypto_aes_create(const uint8_t key[16]);
void crypto_aes_free(crypto_aes *aes);
int crypto_aes_ctr(crypto_aes *aes, const uint8_t iv[16], const uint8_t *in, uint8_t *out,
				   size_t length);

/** A keyed HMAC-SHA1 that is set up once and used per packet without allocation. */
typedef struct crypto_hmac crypto_hmac;
crypto_hmac *crypto_hmac_create(const uint8_t *key, size_t length);
void crypto_hmac_free(crypto_hmac *hmac);
int crypto_hmac_compute(crypto_hmac *hmac, const uint8_t *a, size_t a_length, const uint8_t *b,
						size_t b_length, uint8_t out[20]);

/*
 * Identity: a self-signed P-256 certificate and its key, as one opaque byte string that the
 * application may store and give back, so that it is made once per device and kept across calls.
 */
#define CRYPTO_IDENTITY_MAX 1024

typedef struct {
	uint16_t length;
	uint8_t bytes[CRYPTO_IDENTITY_MAX];
} crypto_identity;

/** Makes a new identity (slow: run it on the worker). 0 or -1. */
int crypto_identity_generate(crypto_identity *out);
/** Checks stored bytes; 0 when they parse as an identity of ours and the key fits the certificate.
 */
int crypto_identity_parse(crypto_identity *out, const uint8_t *bytes, size_t length);
/** SHA-256 of the DER certificate, as a=fingerprint carries it. */
int crypto_identity_fingerprint(const crypto_identity *identity, uint8_t out[32]);

#endif
