/* DTLS-SRTP with the openssl program, in both roles, over UDP on loopback. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "dtls/dtls.h"
#include "hex.h"
#include "net.h"
#include "process.h"

static char directory[] = "/tmp/lkxs-interop-XXXXXX";
static crypto_identity identity;
static process peer;

typedef struct {
	int socket;
	struct sockaddr_in to;
	dtls_transport *dtls;
	uint8_t room[NET_DATAGRAM_MAX];
	uint8_t received[2048];
	size_t length;
} end;

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static const char *path(const char *name)
{
	static char paths[4][128];
	static unsigned turn;
	char *text = paths[turn++ % 4];
	snprintf(text, sizeof paths[0], "%s/%s", directory, name);
	return text;
}

static void on_send(void *context, const uint8_t *bytes, size_t length)
{
	end *us = context;
	sendto(us->socket, bytes, length, 0, (struct sockaddr *)&us->to, sizeof us->to);
}

static void on_receive(void *context, const uint8_t *bytes, size_t length)
{
	end *us = context;
	memcpy(us->received, bytes, length);
	us->length = length;
}

/* A UDP socket on a port of loopback; the port. */
static uint16_t open_socket(end *us)
{
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t size = sizeof here;
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	us->socket = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(us->socket, (struct sockaddr *)&here, sizeof here), 0);
	getsockname(us->socket, (struct sockaddr *)&here, &size);
	return ntohs(here.sin_port);
}

static void fingerprint_of(const char *kind, uint8_t out[32])
{
	uint8_t bytes[4096];
	char name[32];
	snprintf(name, sizeof name, "%s.der", kind);
	FILE *file = fopen(path(name), "rb");
	assert_non_null(file);
	size_t length = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	assert_int_equal(crypto_sha256(bytes, length, out), 0);
}

static void create(end *us, bool server, const char *kind, bool right)
{
	dtls_config config = {.server = server,
						  .identity = &identity,
						  .send = on_send,
						  .room = us->room,
						  .receive = on_receive,
						  .context = us};
	fingerprint_of(kind, config.peer_fingerprint);
	if (!right)
		config.peer_fingerprint[0] ^= 1;
	us->dtls = dtls_create(&config, now());
	assert_non_null(us->dtls);
}

/* Runs until `state` or data; 5 s at most. */
static bool run(end *us, dtls_state state, bool until_data)
{
	uint64_t until = now() + 5000000;
	us->length = 0;
	while (now() < until) {
		if (until_data ? us->length > 0 : dtls_get_state(us->dtls) == state)
			return true;
		struct pollfd ready = {.fd = us->socket, .events = POLLIN};
		uint64_t timeout = dtls_timeout(us->dtls), time = now();
		int wait = timeout <= time ? 0 : timeout - time > 20000 ? 20 : (int)(timeout - time) / 1000;
		if (poll(&ready, 1, wait) > 0) {
			uint8_t bytes[2048];
			socklen_t size = sizeof us->to;
			ssize_t got =
				recvfrom(us->socket, bytes, sizeof bytes, 0, (struct sockaddr *)&us->to, &size);
			if (got > 0)
				dtls_input(us->dtls, bytes, (size_t)got, now());
		}
		if (dtls_timeout(us->dtls) <= now())
			dtls_handle_timeout(us->dtls, now());
		process_read(&peer, 0);
	}
	return false;
}

enum { NO_CERTIFICATE = 1, NO_SRTP = 2, COOKIE = 4 };

/* A client of `port`, or a server, on the port that is returned. */
static uint16_t start_peer(bool server, const char *kind, uint16_t port, unsigned flags)
{
	char certificate[32], key[32], address[32];
	snprintf(certificate, sizeof certificate, "%s.pem", kind);
	snprintf(key, sizeof key, "%s.key", kind);
	snprintf(address, sizeof address, "127.0.0.1:%u", server ? 0u : (unsigned)port);
	const char *arguments[32] = {OPENSSL,
								 server ? "s_server" : "s_client",
								 "-dtls1_2",
								 "-keymatexport",
								 "EXTRACTOR-dtls_srtp",
								 "-keymatexportlen",
								 "60",
								 server ? "-accept" : "-connect",
								 address};
	size_t count = 9;
	if (!(flags & NO_SRTP)) {
		arguments[count++] = "-use_srtp";
		arguments[count++] = "SRTP_AES128_CM_SHA1_80";
	}
	if (!(flags & NO_CERTIFICATE)) {
		arguments[count++] = "-cert";
		arguments[count++] = path(certificate);
		arguments[count++] = "-key";
		arguments[count++] = path(key);
	}
	if (flags & COOKIE)
		arguments[count++] = "-listen";
	if (server) {
		arguments[count++] = "-Verify";
		arguments[count++] = "1";
	}
	assert_true(process_start(&peer, arguments));
	if (server)
		port = process_port(&peer);
	assert_int_not_equal(port, 0);
	return port;
}

