/*
 * A DTLS server and client for fuzz_dtls.c and the program that makes its seeds. Each end draws
 * from an entropy sequence of its own, so that what was recorded of one fits the other again.
 */
#ifndef LKXS_FUZZ_DTLS_ENDS_H
#define LKXS_FUZZ_DTLS_ENDS_H

#include <string.h>

#include "dtls/dtls.h"
#include "fuzz.h"
#include "net.h"

enum { CLIENT, SERVER };

typedef struct {
	dtls_transport *dtls;
	uint8_t room[NET_DATAGRAM_MAX];
	uint64_t entropy;
	void (*send)(void *context, const uint8_t *datagram, size_t length);
	void (*receive)(void *context, const uint8_t *bytes, size_t length);
	void *context;
} dtls_end;

/* Both identities, made once: CLIENT's and SERVER's. */
static inline const crypto_identity *dtls_identities(void)
{
	static crypto_identity identities[2];

	if (identities[0].length == 0) {
		uint64_t before = fuzz_entropy(1);
		REQUIRE(crypto_identity_generate(&identities[CLIENT]) == 0);
		REQUIRE(crypto_identity_generate(&identities[SERVER]) == 0);
		fuzz_entropy(before);
	}
	return identities;
}

static inline void dtls_end_open(dtls_end *end, int role, uint64_t now)
{
	const crypto_identity *identities = dtls_identities();
	dtls_config config = {
		.server = role == SERVER,
		.identity = &identities[role],
		.send = end->send,
		.room = end->room,
		.receive = end->receive,
		.context = end->context,
	};

	REQUIRE(crypto_identity_fingerprint(&identities[!role], config.peer_fingerprint) == 0);
	uint64_t before = fuzz_entropy(UINT64_C(1000) * (uint64_t)(1 + role));
	end->dtls = dtls_create(&config, now);
	REQUIRE(end->dtls != NULL);
	end->entropy = fuzz_entropy(before);
}

#endif
