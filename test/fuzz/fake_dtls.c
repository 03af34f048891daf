/*
 * In place of core/dtls/dtls.c for fuzz_peer.c: connected as soon as both have started, with keys
 * known beforehand, and application data in the clear. A true handshake takes a thousand times as
 * long as what is tested here; fuzz_dtls.c tests that one.
 */
#include <string.h>

#include "dtls/dtls.h"
#include "fuzz.h"
#include "net.h"

/* A datagram's first byte, as RFC 7983 tells DTLS from other things. */
enum { ALERT = 21, HANDSHAKE = 22, DATA = 23 };

struct dtls_transport {
	dtls_config config;
	dtls_state state;
	dtls_stats stats;
	bool greeted;
};

dtls_transport *dtls_create(const dtls_config *config, uint64_t now)
{
	dtls_transport *dtls = calloc(1, sizeof *dtls);

	(void)now;
	REQUIRE(dtls != NULL);
	dtls->config = *config;
	return dtls;
}

void dtls_free(dtls_transport *dtls)
{
	free(dtls);
}

static void emit(dtls_transport *dtls, uint8_t kind, const uint8_t *bytes, size_t length)
{
	uint8_t datagram[NET_DATAGRAM_MAX] = {kind};

	if (length > 0)
		memcpy(datagram + 1, bytes, length);
	dtls->stats.datagrams_out++;
	dtls->config.send(dtls->config.context, datagram, 1 + length);
}

static void connect_when_ready(dtls_transport *dtls)
{
	if (dtls->greeted && dtls->state == DTLS_CONNECTING) {
		dtls->state = DTLS_CONNECTED;
		emit(dtls, HANDSHAKE, NULL, 0);
	}
}

void dtls_start(dtls_transport *dtls, uint64_t now)
{
	(void)now;
	if (dtls->state != DTLS_NEW)
		return;
	dtls->state = DTLS_CONNECTING;
	emit(dtls, HANDSHAKE, NULL, 0);
	connect_when_ready(dtls);
}

void dtls_input(dtls_transport *dtls, const uint8_t *bytes, size_t length, uint64_t now)
{
	(void)now;
	dtls->stats.datagrams_in++;
	if (bytes[0] == HANDSHAKE) {
		dtls->greeted = true;
		connect_when_ready(dtls);
	} else if (bytes[0] == DATA && dtls->state == DTLS_CONNECTED && length > 1) {
		dtls->config.receive(dtls->config.context, bytes + 1, length - 1);
	} else if (bytes[0] == ALERT && dtls->state == DTLS_CONNECTED) {
		dtls->state = DTLS_CLOSED;
	} else {
		dtls->stats.dropped++;
	}
}

uint64_t dtls_timeout(const dtls_transport *dtls)
{
	(void)dtls;
	return UINT64_MAX;
}

void dtls_handle_timeout(dtls_transport *dtls, uint64_t now)
{
	(void)dtls, (void)now;
}

int dtls_send(dtls_transport *dtls, const uint8_t *bytes, size_t length, uint64_t now)
{
	(void)now;
	if (dtls->state != DTLS_CONNECTED || length == 0 || length >= NET_DATAGRAM_MAX)
		return -1;
	emit(dtls, DATA, bytes, length);
	return 0;
}

void dtls_close(dtls_transport *dtls, uint64_t now)
{
	(void)now;
	if (dtls->state == DTLS_CONNECTED)
		emit(dtls, ALERT, NULL, 0);
	dtls->state = DTLS_CLOSED;
}

dtls_state dtls_get_state(const dtls_transport *dtls)
{
	return dtls->state;
}

const char *dtls_error(const dtls_transport *dtls)
{
	(void)dtls;
	return "";
}

int dtls_get_srtp_keys(dtls_transport *dtls, dtls_srtp_keys *out)
{
	uint8_t ours = dtls->config.server ? 1 : 2;

	if (dtls->state != DTLS_CONNECTED)
		return -1;
	memset(out, 0, sizeof *out);
	out->local_key[0] = ours;
	out->remote_key[0] = 3 - ours;
	return 0;
}

void dtls_get_stats(const dtls_transport *dtls, dtls_stats *out)
{
	*out = dtls->stats;
}