static void assert_same_keys(end *us, bool server)
{
	const char *line = process_expect(&peer, "Keying material: ");
	if (!line)
		fail_msg("no keying material in: %s", peer.text);
	while (strlen(line) < 17 + 120)
		assert_true(process_read(&peer, 1000));
	char hex[121] = {0};
	memcpy(hex, line + 17, 120);
	uint8_t theirs[60];
	unhex(hex, theirs);
	dtls_srtp_keys keys;
	assert_int_equal(dtls_get_srtp_keys(us->dtls, &keys), 0);
	const uint8_t *client = server ? keys.remote_key : keys.local_key;
	const uint8_t *other = server ? keys.local_key : keys.remote_key;
	assert_memory_equal(client, theirs, 16);
	assert_memory_equal(other, theirs + 16, 16);
	assert_memory_equal(server ? keys.remote_salt : keys.local_salt, theirs + 32, 14);
	assert_memory_equal(server ? keys.local_salt : keys.remote_salt, theirs + 46, 14);
	assert_non_null(process_expect(&peer, "SRTP_AES128_CM_SHA1_80"));
	if (server) { /* our choice, with RFC 7627 */
		assert_non_null(process_expect(&peer, "ECDHE-ECDSA-AES128-GCM-SHA256"));
		assert_non_null(process_expect(&peer, "Extended master secret: yes"));
	}
}

static void assert_data(end *us)
{
	assert_int_equal(dtls_send(us->dtls, (const uint8_t *)"from us\n", 8, now()), 0);
	assert_non_null(process_expect(&peer, "from us\n"));
	assert_int_equal(write(peer.in, "from them\n", 10), 10);
	assert_true(run(us, DTLS_CONNECTED, true));
	assert_int_equal(us->length, 10);
	assert_memory_equal(us->received, "from them\n", 10);
}

static void finish(end *us)
{
	dtls_close(us->dtls, now());
	dtls_free(us->dtls);
	close(us->socket);
	process_stop(&peer);
}

static void as_server(const char *kind, unsigned flags)
{
	end us;
	uint16_t port = open_socket(&us);
	create(&us, true, kind, true);
	dtls_start(us.dtls, now());
	start_peer(false, kind, port, flags);
	if (!run(&us, DTLS_CONNECTED, false))
		fail_msg("%s: %s\n%s", kind, dtls_error(us.dtls), peer.text);
	assert_same_keys(&us, true);
	assert_data(&us);
	finish(&us);
}

/* A socket, and a server for it to talk to. */
static void open_client(end *us, const char *kind, unsigned flags)
{
	open_socket(us);
	us->to = (struct sockaddr_in){.sin_family = AF_INET,
								  .sin_port = htons(start_peer(true, kind, 0, flags))};
	us->to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
}

static void as_client(const char *kind, unsigned flags)
{
	end us;
	open_client(&us, kind, flags);
	create(&us, false, kind, true);
	dtls_start(us.dtls, now());
	if (!run(&us, DTLS_CONNECTED, false))
		fail_msg("%s: %s\n%s", kind, dtls_error(us.dtls), peer.text);
	assert_same_keys(&us, false);
	assert_data(&us);
	finish(&us);
}

static void server_to_openssl(void **state)
{
	(void)state;
	as_server("ecdsa", 0);
}

static void server_to_openssl_with_rsa(void **state)
{
	(void)state;
	as_server("rsa", 0);
}

static void client_to_openssl(void **state)
{
	(void)state;
	as_client("ecdsa", 0);
}

static void client_to_openssl_with_rsa(void **state)
{
	(void)state;
	as_client("rsa", 0);
}

/* A server that asks for a cookie first (RFC 6347 section 4.2.1). */
static void client_to_openssl_with_cookie(void **state)
{
	(void)state;
	as_client("ecdsa", COOKIE);
}

