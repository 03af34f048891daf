/* TLS client sessions against `openssl s_server` with a private CA, and what they say when it
 * fails. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "crypto/tls.h"
#include "process.h"

static char directory[] = "/tmp/lkxs-interop-XXXXXX";
static process server;
static time_t clock_offset;

/* mbedTLS takes the date of a certificate check from here: the test moves the clock. */
time_t time(time_t *out)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	time_t moved = now.tv_sec + clock_offset;
	if (out)
		*out = moved;
	return moved;
}

static const char *path(const char *name)
{
	static char paths[8][128];
	static unsigned turn;
	char *text = paths[turn++ % 8];
	snprintf(text, sizeof paths[0], "%s/%s", directory, name);
	return text;
}

static size_t read_all(const char *name, uint8_t *out, size_t room)
{
	FILE *file = fopen(path(name), "rb");
	assert_non_null(file);
	size_t length = fread(out, 1, room, file);
	fclose(file);
	return length;
}

static int on_send(void *context, const uint8_t *bytes, size_t length)
{
	/* In small pieces, now and then none: what a full socket does. */
	static unsigned turn;
	if (++turn % 3 == 0)
		return 0;
	ssize_t sent = send(*(int *)context, bytes, length < 700 ? length : 700, MSG_NOSIGNAL);
	return (int)sent;
}

typedef struct {
	int socket;
	tls_session *session;
	char failure[256];
} client;

/* Starts a server with certificate `name`; extra options end with NULL. */
static uint16_t serve(const char *name, const char *option, const char *value)
{
	char certificate[32], key[32];
	snprintf(certificate, sizeof certificate, "%s.pem", name);
	snprintf(key, sizeof key, "%s.key", name);
	const char *arguments[] = {OPENSSL,       "s_server", "-accept",
							   "127.0.0.1:0", "-cert",    path(certificate),
							   "-key",        path(key),  option ? "-tls1_2" : NULL,
							   option,        value,      NULL};
	assert_true(process_start(&server, arguments));
	uint16_t port = process_port(&server);
	if (port == 0)
		fail_msg("%s", server.text);
	return port;
}

/* Feeds at most `most` bytes of what has come. False at the end of the connection. */
static bool feed(client *us, size_t most)
{
	uint8_t bytes[3000];
	ssize_t got = recv(us->socket, bytes, most, 0);
	if (got <= 0)
		return false;
	for (size_t taken = 0; taken < (size_t)got;) {
		size_t step = tls_session_input(us->session, bytes + taken, (size_t)got - taken);
		taken += step;
		if (taken < (size_t)got)
			tls_session_handshake(us->session); /* makes room */
	}
	return true;
}

