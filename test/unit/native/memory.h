/*
 * What a test must give back: all but what mbedTLS keeps for the whole process, which counts where
 * it takes its memory from port_alloc (Debian's does not): PSA's key slots and generator, and the
 * system's roots once they were needed.
 */
#ifndef LKXS_TEST_MEMORY_H
#define LKXS_TEST_MEMORY_H

#include "crypto/crypto.h"
#include "crypto/tls.h"
#include "port.h"

static size_t memory_kept[PORT_SUBSYSTEMS];

/** Has mbedTLS take what it keeps, so that what comes after is the test's. First in main(). */
static inline void memory_settle(void)
{
	static crypto_identity identity;
	char error[160];
	const tls_config config = {.host_name = "localhost"};

	crypto_identity_generate(&identity);
	tls_session_free(tls_session_create(&config, error, sizeof(error)));
	for (int i = 0; i < PORT_SUBSYSTEMS; i++)
		memory_kept[i] = port_memory_of((port_subsystem)i).current;
}

/** Bytes held now that are not kept for good. */
static inline size_t memory_held(port_subsystem subsystem)
{
	return port_memory_of(subsystem).current - memory_kept[subsystem];
}

#endif
