/*
 * mbedTLS, and the differences between 2.28 (Debian 12), 3.6 (ESP-IDF 5, Debian 13) and 4.x
 * (ESP-IDF 6). Nothing outside core/crypto includes this, and nothing else includes mbedTLS.
 */
#ifndef LKXS_MBED_H
#define LKXS_MBED_H

/* Fields that 3.x and 4.x call private stay readable by their own names. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS

#include <mbedtls/version.h>

#if MBEDTLS_VERSION_NUMBER < 0x021C0000
#error "mbedTLS 2.28 or newer is needed"
#endif

#define MBED_PSA (MBEDTLS_VERSION_MAJOR >= 4)

#include <mbedtls/pk.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if MBED_PSA
#include <psa/crypto.h>
#else
#include <mbedtls/aes.h>
#include <mbedtls/ecp.h>
#include <mbedtls/sha1.h>
#include <mbedtls/sha256.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h> /* 3.6 does TLS 1.3 through PSA */
#endif
#endif

#include "../port.h"
#include "crypto.h"

/** mbedTLS's random callback over crypto_random(). */
int mbed_random(void *unused, unsigned char *out, size_t length);
/** Makes the library ready; cheap when it is already. Every door of crypto/ calls it. 0 or -1. */
int mbed_start(void);
/**
 * Names the subsystem that pays for what mbedTLS allocates on this thread from here on, and returns
 * the one that paid before. Without effect where the library has its own heap (Debian's has).
 */
port_subsystem mbed_charge(port_subsystem payer);

/* SHA-1 in parts, whose state can be copied: a keyed state is made once and cloned per packet. */
#if MBED_PSA
typedef psa_hash_operation_t mbed_sha1;

static inline void mbed_sha1_init(mbed_sha1 *sha)
{
	*sha = psa_hash_operation_init();
}
static inline void mbed_sha1_free(mbed_sha1 *sha)
{
	psa_hash_abort(sha);
}
static inline int mbed_sha1_start(mbed_sha1 *sha)
{
	return psa_hash_setup(sha, PSA_ALG_SHA_1) == PSA_SUCCESS ? 0 : -1;
}
static inline int mbed_sha1_update(mbed_sha1 *sha, const uint8_t *bytes, size_t length)
{
	return psa_hash_update(sha, bytes, length) == PSA_SUCCESS ? 0 : -1;
}
static inline int mbed_sha1_finish(mbed_sha1 *sha, uint8_t out[20])
{
	size_t written;
	return psa_hash_finish(sha, out, 20, &written) == PSA_SUCCESS ? 0 : -1;
}
/** `to` is initialised and not started. */
static inline int mbed_sha1_clone(mbed_sha1 *to, const mbed_sha1 *from)
{
	return psa_hash_clone(from, to) == PSA_SUCCESS ? 0 : -1;
}
#else
typedef mbedtls_sha1_context mbed_sha1;

#if MBEDTLS_VERSION_MAJOR < 3
#define mbedtls_sha1_starts mbedtls_sha1_starts_ret
#define mbedtls_sha1_update mbedtls_sha1_update_ret
#define mbedtls_sha1_finish mbedtls_sha1_finish_ret
#define mbedtls_sha256 mbedtls_sha256_ret
#endif

static inline void mbed_sha1_init(mbed_sha1 *sha)
{
	mbedtls_sha1_init(sha);
}
static inline void mbed_sha1_free(mbed_sha1 *sha)
{
	mbedtls_sha1_free(sha);
}
static inline int mbed_sha1_start(mbed_sha1 *sha)
{
	return mbedtls_sha1_starts(sha) == 0 ? 0 : -1;
}
static inline int mbed_sha1_update(mbed_sha1 *sha, const uint8_t *bytes, size_t length)
{
	return mbedtls_sha1_update(sha, bytes, length) == 0 ? 0 : -1;
}
static inline int mbed_sha1_finish(mbed_sha1 *sha, uint8_t out[20])
{
	return mbedtls_sha1_finish(sha, out) == 0 ? 0 : -1;
}
/** `to` is initialised and not started. */
static inline int mbed_sha1_clone(mbed_sha1 *to, const mbed_sha1 *from)
{
	mbedtls_sha1_clone(to, from);
	return 0;
}
#endif

#endif