static bool shake_hands(client *us, uint16_t port, const tls_config *given)
{
	tls_config config = *given;
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memset(us, 0, sizeof *us);
	us->socket = socket(AF_INET, SOCK_STREAM, 0);
	struct timeval limit = {.tv_sec = 5};
	setsockopt(us->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	assert_int_equal(connect(us->socket, (struct sockaddr *)&to, sizeof to), 0);
	config.send = on_send;
	config.context = &us->socket;
	us->session = tls_session_create(&config, us->failure, sizeof us->failure);
	if (!us->session)
		return false;
	for (;;) {
		switch (tls_session_handshake(us->session)) {
		case TLS_OK:
			return true;
		case TLS_WANT_INPUT:
			if (!feed(us, 333)) {
				strcpy(us->failure, "end of connection");
				return false;
			}
			break;
		case TLS_WANT_OUTPUT:
			break;
		case TLS_CLOSED:
		case TLS_FAILED:
			snprintf(us->failure, sizeof us->failure, "%s", tls_session_error(us->session));
			return false;
		}
	}
}

static void release(client *us)
{
	tls_session_free(us->session);
	close(us->socket);
	process_stop(&server);
}

static bool try(uint16_t port, const char *host, client *us)
{
	static uint8_t ca[4096];
	size_t length = read_all("ca.pem", ca, sizeof ca);
	return shake_hands(us, port, &(tls_config){.host_name = host, .ca = ca, .ca_length = length});
}

static void expect_failure(const char *host, const char *text, bool certificate)
{
	client us;
	uint16_t port = serve("localhost", NULL, NULL);
	assert_false(try(port, host, &us));
	assert_string_equal(us.failure, text);
	assert_int_equal(tls_session_certificate_refused(us.session), certificate);
	release(&us);
}

static void assert_echo(client *us)
{
	static uint8_t out[40000], in[40000];
	char line[40];
	for (size_t i = 0; i < sizeof out; i++)
		out[i] = (uint8_t)('a' + i % 26);
	out[sizeof out - 1] = '\n';
	for (size_t at = 0; at < sizeof out;) {
		size_t length = sizeof out - at;
		tls_result result = tls_session_write(us->session, out + at, &length);
		assert_true(result == TLS_OK || result == TLS_WANT_OUTPUT);
		if (result == TLS_OK)
			at += length;
	}
	/* s_server prints what it gets, and sends what it is given. */
	snprintf(line, sizeof line, "%.20s", (const char *)out);
	assert_non_null(process_expect(&server, line));
	out[20000 - 1] = '\n';
	assert_int_equal(write(server.in, out, 20000), 20000);
	size_t got = 0;
	while (got < 20000) {
		size_t length = sizeof in - got;
		tls_result result = tls_session_read(us->session, in + got, &length);
		if (result == TLS_OK)
			got += length;
		else if (result == TLS_WANT_INPUT)
			assert_true(feed(us, 3000));
		else
			fail_msg("read: %d %s", result, tls_session_error(us->session));
	}
	assert_memory_equal(in, out, 20000);
}

static void private_ca_passes(void **state)
{
	(void)state;
	client us;
	uint16_t port = serve("localhost", NULL, NULL);
	if (!try(port, "localhost", &us))
		fail_msg("%s", us.failure);
	print_message("%s\n", tls_session_cipher(us.session));
	assert_non_null(strstr(tls_session_cipher(us.session), "TLSv1."));
	assert_echo(&us);
	tls_session_close(us.session);
	release(&us);
}

static void wildcard_and_other_names_pass(void **state)
{
	(void)state;
	client us;
	uint16_t port = serve("localhost", NULL, NULL);
	assert_true(try(port, "media.example.test", &us));
	release(&us);
}

static void addresses_pass(void **state)
{
	(void)state;
	static const char *const hosts[] = {"127.0.0.1", "::1", "2001:db8::1:0:5"};
	for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
		client us;
		uint16_t port = serve("localhost", NULL, NULL);
		if (!try(port, hosts[i], &us))
			fail_msg("%s: %s", hosts[i], us.failure);
		release(&us);
	}
}

static void wrong_names_fail(void **state)
{
	(void)state;
	expect_failure("other.test", "certificate is for localhost, *.example.test, not for other.test",
				   true);
	expect_failure("127.0.0.2", "certificate is for localhost, *.example.test, not for 127.0.0.2",
				   true);
	expect_failure("2001:db8::1",
				   "certificate is for localhost, *.example.test, not for 2001:db8::1", true);
	expect_failure("a.b.example.test",
				   "certificate is for localhost, *.example.test, not for a.b.example.test", true);
}

static void other_dates_fail(void **state)
{
	(void)state;
	clock_offset = 400 * 86400;
	expect_failure("localhost", "certificate has expired", true);
	clock_offset = -86400;
	expect_failure("localhost", "certificate is not valid yet", true);
	clock_offset = 0;
	clock_offset = 1000 - time(NULL); /* a device that was just switched on, in 1970 */
	expect_failure("localhost", "certificate is not valid yet (this device's clock is not set)",
				   true);
	clock_offset = 0;
}

static void unknown_issuer_fails(void **state)
{
	(void)state;
	client us;
	uint16_t port = serve("other", NULL, NULL);
	assert_false(try(port, "localhost", &us));
	assert_string_equal(us.failure, "self-signed or unknown issuer");
	assert_true(tls_session_certificate_refused(us.session));
	release(&us);

	/* Several reasons at once are all said. */
	port = serve("other", NULL, NULL);
	assert_false(try(port, "wrong.test", &us));
	assert_string_equal(us.failure, "self-signed or unknown issuer; certificate is for localhost, "
									"not for wrong.test");
	release(&us);
}

static void insecure_passes_all(void **state)
{
	(void)state;
	client us;
	uint16_t port = serve("other", NULL, NULL);
	assert_true(shake_hands(&us, port, &(tls_config){.host_name = "wrong.test", .insecure = true}));
	release(&us);
}

static void der_anchor_passes(void **state)
{
	(void)state;
	client us;
	uint8_t ca[4096];
	size_t length = read_all("ca.der", ca, sizeof ca);
	uint16_t port = serve("localhost", NULL, NULL);
	assert_true(shake_hands(
		&us, port, &(tls_config){.host_name = "localhost", .ca = ca, .ca_length = length}));
	release(&us);
}

