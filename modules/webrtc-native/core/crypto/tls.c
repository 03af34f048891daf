#include "tls_internal.h"

#include <string.h>

#include "../net.h"

#define RETRANSMIT_LAST 1000 /* milliseconds */
/* A timer seen this late (us) did not run while its owner slept, but while it computed. */
#define TIMER_LATE 20000

static port_subsystem charge(const tls_session *session)
{
	return mbed_charge(session->datagram ? PORT_DTLS : PORT_STREAM);
}

/* -- What mbedTLS calls -- */

static int on_send(void *context, const unsigned char *bytes, size_t length)
{
	tls_session *session = context;
	int sent = session->send(session->context, bytes, length);
	if (sent > 0)
		return sent;
	return sent == 0 ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_CONN_EOF;
}

static int on_receive(void *context, unsigned char *out, size_t room)
{
	tls_session *session = context;
	if (!tls_records_may_be_read(session))
		return MBEDTLS_ERR_SSL_WANT_READ;
	size_t length = session->input_end - session->input_start;
	if (length > room)
		length = room;
	memcpy(out, session->input + session->input_start, length);
	session->input_start += length;
	if (session->datagram)
		session->input_start = session->input_end;
	return (int)length;
}

static void on_set_timer(void *context, uint32_t soft, uint32_t hard)
{
	tls_session *session = context;
	if (hard == 0) {
		session->timer_soft = session->timer_hard = 0;
		return;
	}
	/* mbedTLS doubles without end, see tls_setup.c; the pace is limited here. */
	if (hard > RETRANSMIT_LAST)
		hard = RETRANSMIT_LAST;
	if (soft > hard)
		soft = hard;
	uint64_t now = session->now(session->context);
	session->timer_span = hard * 1000;
	session->timer_soft = now + (uint64_t)soft * 1000;
	session->timer_hard = now + session->timer_span;
}

static int on_get_timer(void *context)
{
	tls_session *session = context;
	if (session->timer_hard == 0)
		return -1;
	uint64_t now = session->now(session->context);
	if (now > session->timer_hard + TIMER_LATE && session->timer_span > 0) {
		/*
		 * It was set from the time of a call that then signed or verified for longer than the
		 * timer runs, as on a device: the peer has had no chance yet. Once per flight.
		 */
		session->timer_soft = session->timer_hard = now + session->timer_span;
		session->timer_span = 0;
		return 0;
	}
	if (now >= session->timer_hard)
		return 2;
	return now >= session->timer_soft;
}

/*
 * Before the keys, a record's sequence number is anyone's word: one forged number would shut out
 * the true ones behind it. The handshake numbers its messages itself, so the window opens after it.
 */
void tls_check_replays(tls_session *session, bool on)
{
#if defined(MBEDTLS_SSL_DTLS_ANTI_REPLAY)
	mbedtls_ssl_conf_dtls_anti_replay(&session->config, on ? MBEDTLS_SSL_ANTI_REPLAY_ENABLED
														   : MBEDTLS_SSL_ANTI_REPLAY_DISABLED);
#endif
}

void tls_connect_callbacks(tls_session *session)
{
	mbedtls_ssl_set_bio(&session->ssl, session, on_send, on_receive, NULL);
	if (session->datagram)
		mbedtls_ssl_set_timer_cb(&session->ssl, session, on_set_timer, on_get_timer);
}

/* -- Running -- */

size_t tls_session_input(tls_session *session, const uint8_t *bytes, size_t length)
{
	if (session->datagram) {
		session->input = bytes;
		session->input_start = 0;
		session->input_end = length;
		return length;
	}
	uint8_t *buffer = session->stream->buffer;
	if (session->input_start > 0) {
		session->input_end -= session->input_start;
		memmove(buffer, buffer + session->input_start, session->input_end);
		session->input_start = 0;
	}
	size_t room = STREAM_INBOUND - session->input_end;
	if (length > room)
		length = room;
	memcpy(buffer + session->input_end, bytes, length);
	session->input_end += length;
	return length;
}

static tls_result failed(tls_session *session, int code)
{
	words_for_failure(session, code);
	return TLS_FAILED;
}

/*
 * True when mbedTLS can go on at once: it may stop early, as after sending a flight again, and
 * where there was no room for a record. `code` becomes the reason why it cannot.
 */
static bool can_go_on(tls_session *session, int *code)
{
	if (session->datagram)
		return session->input_start < session->input_end || on_get_timer(session) == 2;
	*code = tls_records_make_room(session);
	return *code == 0;
}

static void describe_cipher(tls_session *session)
{
	tls_stream *stream = session->stream;
	stream->cipher[0] = 0;
	words_append(stream->cipher, sizeof stream->cipher, mbedtls_ssl_get_version(&session->ssl));
	words_append(stream->cipher, sizeof stream->cipher, " ");
	words_append(stream->cipher, sizeof stream->cipher, mbedtls_ssl_get_ciphersuite(&session->ssl));
}

static bool srtp_negotiated(const tls_session *session)
{
	mbedtls_dtls_srtp_info info;
	mbedtls_ssl_get_dtls_srtp_negotiation_result(&session->ssl, &info);
	return info.chosen_dtls_srtp_profile == MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80;
}

