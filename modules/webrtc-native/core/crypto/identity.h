/* The parts inside a crypto_identity, for the TLS session that uses them. */
#ifndef LKXS_IDENTITY_H
#define LKXS_IDENTITY_H

#include "mbed.h"

/** Parses both parts into initialised contexts. 0, or -1 when the bytes are no identity of ours. */
int identity_open(const crypto_identity *identity, mbedtls_x509_crt *certificate,
				  mbedtls_pk_context *key);

#endif