static void unreadable_anchor_is_refused(void **state)
{
	(void)state;
	static const char text[] = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
	char error[128];
	assert_null(tls_session_create(&(tls_config){.host_name = "localhost",
												 .ca = (const uint8_t *)text,
												 .ca_length = strlen(text),
												 .send = on_send},
								   error, sizeof error));
	assert_string_equal(error, "the CA certificate cannot be read (PEM or DER is wanted)");
	assert_null(tls_session_create(&(tls_config){.send = on_send}, error, sizeof error));
	assert_string_equal(error, "TLS needs the host's name to check its certificate");
}

/* Takes in what comes within a while, tickets of TLS 1.3 among it. */
static void listen_a_little(client *us)
{
	struct timeval limit = {.tv_usec = 200000};
	uint8_t byte;
	size_t length;

	setsockopt(us->socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	do
		length = 1;
	while (tls_session_read(us->session, &byte, &length) == TLS_WANT_INPUT && feed(us, 3000));
}

static uint64_t hour;

static uint64_t now_by_the_hour(void *context)
{
	(void)context;
	return hour * 3600 * 1000000;
}

/* One connection after another; whether s_server says that it resumed a session for the last. */
static bool resumes(uint16_t port, const tls_config *config)
{
	static const char over[] = "Secure Renegotiation"; /* its last line about a handshake */
	client us;
	size_t from = server.length;

	if (!shake_hands(&us, port, config))
		fail_msg("%s", us.failure);
	listen_a_little(&us);
	tls_session_close(us.session);
	tls_session_free(us.session);
	close(us.socket);
	for (int tries = 0; tries < 500 && !strstr(server.text + from, over); tries++)
		process_read(&server, 10);
	assert_non_null(strstr(server.text + from, over));
	return strstr(server.text + from, "Reused session-id") != NULL;
}

static void sessions_are_resumed(void **state)
{
	static uint8_t ca[4096], other_ca[8192];
	size_t length = read_all("ca.pem", ca, sizeof ca);
	tls_config config = {
		.host_name = "localhost", .ca = ca, .ca_length = length, .now = now_by_the_hour};

	(void)state;
	/* Whatever both can, and TLS 1.2. */
	for (int both = 0; both < 2; both++) {
		uint16_t port =
			both ? serve("localhost", NULL, NULL) : serve("localhost", "-cipher", "ALL");
		hour = 0;
		assert_false(resumes(port, &config));
		assert_true(resumes(port, &config));
		assert_true(resumes(port, &config));

		/* Not without looking at the certificate once a day, */
		hour = 25;
		assert_false(resumes(port, &config));
		assert_true(resumes(port, &config));

		/* nor when it was believed on another's word, or on nobody's, */
		tls_config other = config;
		memcpy(other_ca, ca, length);
		memcpy(other_ca + length, ca, length);
		other.ca = other_ca;
		other.ca_length = 2 * length;
		assert_false(resumes(port, &other));
		assert_true(resumes(port, &other));
		tls_config careless = config;
		careless.insecure = true;
		assert_false(resumes(port, &careless));
		assert_false(resumes(port, &careless));
		assert_true(resumes(port, &other)); /* which the careless one has not touched */
		process_stop(&server);

		/* nor by a server that knows nothing of it: then everything is checked as ever. */
		port = serve("other", both ? NULL : "-cipher", both ? NULL : "ALL");
		client us;
		assert_false(shake_hands(&us, port, &other));
		assert_string_equal(us.failure, "self-signed or unknown issuer");
		release(&us);
	}
}

/* SSL_CERT_FILE names the private CA in place of the system's: set before the first use. */
static void system_roots_are_used(void **state)
{
	(void)state;
	client us;
	setenv("SSL_CERT_FILE", path("ca.pem"), 1);
	for (int again = 0; again < 2; again++) {
		uint16_t port = serve("localhost", NULL, NULL);
		if (!shake_hands(&us, port, &(tls_config){.host_name = "localhost"}))
			fail_msg("%s", us.failure);
		release(&us);
		port = serve("other", NULL, NULL);
		assert_false(shake_hands(&us, port, &(tls_config){.host_name = "localhost"}));
		assert_string_equal(us.failure, "self-signed or unknown issuer");
		release(&us);
	}
}

static void alerts_have_names(void **state)
{
	(void)state;
	client us;
	uint16_t port = serve("localhost", "-cipher", "AES256-SHA");
	assert_false(try(port, "localhost", &us));
	/* A server of TLS 1.2 without a suite of ours */
	assert_string_equal(us.failure, "the peer refused: no common parameters (handshake failure)");
	assert_false(tls_session_certificate_refused(us.session));
	release(&us);

	port = serve("localhost", "-Verify", "1");
	if (try(port, "localhost", &us))
		fail_msg("passed without a client certificate");
	assert_false(tls_session_certificate_refused(us.session));
	assert_non_null(strstr(us.failure, "the peer refused"));
	release(&us);
}

/* Plain HTTP where TLS was meant. */
static void other_protocols_are_recognised(void **state)
{
	(void)state;
	client us;
	char text[] = "HTTP/1.1 400 Bad Request\r\n\r\n";
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in here = {.sin_family = AF_INET};
	socklen_t size = sizeof here;
	here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (struct sockaddr *)&here, sizeof here), 0);
	assert_int_equal(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&here, &size);
	pid_t answerer = fork();
	if (answerer == 0) {
		int one = accept(listener, NULL, NULL);
		_exit(send(one, text, strlen(text), 0) > 0 ? 0 : 1);
	}
	assert_false(try(ntohs(here.sin_port), "localhost", &us));
	assert_string_equal(us.failure, "the peer does not speak TLS on this port");
	waitpid(answerer, NULL, 0);
	close(listener);
	release(&us);
}

