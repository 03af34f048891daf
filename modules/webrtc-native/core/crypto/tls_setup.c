/* A session's making: what is offered, what is asked of the peer, and who pays for it. */
#include "tls_internal.h"

#include <string.h>

#include "host.h"
#include "identity.h"

#if defined(MBEDTLS_SSL_MAX_FRAGMENT_LENGTH) && !defined(MBEDTLS_SSL_VARIABLE_BUFFER_LENGTH) &&    \
	MBEDTLS_SSL_IN_CONTENT_LEN < 16384 && MBEDTLS_SSL_OUT_CONTENT_LEN >= 2048
#define SMALL_RECORDS 1
#else
#define SMALL_RECORDS 0
#endif

/* Flights of the handshake go out in datagrams that any path takes. */
#define HANDSHAKE_MTU 1200
/* Milliseconds. The path was checked by ICE just now: a whole second, as usual, is too long. */
#define RETRANSMIT_FIRST 150

/* What configures returns NULL, or one line that says why it cannot be. */

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
	tls_check_replays(session, false);
	/* The owner limits the whole; a maximum here would end it after that many doublings. */
	mbedtls_ssl_conf_handshake_timeout(conf, RETRANSMIT_FIRST, UINT32_MAX / 2);
	return NULL;
}

/*
 * A library that was built to hold less than the largest record (16 KB), always, asks the server
 * for smaller ones, which mbedTLS can in TLS 1.2 only (RFC 6066 section 4), and only as small as
 * ours may be. OpenSSL listens; Go and BoringSSL do not: docs/esp32.md.
 */
static const char *ask_for_small_records(mbedtls_ssl_config *config)
{
#if SMALL_RECORDS
	unsigned char code = MBEDTLS_SSL_IN_CONTENT_LEN >= 4096 && MBEDTLS_SSL_OUT_CONTENT_LEN >= 4096
							 ? MBEDTLS_SSL_MAX_FRAG_LEN_4096
							 : MBEDTLS_SSL_MAX_FRAG_LEN_2048;
	if (mbedtls_ssl_conf_max_frag_len(config, code) != 0)
		return "mbedTLS's buffers are smaller than 2048 bytes";
#else
	(void)config;
#endif
	return NULL;
}

static const char *configure_stream(tls_session *session, const tls_config *config)
{
	mbedtls_ssl_config *conf = &session->config;
	tls_stream *stream = session->stream;
	if (config->server)
		return "TLS servers are not supported";
	const char *failure = ask_for_small_records(conf);
	if (failure)
		return failure;
	if (config->host_name) {
		if (strlen(config->host_name) >= sizeof stream->host_name)
			return "the host name is too long";
		strcpy(stream->host_name, config->host_name);
		stream->host_ip_length = host_parse_ip(stream->host_name, stream->host_ip);
	}
	if (config->insecure) {
		mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_NONE);
		return NULL;
	}
	if (!config->host_name || !*config->host_name)
		return "TLS needs the host's name to check its certificate";

	if (!config->ca) {
		failure = anchors_use_system(session);
		if (failure)
			return failure;
	} else if (anchors_parse(&stream->anchors, config->ca, config->ca_length) == 0) {
		mbedtls_ssl_conf_ca_chain(conf, &stream->anchors, NULL);
	} else {
		return "the CA certificate cannot be read (PEM or DER is wanted)";
	}
	mbedtls_ssl_conf_authmode(conf, MBEDTLS_SSL_VERIFY_REQUIRED);
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
	mbed_conf_versions(conf, config->datagram || SMALL_RECORDS);
	mbed_conf_groups(conf);
	configure_suites(conf);
	mbed_conf_tickets(conf, !config->datagram && !config->insecure);
#if defined(MBEDTLS_SSL_RENEGOTIATION)
	mbedtls_ssl_conf_renegotiation(conf, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
#endif
	const char *error =
		config->datagram ? configure_datagram(session, config) : configure_stream(session, config);
	if (error)
		return error;

	if (mbedtls_ssl_setup(&session->ssl, conf) != 0)
		return "out of memory";
	tls_records_begin(session);
	/* SNI is for names only (RFC 6066 section 3); NULL tells newer versions that none is meant. */
	const tls_stream *stream = session->stream;
	const char *name =
		stream && stream->host_name[0] && stream->host_ip_length == 0 ? stream->host_name : NULL;
	if (mbedtls_ssl_set_hostname(&session->ssl, name) != 0)
		return "the host name cannot be used";
	tls_connect_callbacks(session);
	resume_offer(session, config);
	if (config->datagram) {
		mbedtls_ssl_set_mtu(&session->ssl, HANDSHAKE_MTU);
		mbed_keep_master(conf, &session->ssl, &session->master);
	}
	return NULL;
}

static bool add_stream(tls_session *session)
{
	tls_stream *stream = port_alloc(sizeof *stream, PORT_EXTERNAL, PORT_STREAM);
	if (!stream)
		return false;
	mbedtls_x509_crt_init(&stream->anchors);
	session->stream = stream;
	session->input = stream->buffer;
	return true;
}

tls_session *tls_session_create(const tls_config *config, char *error, size_t error_size)
{
	port_subsystem paying = config->datagram ? PORT_DTLS : PORT_STREAM;
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
		mbedtls_pk_init(&session->key);
		if (config->datagram || add_stream(session))
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

void tls_forget_certificates(tls_session *session)
{
	mbedtls_x509_crt_free(&session->certificate);
	mbedtls_pk_free(&session->key);
	if (session->stream)
		mbedtls_x509_crt_free(&session->stream->anchors);
}

void tls_session_free(tls_session *session)
{
	if (!session)
		return;
	port_subsystem before = mbed_charge(session->datagram ? PORT_DTLS : PORT_STREAM);
	mbedtls_ssl_free(&session->ssl);
	mbedtls_ssl_config_free(&session->config);
	tls_forget_certificates(session);
	mbed_charge(before);
	port_free(session->stream);
	crypto_wipe(session, sizeof *session);
	port_free(session);
}
