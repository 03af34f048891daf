#include "mbed.h"

#include <string.h>

int mbed_random(void *unused, unsigned char *out, size_t length)
{
	(void)unused;
	return crypto_random(out, length);
}

/*
 * IDF's library is not ours alone: what Wi-Fi has had from its heap must go back there. There, an
 * option of sdkconfig says where the memory is, and it is on no account.
 */
#if defined(MBEDTLS_PLATFORM_MEMORY) && !defined(MBEDTLS_PLATFORM_CALLOC_MACRO) &&                 \
	!defined(ESP_PLATFORM)

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

static void keep(mbed_master *master, const uint8_t *secret, const uint8_t *client_random,
				 const uint8_t *server_random, mbedtls_tls_prf_types prf)
{
	memcpy(master->secret, secret, sizeof master->secret);
	memcpy(master->randoms, client_random, 32);
	memcpy(master->randoms + 32, server_random, 32);
	master->prf = prf;
	master->present = true;
}

#if MBEDTLS_VERSION_MAJOR >= 3
static void on_keys(void *context, mbedtls_ssl_key_export_type type, const unsigned char *secret,
					size_t length, const unsigned char client_random[32],
					const unsigned char server_random[32], mbedtls_tls_prf_types prf)
{
	mbed_master *master = context;
	if (type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET && length == sizeof master->secret)
		keep(master, secret, client_random, server_random, prf);
}

void mbed_keep_master(mbedtls_ssl_config *config, mbedtls_ssl_context *ssl, mbed_master *master)
{
	(void)config;
	mbedtls_ssl_set_export_keys_cb(ssl, on_keys, master);
}
#else
static int on_keys(void *context, const unsigned char *secret, const unsigned char *key_block,
				   size_t mac_length, size_t key_length, size_t iv_length,
				   const unsigned char client_random[32], const unsigned char server_random[32],
				   mbedtls_tls_prf_types prf)
{
	(void)key_block, (void)mac_length, (void)key_length, (void)iv_length;
	keep(context, secret, client_random, server_random, prf);
	return 0;
}

void mbed_keep_master(mbedtls_ssl_config *config, mbedtls_ssl_context *ssl, mbed_master *master)
{
	(void)ssl;
	mbedtls_ssl_conf_export_keys_ext_cb(config, on_keys, master);
}
#endif