static tls_result finish_handshake(tls_session *session)
{
	if (session->datagram && !srtp_negotiated(session)) {
		mbedtls_ssl_close_notify(&session->ssl);
		session->error = "the peer does not offer SRTP with AES_CM_128_HMAC_SHA1_80";
		return TLS_FAILED;
	}
	if (!tls_records_whole(session))
		return failed(session, MBEDTLS_ERR_SSL_BAD_INPUT_DATA);
	session->connected = true;
	if (session->datagram) {
		mbedtls_ssl_set_mtu(&session->ssl, NET_DATAGRAM_MAX);
		tls_check_replays(session, true);
	} else {
		describe_cipher(session);
		if (!mbed_tickets_follow(&session->ssl))
			resume_keep(session);
	}
	/* Nobody shakes hands a second time. */
	mbedtls_ssl_conf_ca_chain(&session->config, NULL, NULL);
	tls_forget_certificates(session);
	return TLS_OK;
}

tls_result tls_session_handshake(tls_session *session)
{
	if (session->error[0])
		return TLS_FAILED;
	if (session->connected)
		return TLS_OK;
	port_subsystem before = charge(session);
	int code;
	do
		code = mbedtls_ssl_handshake(&session->ssl);
	while (code == MBEDTLS_ERR_SSL_WANT_READ && can_go_on(session, &code));
	tls_result result;
	if (code == 0)
		result = finish_handshake(session);
	else if (code == MBEDTLS_ERR_SSL_WANT_READ)
		result = TLS_WANT_INPUT;
	else if (code == MBEDTLS_ERR_SSL_WANT_WRITE)
		result = TLS_WANT_OUTPUT;
	else
		result = failed(session, code);
	if (result == TLS_FAILED)
		resume_failed(session);
	mbed_charge(before);
	return result;
}

uint64_t tls_session_timeout(const tls_session *session)
{
	return session->timer_hard == 0 ? UINT64_MAX : session->timer_hard;
}

static bool may_go_on(tls_session *session, int *code)
{
	switch (*code) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		return can_go_on(session, code);
#if MBEDTLS_VERSION_MAJOR >= 3
	case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
		resume_keep(session);
		return true;
#endif
	default:
		return false;
	}
}

tls_result tls_session_read(tls_session *session, uint8_t *out, size_t *length)
{
	size_t room = *length;
	*length = 0;
	if (!session->connected || session->error[0])
		return tls_session_handshake(session);
	port_subsystem before = charge(session);
	int code;
	do
		code = mbedtls_ssl_read(&session->ssl, out, room);
	while (may_go_on(session, &code));
	if (code == MBEDTLS_ERR_SSL_WANT_READ)
		tls_records_rest(session);
	mbed_charge(before);

	if (code > 0) {
		*length = (size_t)code;
		return TLS_OK;
	}
	switch (code) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		return TLS_WANT_INPUT;
	case MBEDTLS_ERR_SSL_WANT_WRITE:
		return TLS_WANT_OUTPUT;
	case 0:
	case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
		return TLS_CLOSED;
	default:
		return failed(session, code);
	}
}

/* False where mbedTLS would refuse, too: but what it has refused cannot be used on. */
static bool fits_datagram(const tls_session *session, size_t length)
{
	int room = mbedtls_ssl_get_max_out_record_payload(&session->ssl);
	return room > 0 && length <= (size_t)room;
}

tls_result tls_session_write(tls_session *session, const uint8_t *bytes, size_t *length)
{
	size_t offered = session->written ? session->written : *length;
	*length = 0;
	if (!session->connected || session->error[0])
		return tls_session_handshake(session);
	if (offered == 0 || (session->datagram && !fits_datagram(session, offered)))
		return TLS_OK;
	port_subsystem before = charge(session);
	int code;
	do /* a ticket of TLS 1.3 that has come is taken in first */
		code = mbedtls_ssl_write(&session->ssl, bytes, offered);
	while (may_go_on(session, &code));
	mbed_charge(before);
	session->written = 0;
	if (code > 0) {
		*length = (size_t)code;
		return TLS_OK;
	}
	if (code == MBEDTLS_ERR_SSL_WANT_WRITE) {
		session->written = offered;
		return TLS_WANT_OUTPUT;
	}
	return code == MBEDTLS_ERR_SSL_WANT_READ ? TLS_WANT_INPUT : failed(session, code);
}

void tls_session_close(tls_session *session)
{
	if (!session->connected || session->error[0])
		return;
	port_subsystem before = charge(session);
	mbedtls_ssl_close_notify(&session->ssl);
	mbed_charge(before);
}

/* -- Afterwards -- */

const char *tls_session_error(const tls_session *session)
{
	return session->error;
}

bool tls_session_certificate_refused(const tls_session *session)
{
	return session->refused != 0 && session->error[0] != 0;
}

const char *tls_session_cipher(const tls_session *session)
{
	return session->stream ? session->stream->cipher : "";
}

int tls_session_srtp_keys(tls_session *session, uint8_t out[60])
{
	static const char label[] = "EXTRACTOR-dtls_srtp";
	const mbed_master *master = &session->master;
	if (!session->connected || !master->present)
		return -1;
	return mbedtls_ssl_tls_prf(master->prf, master->secret, sizeof master->secret, label,
							   master->randoms, sizeof master->randoms, out, 60) == 0
			   ? 0
			   : -1;
}
