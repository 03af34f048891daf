#include "dtls.h"

#include <string.h>

#include "../crypto/tls.h"
#include "../net.h"
#include "../port.h"
#include "hello.h"

/* From dtls_start() to connected. ICE has long given up on a path that takes this long. */
#define HANDSHAKE_LIMIT 20000000u
#define RECORD_HEADER 13

struct dtls_transport {
	tls_session *session;
	dtls_config config;
	dtls_state state;
	dtls_stats stats;
	const char *error;
	uint64_t now;   /* of the call that is under way: the session's clock */
	uint64_t limit; /* when the handshake is given up */
	dtls_hello hello;
	bool hello_ready; /* a whole ClientHello waits in `record`, or was taken by the session */
	uint8_t *record;  /* DTLS_HELLO_MAX bytes, of a server that is not connected */
};

static int on_send(void *context, const uint8_t *bytes, size_t length)
{
	dtls_transport *dtls = context;
	dtls->stats.datagrams_out++;
	dtls->config.send(dtls->config.context, bytes, length);
	return (int)length;
}

static uint64_t on_now(void *context)
{
	const dtls_transport *dtls = context;
	return dtls->now;
}

dtls_transport *dtls_create(const dtls_config *config, uint64_t now)
{
	dtls_transport *dtls = port_alloc(sizeof *dtls, PORT_EXTERNAL, PORT_DTLS);
	if (!dtls)
		return NULL;
	dtls->config = *config;
	dtls->config.identity = NULL; /* the session has its copy */
	dtls->error = "";
	dtls->now = now;
	char error[64];
	dtls->session = tls_session_create(
		&(tls_config){
			.datagram = true,
			.server = config->server,
			.identity = config->identity,
			.peer_fingerprint = config->peer_fingerprint,
			.send = on_send,
			.context = dtls,
			.now = on_now,
		},
		error, sizeof error);
	if (!dtls->session) {
		port_free(dtls);
		return NULL;
	}
	return dtls;
}

void dtls_free(dtls_transport *dtls)
{
	if (!dtls)
		return;
	tls_session_free(dtls->session);
	port_free(dtls->record);
	crypto_wipe(dtls, sizeof *dtls);
	port_free(dtls);
}

static void fail(dtls_transport *dtls, const char *error)
{
	dtls->state = DTLS_FAILED;
	dtls->error = error;
}

static void shake_hands(dtls_transport *dtls)
{
	switch (tls_session_handshake(dtls->session)) {
	case TLS_OK:
		dtls->state = DTLS_CONNECTED;
		port_free(dtls->record);
		dtls->record = NULL;
		break;
	case TLS_WANT_INPUT:
	case TLS_WANT_OUTPUT: /* never: on_send() takes all */
		break;
	case TLS_CLOSED:
	case TLS_FAILED:
		fail(dtls, tls_session_error(dtls->session));
		break;
	}
}

static void read_records(dtls_transport *dtls)
{
	/* The receiver may close us from inside its callback. */
	while (dtls->state == DTLS_CONNECTED) {
		size_t length = NET_DATAGRAM_MAX;
		switch (tls_session_read(dtls->session, dtls->config.room, &length)) {
		case TLS_OK:
			dtls->config.receive(dtls->config.context, dtls->config.room, length);
			break;
		case TLS_WANT_INPUT:
		case TLS_WANT_OUTPUT:
			return;
		case TLS_CLOSED:
			dtls->state = DTLS_CLOSED;
			break;
		case TLS_FAILED:
			fail(dtls, tls_session_error(dtls->session));
			break;
		}
	}
}

/* What is not read by then is gone: the datagram is its sender's. */
static void run(dtls_transport *dtls)
{
	if (dtls->state == DTLS_CONNECTING)
		shake_hands(dtls);
	if (dtls->state == DTLS_CONNECTED)
		read_records(dtls);
	if (dtls->state != DTLS_NEW)
		tls_session_input(dtls->session, NULL, 0);
}

void dtls_start(dtls_transport *dtls, uint64_t now)
{
	if (dtls->state != DTLS_NEW)
		return;
	dtls->now = now;
	dtls->limit = now + HANDSHAKE_LIMIT;
	dtls->state = DTLS_CONNECTING;
	if (!dtls->config.server || dtls->hello_ready)
		run(dtls);
}

