#include "mbed.h"

int mbed_random(void *unused, unsigned char *out, size_t length)
{
	(void)unused;
	return crypto_random(out, length);
}

#if defined(MBEDTLS_PLATFORM_MEMORY) && !defined(MBEDTLS_PLATFORM_CALLOC_MACRO)

#include <stdatomic.h>

static _Thread_local port_subsystem charged = PORT_DTLS;

port_subsystem mbed_charge(port_subsystem payer)
{
	port_subsystem before = charged;
	charged = payer;
	return before;
}

static void *allocate(size_t count, size_t size)
{
	if (size != 0 && count > SIZE_MAX / size)
		return NULL;
	return port_alloc(count * size, PORT_EXTERNAL, charged);
}

static void take_heap(void)
{
	/* Two threads may both do it; neither returns before it is done. */
	static atomic_bool taken;
	if (atomic_load(&taken))
		return;
	mbedtls_platform_set_calloc_free(allocate, port_free);
	atomic_store(&taken, true);
}

#else

port_subsystem mbed_charge(port_subsystem payer)
{
	return payer;
}

static void take_heap(void)
{
}

#endif

int mbed_start(void)
{
	take_heap();
#if MBEDTLS_VERSION_MAJOR >= 3
	return psa_crypto_init() == PSA_SUCCESS ? 0 : -1;
#else
	return 0;
#endif
}
