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
 * the one that paid before. Without effect where the library has its own heap (Debian's and IDF's
 * have).
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

/* P-256 keys. The DER form of a private key (SEC 1) is the same in every version. */
static inline int mbed_key_parse(mbedtls_pk_context *key, const uint8_t *der, size_t length)
{
#if MBEDTLS_VERSION_MAJOR == 3
	return mbedtls_pk_parse_key(key, der, length, NULL, 0, mbed_random, NULL);
#else
	return mbedtls_pk_parse_key(key, der, length, NULL, 0);
#endif
}

/** 0 when the two are halves of one pair. */
static inline int mbed_key_fits(const mbedtls_pk_context *public_key,
								const mbedtls_pk_context *private_key)
{
#if MBEDTLS_VERSION_MAJOR == 3
	return mbedtls_pk_check_pair(public_key, private_key, mbed_random, NULL);
#else
	return mbedtls_pk_check_pair(public_key, private_key);
#endif
}

static inline int mbed_key_generate(mbedtls_pk_context *key)
{
#if MBED_PSA
	psa_key_attributes_t attributes = PSA_KEY_ATTRIBUTES_INIT;
	psa_set_key_type(&attributes, PSA_KEY_TYPE_ECC_KEY_PAIR(PSA_ECC_FAMILY_SECP_R1));
	psa_set_key_bits(&attributes, 256);
	psa_set_key_algorithm(&attributes, MBEDTLS_PK_ALG_ECDSA(PSA_ALG_ANY_HASH));
	psa_set_key_usage_flags(&attributes, PSA_KEY_USAGE_SIGN_HASH | PSA_KEY_USAGE_EXPORT);
	psa_key_id_t id;
	if (psa_generate_key(&attributes, &id) != PSA_SUCCESS)
		return -1;
	int result = mbedtls_pk_copy_from_psa(id, key);
	psa_destroy_key(id);
	return result;
#else
	int result = mbedtls_pk_setup(key, mbedtls_pk_info_from_type(MBEDTLS_PK_ECKEY));
	if (result == 0)
		result =
			mbedtls_ecp_gen_key(MBEDTLS_ECP_DP_SECP256R1, mbedtls_pk_ec(*key), mbed_random, NULL);
	return result;
#endif
}

static inline int mbed_certificate_serial(mbedtls_x509write_cert *certificate, uint8_t *bytes,
										  size_t length)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	return mbedtls_x509write_crt_set_serial_raw(certificate, bytes, length);
#else
	mbedtls_mpi serial;
	mbedtls_mpi_init(&serial);
	int result = mbedtls_mpi_read_binary(&serial, bytes, length);
	if (result == 0)
		result = mbedtls_x509write_crt_set_serial(certificate, &serial);
	mbedtls_mpi_free(&serial);
	return result;
#endif
}

/** Signs and writes DER to the end of `out`, as mbedTLS does: its length, or negative. */
static inline int mbed_certificate_write(mbedtls_x509write_cert *certificate, uint8_t *out,
										 size_t room)
{
#if MBED_PSA
	return mbedtls_x509write_crt_der(certificate, out, room);
#else
	return mbedtls_x509write_crt_der(certificate, out, room, mbed_random, NULL);
#endif
}

/* What RFC 5705 exports from: kept by the key callback of the handshake, wiped with the session. */
typedef struct {
	bool present;
	mbedtls_tls_prf_types prf;
	uint8_t secret[48], randoms[64]; /* client's, server's */
} mbed_master;

/** Has the handshake leave its TLS 1.2 master secret in `master`. After mbedtls_ssl_setup(). */
void mbed_keep_master(mbedtls_ssl_config *config, mbedtls_ssl_context *ssl, mbed_master *master);

static inline void mbed_conf_random(mbedtls_ssl_config *config)
{
#if MBED_PSA
	(void)config;
#else
	mbedtls_ssl_conf_rng(config, mbed_random, NULL);
#endif
}

/** TLS 1.2 and up; exactly (D)TLS 1.2 when `only`. */
static inline void mbed_conf_versions(mbedtls_ssl_config *config, bool only)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	mbedtls_ssl_conf_min_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
	if (only)
		mbedtls_ssl_conf_max_tls_version(config, MBEDTLS_SSL_VERSION_TLS1_2);
#else
	(void)only; /* there is nothing newer in 2.28 */
	mbedtls_ssl_conf_min_version(config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

/** Whether what a session is resumed with comes after the handshake, not in it. */
static inline bool mbed_tickets_follow(const mbedtls_ssl_context *ssl)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	return mbedtls_ssl_get_version_number(ssl) == MBEDTLS_SSL_VERSION_TLS1_3;
#else
	(void)ssl;
	return false;
#endif
}

/** Tickets to resume a session with (RFC 5077; TLS 1.3), when they are to be used. */
static inline void mbed_conf_tickets(mbedtls_ssl_config *config, bool on)
{
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
	mbedtls_ssl_conf_session_tickets(config, on ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
												: MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#ifdef MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED /* late 3.6; others always tell */
	mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
		config, on ? MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED
				   : MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_DISABLED);
#endif
#else
	(void)config, (void)on;
#endif
}

/* P-256 first: a 2.28 server takes its own first, which by default is the slowest. */
static inline void mbed_conf_groups(mbedtls_ssl_config *config)
{
#if MBEDTLS_VERSION_MAJOR >= 3
	static const uint16_t groups[] = {
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1, MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
		MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1, MBEDTLS_SSL_IANA_TLS_GROUP_SECP521R1,
		MBEDTLS_SSL_IANA_TLS_GROUP_NONE};
	mbedtls_ssl_conf_groups(config, groups);
#else
	static const mbedtls_ecp_group_id groups[] = {
		MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP384R1,
		MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE};
	mbedtls_ssl_conf_curves(config, groups);
#endif
}

#endif