/* RFC 6347 section 4.1: a content type and version of DTLS, and a record that is all there. */
static bool is_record(const uint8_t *bytes, size_t length)
{
	return length >= RECORD_HEADER && bytes[0] >= 20 && bytes[0] <= 63 && bytes[1] == 0xfe &&
		   ((size_t)bytes[11] << 8 | bytes[12]) <= length - RECORD_HEADER;
}

/*
 * A server's first datagrams. Before dtls_start() the newest hello waits in `record`: a client
 * whose path is up before ours saves a round trip.
 */
static void await_hello(dtls_transport *dtls, const uint8_t *bytes, size_t length)
{
	if (!dtls->record)
		dtls->record = port_alloc(DTLS_HELLO_MAX, PORT_EXTERNAL, PORT_DTLS);
	if (!dtls->record) {
		dtls->stats.dropped++;
		return;
	}
	size_t whole = dtls_hello_input(&dtls->hello, dtls->record, bytes, length);
	if (whole > 0) {
		tls_session_input(dtls->session, dtls->record, whole);
		dtls->hello_ready = true;
		run(dtls);
	} else if (dtls->hello.length == 0) {
		dtls->stats.dropped++;
	} else { /* a part of a newer one, where the last whole one was */
		tls_session_input(dtls->session, NULL, 0);
		dtls->hello_ready = false;
	}
}

void dtls_input(dtls_transport *dtls, const uint8_t *bytes, size_t length, uint64_t now)
{
	dtls->now = now;
	dtls->stats.datagrams_in++;
	bool started = dtls->state == DTLS_CONNECTING || dtls->state == DTLS_CONNECTED;
	bool valid = length <= NET_DATAGRAM_MAX && is_record(bytes, length);
	if (valid && dtls->config.server &&
		(dtls->state == DTLS_NEW || (started && !dtls->hello_ready))) {
		await_hello(dtls, bytes, length);
	} else if (valid && started) {
		tls_session_input(dtls->session, bytes, length);
		run(dtls);
	} else {
		dtls->stats.dropped++;
	}
}

uint64_t dtls_timeout(const dtls_transport *dtls)
{
	if (dtls->state == DTLS_CONNECTED)
		return tls_session_timeout(dtls->session);
	if (dtls->state != DTLS_CONNECTING)
		return UINT64_MAX;
	uint64_t timeout = tls_session_timeout(dtls->session);
	return timeout < dtls->limit ? timeout : dtls->limit;
}

void dtls_handle_timeout(dtls_transport *dtls, uint64_t now)
{
	dtls->now = now;
	if (dtls->state == DTLS_CONNECTING && now >= dtls->limit) {
		fail(dtls, "the DTLS handshake was not answered in time");
		return;
	}
	if (now < dtls_timeout(dtls))
		return;
	uint32_t sent = dtls->stats.datagrams_out;
	run(dtls);
	if (dtls->stats.datagrams_out != sent)
		dtls->stats.retransmissions++;
}

int dtls_send(dtls_transport *dtls, const uint8_t *bytes, size_t length, uint64_t now)
{
	dtls->now = now;
	if (dtls->state != DTLS_CONNECTED || length == 0)
		return -1;
	size_t taken = length;
	switch (tls_session_write(dtls->session, bytes, &taken)) {
	case TLS_OK:
		return taken == length ? 0 : -1;
	default:
		return -1;
	}
}

void dtls_close(dtls_transport *dtls, uint64_t now)
{
	dtls->now = now;
	if (dtls->state == DTLS_CONNECTED)
		tls_session_close(dtls->session);
	if (dtls->state != DTLS_FAILED)
		dtls->state = DTLS_CLOSED;
}

dtls_state dtls_get_state(const dtls_transport *dtls)
{
	return dtls->state;
}

const char *dtls_error(const dtls_transport *dtls)
{
	return dtls->error;
}

int dtls_get_srtp_keys(dtls_transport *dtls, dtls_srtp_keys *out)
{
	uint8_t material[60];
	if (dtls->state != DTLS_CONNECTED || tls_session_srtp_keys(dtls->session, material) != 0)
		return -1;
	/* client key, server key, client salt, server salt */
	size_t local = dtls->config.server, remote = !dtls->config.server;
	memcpy(out->local_key, material + 16 * local, 16);
	memcpy(out->remote_key, material + 16 * remote, 16);
	memcpy(out->local_salt, material + 32 + 14 * local, 14);
	memcpy(out->remote_salt, material + 32 + 14 * remote, 14);
	crypto_wipe(material, sizeof material);
	return 0;
}

void dtls_get_stats(const dtls_transport *dtls, dtls_stats *out)
{
	*out = dtls->stats;
}