static void server_refuses(unsigned flags, const char *why)
{
	end us;
	dtls_srtp_keys keys;
	uint16_t port = open_socket(&us);
	create(&us, true, "ecdsa", true);
	dtls_start(us.dtls, now());
	start_peer(false, "ecdsa", port, flags);
	assert_true(run(&us, DTLS_FAILED, false));
	assert_string_equal(dtls_error(us.dtls), why);
	assert_int_equal(dtls_get_srtp_keys(us.dtls, &keys), -1);
	finish(&us);
}

static void server_refuses_a_client_without_certificate(void **state)
{
	(void)state;
	server_refuses(NO_CERTIFICATE, "the peer sent no certificate");
}

static void server_refuses_a_client_without_srtp(void **state)
{
	(void)state;
	server_refuses(NO_SRTP, "the peer does not offer SRTP with AES_CM_128_HMAC_SHA1_80");
}

static void server_refuses_wrong_fingerprint(void **state)
{
	(void)state;
	end us;
	dtls_srtp_keys keys;
	uint16_t port = open_socket(&us);
	create(&us, true, "ecdsa", false);
	dtls_start(us.dtls, now());
	start_peer(false, "ecdsa", port, 0);
	assert_true(run(&us, DTLS_FAILED, false));
	assert_string_equal(dtls_error(us.dtls),
						"certificate does not match the signalled fingerprint");
	assert_int_equal(dtls_get_srtp_keys(us.dtls, &keys), -1);
	if (!process_expect(&peer, "alert bad certificate"))
		fail_msg("%s", peer.text);
	finish(&us);
}

static void client_refuses_wrong_fingerprint(void **state)
{
	(void)state;
	end us;
	dtls_srtp_keys keys;
	open_client(&us, "ecdsa", 0);
	create(&us, false, "ecdsa", false);
	dtls_start(us.dtls, now());
	assert_true(run(&us, DTLS_FAILED, false));
	assert_string_equal(dtls_error(us.dtls),
						"certificate does not match the signalled fingerprint");
	assert_int_equal(dtls_get_srtp_keys(us.dtls, &keys), -1);
	if (!process_expect(&peer, "alert bad certificate"))
		fail_msg("%s", peer.text);
	finish(&us);
}

static int make_certificate(const char *kind, const char *algorithm, const char *option)
{
	char key[32], certificate[32], der[32];
	snprintf(key, sizeof key, "%s.key", kind);
	snprintf(certificate, sizeof certificate, "%s.pem", kind);
	snprintf(der, sizeof der, "%s.der", kind);
	return process_run((const char *const[]){
			   OPENSSL, "req", "-x509", "-nodes", "-newkey", algorithm, "-pkeyopt", option, "-subj",
			   "/CN=peer", "-days", "2", "-keyout", path(key), "-out", path(certificate), NULL}) ||
		   process_run((const char *const[]){OPENSSL, "x509", "-in", path(certificate), "-outform",
											 "DER", "-out", path(der), NULL});
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(directory) || crypto_identity_generate(&identity) != 0)
		return -1;
	return make_certificate("ecdsa", "ec", "ec_paramgen_curve:P-256") ||
		   make_certificate("rsa", "rsa", "rsa_keygen_bits:2048");
}

static int tear_down(void **state)
{
	(void)state;
	return process_run((const char *const[]){"rm", "-r", directory, NULL});
}

/* An assertion that failed left the peer running. */
static int stop_peer(void **state)
{
	(void)state;
	process_stop(&peer);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(server_to_openssl, stop_peer),
		cmocka_unit_test_teardown(server_to_openssl_with_rsa, stop_peer),
		cmocka_unit_test_teardown(client_to_openssl, stop_peer),
		cmocka_unit_test_teardown(client_to_openssl_with_rsa, stop_peer),
		cmocka_unit_test_teardown(client_to_openssl_with_cookie, stop_peer),
		cmocka_unit_test_teardown(server_refuses_a_client_without_certificate, stop_peer),
		cmocka_unit_test_teardown(server_refuses_a_client_without_srtp, stop_peer),
		cmocka_unit_test_teardown(server_refuses_wrong_fingerprint, stop_peer),
		cmocka_unit_test_teardown(client_refuses_wrong_fingerprint, stop_peer),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