static int sign(const char *name, const char *issuer, const char *names)
{
	char key[32], request[32], certificate[32], extensions[32], ca[32], ca_key[32];
	snprintf(key, sizeof key, "%s.key", name);
	snprintf(request, sizeof request, "%s.csr", name);
	snprintf(certificate, sizeof certificate, "%s.pem", name);
	snprintf(extensions, sizeof extensions, "%s.ext", name);
	snprintf(ca, sizeof ca, "%s.pem", issuer);
	snprintf(ca_key, sizeof ca_key, "%s.key", issuer);
	FILE *file = fopen(path(extensions), "w");
	if (!file)
		return -1;
	fprintf(file, "subjectAltName=%s\n", names);
	fclose(file);
	return process_run((const char *const[]){OPENSSL, "req", "-nodes", "-newkey", "ec", "-pkeyopt",
											 "ec_paramgen_curve:P-256", "-subj", "/CN=unused",
											 "-keyout", path(key), "-out", path(request), NULL}) ||
		   process_run((const char *const[]){OPENSSL, "x509", "-req", "-in", path(request), "-CA",
											 path(ca), "-CAkey", path(ca_key), "-CAcreateserial",
											 "-days", "300", "-extfile", path(extensions), "-out",
											 path(certificate), NULL});
}

static int make_ca(const char *name)
{
	char key[32], certificate[32], subject[32];
	snprintf(key, sizeof key, "%s.key", name);
	snprintf(certificate, sizeof certificate, "%s.pem", name);
	snprintf(subject, sizeof subject, "/CN=%s", name);
	return process_run((const char *const[]){
		OPENSSL, "req", "-x509", "-nodes", "-newkey", "rsa", "-pkeyopt", "rsa_keygen_bits:2048",
		"-subj", subject, "-days", "300", "-keyout", path(key), "-out", path(certificate), NULL});
}

static int set_up(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	if (!mkdtemp(directory) || make_ca("ca") || make_ca("stranger"))
		return -1;
	return process_run((const char *const[]){OPENSSL, "x509", "-in", path("ca.pem"), "-outform",
											 "DER", "-out", path("ca.der"), NULL}) ||
		   sign("localhost", "ca",
				"DNS:localhost,DNS:*.example.test,IP:127.0.0.1,IP:::1,IP:2001:db8::1:0:5") ||
		   sign("other", "stranger", "DNS:localhost");
}

static int tear_down(void **state)
{
	(void)state;
	return process_run((const char *const[]){"rm", "-r", directory, NULL});
}

static int stop_server(void **state)
{
	(void)state;
	clock_offset = 0;
	process_stop(&server);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(private_ca_passes, stop_server),
		cmocka_unit_test_teardown(wildcard_and_other_names_pass, stop_server),
		cmocka_unit_test_teardown(addresses_pass, stop_server),
		cmocka_unit_test_teardown(wrong_names_fail, stop_server),
		cmocka_unit_test_teardown(other_dates_fail, stop_server),
		cmocka_unit_test_teardown(unknown_issuer_fails, stop_server),
		cmocka_unit_test_teardown(insecure_passes_all, stop_server),
		cmocka_unit_test_teardown(der_anchor_passes, stop_server),
		cmocka_unit_test(unreadable_anchor_is_refused),
		cmocka_unit_test_teardown(sessions_are_resumed, stop_server),
		cmocka_unit_test_teardown(system_roots_are_used, stop_server),
		cmocka_unit_test_teardown(alerts_have_names, stop_server),
		cmocka_unit_test_teardown(other_protocols_are_recognised, stop_server),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
