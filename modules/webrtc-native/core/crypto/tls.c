#include "tls_internal.h"

#include <string.h>

#include "../net.h"
#include "identity.h"

#define STREAM_INPUT 4096
#define DATAGRAM_INPUT 2048 /* a ClientHello that was put together may be over the MTU */
/* Flights of the handshake go out in datagrams that any path takes. */
#define HANDSHAKE_MTU 1200
/* A datagram is answered over a path that ICE has just checked: do not wait a second for it. */
#define RETRANSMIT_FIRST 150
#define RETRANSMIT_LAST 1000
/* A timer seen this late (us) did not run while its owner slept, but while it computed. */
#define TIMER_LATE 20000

static port_subsystem payer(const tls_session *session)
{
	return session->datagram ? PORT_DTLS : PORT_STREAM;
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
	size_t length = session->input_end - session->input_start;
	if (length == 0)
		return MBEDTLS_ERR_SSL_WANT_READ;
	if (length > room)
		length = room;
	memcpy(out, session->input + session->input_start, length);
	session->input_start += length;
	if (session->datagram)
		session->input_start = session->input_end;
	return (int)length;
}

static void on_set_timer(void *context, uint32_t intermediate, uint32_t final)
{
	tls_session *session = context;
	if (final == 0) {
		session->timer_intermediate = session->timer_final = 0;
		return;
	}
	/* mbedTLS doubles without end, see configure_datagram(); the pace is limited here. */
	if (final > RETRANSMIT_LAST)
		final = RETRANSMIT_LAST;
	if (intermediate > final)
		intermediate = final;
	uint64_t now = session->now(session->context);
	session->timer_intermediate = now + (uint64_t)intermediate * 1000;
	session->timer_final = now + (uint64_t) final * 1000;
	session->timer_span = final * 1000;
}

static int on_get_timer(void *context)
{
	tls_session *session = context;
	if (session->timer_final == 0)
		return -1;
	uint64_t now = session->now(session->context);
	if (now > session->timer_final + TIMER_LATE && session->timer_span > 0) {
		/*
		 * It was set from the time of a call that then signed or verified for longer than the
		 * timer runs, as on a device: the peer has had no chance yet. Once per flight.
		 */
		session->timer_intermediate = session->timer_final = now + session->timer_span;
		session->timer_span = 0;
		return 0;
	}
	if (now >= session->timer_final)
		return 2;
	return now >= session->timer_intermediate;
}

/*
 * Before the keys, a record's sequence number is anyone's word: one forged number would shut out
 * the true ones behind it. The handshake numbers its messages itself, so the window opens after it.
 */
static void check_replays(tls_session *session, bool on)
{
#if defined(MBEDTLS_SSL_DTLS_ANTI_REPLAY)
	mbedtls_ssl_conf_dtls_anti_replay(&session->config, on ? MBEDTLS_SSL_ANTI_REPLAY_ENABLED
														   : MBEDTLS_SSL_ANTI_REPLAY_DISABLED);
#endif
}

/* -- Set-up: each returns NULL, or one line -- */

static void configure_suites(mbedtls_ssl_config *config)
{
	/* Forward secrecy and authenticated encryption; AES first, for hardware has it. */
	static const int suites[] = {
#if MBEDTLS_VERSION_MAJOR >= 3 && defined(MBEDTLS_SSL_PROTO_TLS1_3)
		MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
		MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
#endif
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
		MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		0,
	};
	mbedtls_ssl_conf_ciphersuites(config, suites);
}

static const char *configure_datagram(tls_session *session, const tls_config *config)
{
	static const mbedtls_ssl_srtp_profile profiles[] = {MBEDTLS_TLS_SRTP_AES128_CM_HMAC_SHA1_80,
														MBEDTLS_TLS_SRTP_UNSET};
	mbedtls_ssl_config *conf = &session->config;
	if (!config->identity || !config->peer_fingerprint || !config->now)
		return "DTLS needs an identity, a fingerprint and a clock";
	if (identity_open(config->identity, &session->certificate, &session->key) != 0 ||
		mbedtls_ssl_conf_own_cert(conf, &session->certificate, &session->key) != 0)
		return "the identity cannot be used";
	memcpy(session->peer_fingerprint, config->peer_fingerprint, sizeof session->peer_fingerprint);
	if (mbedtls_ssl_conf_dtls_srtp_protection_profiles(conf, profiles) != 0)
		return "mbedTLS refused the SRTP profile";

	/* Required verification wants a chain to verify against; the callback alone decides. */
	mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(conf, &session->certificate, NULL);
	mbedtls_ssl_conf_verify(conf, verify_fingerprint, session);
#if defined(MBEDTLS_SSL_SRV_C)
	mbedtls_ssl_conf_cert_req_ca_list(conf, MBEDTLS_SSL_CERT_REQ_CA_LIST_DISABLED);
	/* ICE has verified the path: no cookie round trip. */
	mbedtls_ssl_conf_dtls_cookies(conf, NULL, NULL, NULL);
#endif
	check_replays(session, false);
	/* The owner limits the whole; a maximum here would end it after that many doublings. */
	mbedtls_ssl_conf_handshake_timeout(conf, RETRANSMIT_FIRST, UINT32_MAX / 2);
	return NULL;
}

