/*
 * Resuming TLS: the last session with a server is kept in memory, so that a reconnect needs no
 * certificate chain, and with TLS 1.2 a round trip less. One server at a time: a device has one.
 */
#include "tls_internal.h"

#include <stdatomic.h>
#include <string.h>

#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)

#define LIFETIME                                                                                   \
	(24 * 3600 * UINT64_C(1000000)) /* microseconds: then the chain is looked at again */

typedef struct {
	uint8_t trust[32];
	uint64_t since;
	mbedtls_ssl_session session;
} kept_session;

/* Whoever works with it takes it out: connections may be made on several threads. */
static _Atomic(kept_session *) kept;

static void forget(kept_session *entry)
{
	if (!entry)
		return;
	mbedtls_ssl_session_free(&entry->session);
	port_free(entry);
}

static void put(kept_session *entry)
{
	forget(atomic_exchange(&kept, entry));
}

/* A resumed session is believed without its certificate: only by who would have believed that. */
static int identify(tls_session *session, const tls_config *config)
{
	tls_stream *stream = session->stream;
	uint8_t text[32 + sizeof stream->host_name] = {0};
	size_t length = strlen(stream->host_name);

	if (config->ca && crypto_sha256(config->ca, config->ca_length, text) != 0)
		return -1;
	memcpy(text + 32, stream->host_name, length);
	return crypto_sha256(text, 32 + length, stream->trust);
}

void resume_offer(tls_session *session, const tls_config *config)
{
	if (config->datagram || config->insecure || !config->now || identify(session, config) != 0)
		return;
	session->stream->keeps = true;
	kept_session *entry = atomic_exchange(&kept, NULL);
	if (!entry)
		return;
	if (memcmp(entry->trust, session->stream->trust, sizeof entry->trust) == 0 &&
		config->now(config->context) - entry->since < LIFETIME)
		session->stream->resumes = mbedtls_ssl_set_session(&session->ssl, &entry->session) == 0;
	put(entry);
}

void resume_keep(tls_session *session)
{
	if (!session->stream || !session->stream->keeps)
		return;
	kept_session *entry = port_alloc(sizeof *entry, PORT_EXTERNAL, PORT_STREAM);
	if (!entry)
		return;
	mbedtls_ssl_session_init(&entry->session);
	if (mbedtls_ssl_get_session(&session->ssl, &entry->session) != 0) {
		forget(entry);
		return;
	}
	memcpy(entry->trust, session->stream->trust, sizeof entry->trust);
	entry->since = session->now(session->context);
	put(entry);
}

void resume_failed(tls_session *session)
{
	if (session->stream && session->stream->resumes)
		put(NULL);
}

#else

void resume_offer(tls_session *session, const tls_config *config)
{
	(void)session, (void)config;
}

void resume_keep(tls_session *session)
{
	(void)session;
}

void resume_failed(tls_session *session)
{
	(void)session;
}

#endif