static const char *configure_stream(tls_session *session, const tls_config *config)
{
	mbedtls_ssl_config *conf = &session->config;
	if (config->server)
		return "TLS servers are not supported";
	if (config->host_name) {
		if (strlen(config->host_name) >= sizeof session->host_name)
			return "the host name is too long";
		strcpy(session->host_name, config->host_name);
		session->host_ip_length = verify_parse_ip(session->host_name, session->host_ip);
	}
	if (config->insecure) {
		mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_NONE);
		return NULL;
	}
	if (!config->host_name || !*config->host_name)
		return "TLS needs the host's name to check its certificate";

	mbedtls_x509_crt *anchors = &session->anchors;
	if (!config->ca)
		anchors = anchors_system();
	else if (anchors_parse(anchors, config->ca, config->ca_length) != 0)
		return "the CA certificate cannot be read (PEM or DER is wanted)";
	if (!anchors)
		return "no trusted roots on this system: install ca-certificates or give a CA file";
	mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(conf, anchors, NULL);
	mbedtls_ssl_conf_verify(conf, verify_host, session);
	return NULL;
}

static const char *configure(tls_session *session, const tls_config *config)
{
	mbedtls_ssl_config *conf = &session->config;
	if (mbedtls_ssl_config_defaults(
			conf, config->server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
			config->datagram ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
			MBEDTLS_SSL_PRESET_DEFAULT) != 0)
		return "out of memory";
	mbed_conf_random(conf);
	mbed_conf_versions(conf, config->datagram);
	mbed_conf_groups(conf);
	configure_suites(conf);
#if defined(MBEDTLS_SSL_SESSION_TICKETS) && defined(MBEDTLS_SSL_CLI_C)
	/* A session that is not kept needs no ticket; resumption would begin here. */
	mbedtls_ssl_conf_session_tickets(conf, MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
#endif
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	mbedtls_ssl_conf_renegotiation(conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
	const char *error =
		config->datagram ? configure_datagram(session, config) : configure_stream(session, config);
	if (error)
		return error;

	if (mbedtls_ssl_setup(&session->ssl, conf) != 0)
		return "out of memory";
	/* SNI is for names only (RFC 6066 section 3); NULL tells newer versions that none is meant. */
	const char *name =
		session->host_name[0] && session->host_ip_length == 0 ? session->host_name : NULL;
	if (mbedtls_ssl_set_hostname(&session->ssl, name) != 0)
		return "the host name cannot be used";
	mbedtls_ssl_set_bio(&session->ssl, session, on_send, on_receive, NULL);
	if (config->datagram) {
		mbedtls_ssl_set_timer_cb(&session->ssl, session, on_set_timer, on_get_timer);
		mbedtls_ssl_set_mtu(&session->ssl, HANDSHAKE_MTU);
		mbed_keep_master(conf, &session->ssl, &session->master);
	}
	return NULL;
}

tls_session *tls_session_create(const tls_config *config, char *error, size_t error_size)
{
	port_subsystem paying = config->datagram ? PORT_DTLS : PORT_STREAM;
	size_t input = config->datagram ? DATAGRAM_INPUT : STREAM_INPUT;
	const char *failure = "out of memory";
	port_subsystem before = mbed_charge(paying);
	tls_session *session = port_alloc(sizeof *session, PORT_EXTERNAL, paying);
	if (session) {
		session->datagram = config->datagram;
		session->error = "";
		session->send = config->send;
		session->context = config->context;
		session->now = config->now;
		mbedtls_ssl_init(&session->ssl);
		mbedtls_ssl_config_init(&session->config);
		mbedtls_x509_crt_init(&session->certificate);
		mbedtls_x509_crt_init(&session->anchors);
		mbedtls_pk_init(&session->key);
		session->input = port_alloc(input, PORT_EXTERNAL, paying);
		session->input_size = input;
		if (session->input)
			failure = mbed_start() == 0 ? configure(session, config) : "no entropy";
		if (failure) {
			tls_session_free(session);
			session = NULL;
		}
	}
	mbed_charge(before);
	if (!session && error_size > 0) {
		error[0] = 0;
		words_append(error, error_size, failure);
	}
	return session;
}

void tls_session_free(tls_session *session)
{
	if (!session)
		return;
	port_subsystem before = mbed_charge(payer(session));
	mbedtls_ssl_free(&session->ssl);
	mbedtls_ssl_config_free(&session->config);
	mbedtls_x509_crt_free(&session->certificate);
	mbedtls_x509_crt_free(&session->anchors);
	mbedtls_pk_free(&session->key);
	mbed_charge(before);
	port_free(session->input);
	crypto_wipe(session, sizeof *session);
	port_free(session);
}

/* -- Running -- */

size_t tls_session_input(tls_session *session, const uint8_t *bytes, size_t length)
{
	if (session->datagram) {
		session->input_start = session->input_end = 0;
	} else if (session->input_start > 0) {
		session->input_end -= session->input_start;
		memmove(session->input, session->input + session->input_start, session->input_end);
		session->input_start = 0;
	}
	size_t room = session->input_size - session->input_end;
	if (length > room)
		length = room;
	memcpy(session->input + session->input_end, bytes, length);
	session->input_end += length;
	return length;
}

static tls_result failed(tls_session *session, int code)
{
	words_for_failure(session, code);
	return TLS_FAILED;
}

/* True when mbedTLS can go on at once: it may stop early, as after sending a flight again. */
static bool can_go_on(tls_session *session)
{
	return session->input_start < session->input_end ||
		   (session->datagram && on_get_timer(session) == 2);
}

static void describe_cipher(tls_session *session)
{
	size_t size = sizeof session->cipher;
	session->cipher[0] = 0;
	words_append(session->cipher, size, mbedtls_ssl_get_version(&session->ssl));
	words_append(session->cipher, size, " ");
	words_append(session->cipher, size, mbedtls_ssl_get_ciphersuite(&session->ssl));
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
		session->error = "the peer does not offer SRTP with AES_CM_128_HMAC_SHA1_80";
		tls_session_close(session);
		return TLS_FAILED;
	}
	session->connected = true;
	describe_cipher(session);
	if (session->datagram) {
		mbedtls_ssl_set_mtu(&session->ssl, NET_DATAGRAM_MAX);
		check_replays(session, true);
	}
	return TLS_OK;
}

tls_result tls_session_handshake(tls_session *session)
{
	if (session->error[0])
		return TLS_FAILED;
	if (session->connected)
		return TLS_OK;
	port_subsystem before = mbed_charge(payer(session));
	int code;
	do
		code = mbedtls_ssl_handshake(&session->ssl);
	while (code == MBEDTLS_ERR_SSL_WANT_READ && can_go_on(session));
	tls_result result;
	if (code == 0)
		result = finish_handshake(session);
	else if (code == MBEDTLS_ERR_SSL_WANT_READ)
		result = TLS_WANT_INPUT;
	else if (code == MBEDTLS_ERR_SSL_WANT_WRITE)
		result = TLS_WANT_OUTPUT;
	else
		result = failed(session, code);
	mbed_charge(before);
	return result;
}

uint64_t tls_session_timeout(const tls_session *session)
{
	return session->timer_final == 0 ? UINT64_MAX : session->timer_final;
}

static bool may_go_on(tls_session *session, int code)
{
	switch (code) {
	case MBEDTLS_ERR_SSL_WANT_READ:
		return can_go_on(session);
#if MBEDTLS_VERSION_MAJOR >= 3
	case MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET:
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
	port_subsystem before = mbed_charge(payer(session));
	int code;
	do
		code = mbedtls_ssl_read(&session->ssl, out, room);
	while (may_go_on(session, code));
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
	port_subsystem before = mbed_charge(payer(session));
	int code = mbedtls_ssl_write(&session->ssl, bytes, offered);
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
	port_subsystem before = mbed_charge(payer(session));
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
	return session->cipher;
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
