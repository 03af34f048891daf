/* TLS streams against `openssl s_server`: whole files through small buffers, and refusals in words.
 */
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "memory.h"
#include "port.h"
#include "process.h"
#include "stream.h"
#include "transport.h"

#define PATIENCE 10000 /* ms */
#define KEPT 6000
#define FILE_SIZE 3000000

static char directory[] = "/tmp/lkxs-stream-XXXXXX";
static process server;
static uint16_t server_port;
static uint8_t ca[4096];
static size_t ca_length;

typedef struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool opened, closed;
	port_stream_error error;
	char message[PORT_STREAM_MESSAGE];
} witness;

static void on_event(void *context, const port_stream_event *event)
{
	witness *self = context;

	pthread_mutex_lock(&self->mutex);
	self->opened |= event->type == PORT_STREAM_OPENED;
	if (event->type == PORT_STREAM_CLOSED) {
		self->closed = true;
		self->error = event->error;
		snprintf(self->message, sizeof(self->message), "%s", event->message ? event->message : "");
	}
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->mutex);
}

static void await(witness *self, const bool *what)
{
	struct timespec until;
	int result = 0;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE / 1000;
	pthread_mutex_lock(&self->mutex);
	while (!*what && result == 0)
		result = pthread_cond_timedwait(&self->changed, &self->mutex, &until);
	bool come = *what;
	pthread_mutex_unlock(&self->mutex);
	if (!come)
		fail_msg("it did not come: %s", self->message);
}

static port_stream *open_tls(witness *self, uint16_t port, const char *name, bool trusted,
							 bool insecure)
{
	port_stream_options options = {
		.host = "127.0.0.1",
		.port = port,
		.tls = true,
		.server_name = name,
		.ca = trusted ? ca : NULL,
		.ca_length = trusted ? ca_length : 0,
		.insecure = insecure,
		.connect_timeout = PATIENCE,
		.max_message = FILE_SIZE,
	};

	*self = (witness){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
	port_stream *stream = port_stream_open(&options, on_event, self);
	assert_non_null(stream);
	return stream;
}

static void assert_all_freed(void)
{
	uint64_t until = port_now() + 5000000;

	/* A session is kept to be resumed, with its certificate; a stream would be much more. */
	while (memory_held(PORT_STREAM) > KEPT && port_now() < until)
		poll(NULL, 0, 5);
	assert_true(memory_held(PORT_STREAM) <= KEPT);
}

static uint8_t byte_at(size_t index)
{
	return (uint8_t)(index * 31 + (index >> 8));
}

static void say(port_stream *stream, const char *text)
{
	assert_int_equal(port_stream_write(stream, (const uint8_t *)text, strlen(text)),
					 PORT_STREAM_WRITTEN);
}

static void fetches_a_file_as_one_message(void **state)
{
	witness self;
	char head[1000];
	uint8_t *message;
	size_t length;
	port_stream_stats stats;
	port_stream *stream = open_tls(&self, server_port, "localhost", true, false);

	(void)state;
	/* Before it is open: it waits its turn. */
	say(stream, "GET /file HTTP/1.0\r\n\r\n");
	await(&self, &self.opened);
	uint64_t until = port_now() + PATIENCE * 1000;
	while (port_stream_read_head(stream, "\r\n\r\n", head, sizeof(head)) <= 0 && port_now() < until)
		poll(NULL, 0, 1);
	assert_memory_equal(head, "HTTP/1.0 200", 12);
	/* The rest waits in the kernel, not with us. */
	poll(NULL, 0, 100);
	assert_true(memory_held(PORT_STREAM) < 120000);
	port_stream_collect(stream, FILE_SIZE);
	while (!port_stream_collected(stream) && port_now() < until)
		poll(NULL, 0, 1);
	assert_int_equal(port_stream_take_message(stream, &message, &length), PORT_STREAM_TAKEN);
	assert_int_equal(length, FILE_SIZE);
	for (size_t i = 0; i < FILE_SIZE; i++)
		if (message[i] != byte_at(i))
			fail_msg("byte %zu is wrong", i);
	port_free(message);
	port_stream_get_stats(stream, &stats);
	assert_memory_equal(stats.cipher, "TLS", 3);
	await(&self, &self.closed);
	assert_string_equal(self.message, "");
	port_stream_close(stream);
	assert_all_freed();
}

static void reads_slowly_through_small_buffers(void **state)
{
	witness self;
	uint8_t part[997];
	size_t checked = 0;
	port_stream *stream = open_tls(&self, server_port, "localhost", true, false);

	(void)state;
	await(&self, &self.opened);
	say(stream, "GET /file HTTP/1.0\r\n\r\n");
	uint64_t until = port_now() + PATIENCE * 1000;
	char head[1000];
	while (port_stream_read_head(stream, "\r\n\r\n", head, sizeof(head)) <= 0 && port_now() < until)
		poll(NULL, 0, 1);
	while (checked < 500000 && port_now() < until) {
		if (!port_stream_read(stream, part, sizeof(part))) {
			poll(NULL, 0, 1);
			continue;
		}
		for (size_t i = 0; i < sizeof(part); i++)
			assert_int_equal(part[i], byte_at(checked + i));
		checked += sizeof(part);
	}
	assert_true(checked >= 500000);
	port_stream_close(stream); /* in the middle of it */
	assert_all_freed();
}

static void says_why_a_certificate_is_refused(void **state)
{
	witness self;

	(void)state;
	port_stream *stream = open_tls(&self, server_port, "localhost", false, false);
	await(&self, &self.closed);
	assert_int_equal(self.error, PORT_STREAM_CERTIFICATE);
	assert_memory_equal(self.message, "certificate of 127.0.0.1: ", 26);
	assert_false(self.opened);
	port_stream_close(stream);

	stream = open_tls(&self, server_port, "other.example", true, false);
	await(&self, &self.closed);
	assert_int_equal(self.error, PORT_STREAM_CERTIFICATE);
	assert_false(self.opened);
	port_stream_close(stream);
	assert_all_freed();
}

static void insecure_connects_and_is_loud(void **state)
{
	witness self;
	char said[400] = "";
	int pipe_ends[2], before = dup(STDERR_FILENO);

	(void)state;
	assert_int_equal(pipe(pipe_ends), 0);
	dup2(pipe_ends[1], STDERR_FILENO);
	port_stream *stream = open_tls(&self, server_port, "other.example", false, true);
	await(&self, &self.opened);
	dup2(before, STDERR_FILENO);
	assert_true(read(pipe_ends[0], said, sizeof(said) - 1) > 0);
	assert_non_null(strstr(said, "WARNING"));
	assert_non_null(strstr(said, "127.0.0.1"));
	close(pipe_ends[0]);
	close(pipe_ends[1]);
	close(before);
	port_stream_close(stream);
	assert_all_freed();
}

/* Accepts one connection and answers with `text`, which is no TLS. */
static uint16_t speak_plainly(int *listener)
{
	struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);

	*listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(*listener, (struct sockaddr *)&here, size), 0);
	assert_int_equal(listen(*listener, 1), 0);
	getsockname(*listener, (struct sockaddr *)&here, &size);
	return ntohs(here.sin_port);
}

static void says_when_the_server_speaks_no_tls(void **state)
{
	static const char *const answers[] = {"HTTP/1.1 400 Bad Request\r\n\r\n", ""};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		witness self;
		int listener;
		uint16_t port = speak_plainly(&listener);
		port_stream *stream = open_tls(&self, port, "localhost", true, false);
		int peer = accept(listener, NULL, NULL);
		char hello[1000];
		assert_true(recv(peer, hello, sizeof(hello), 0) > 0);
		send(peer, answers[i], strlen(answers[i]), MSG_NOSIGNAL);
		if (i == 1)
			shutdown(peer, SHUT_RDWR);
		await(&self, &self.closed);
		assert_int_equal(self.error, PORT_STREAM_TLS);
		assert_true(strlen(self.message) > 0);
		port_stream_close(stream);
		close(peer);
		close(listener);
	}
	assert_all_freed();
}

static void can_be_closed_in_the_handshake(void **state)
{
	witness self;
	int listener;
	uint16_t port = speak_plainly(&listener);

	(void)state;
	port_stream *stream = open_tls(&self, port, "localhost", true, false);
	int peer = accept(listener, NULL, NULL);
	char hello[1000];
	assert_true(recv(peer, hello, sizeof(hello), 0) > 0);
	port_stream_close(stream);
	assert_all_freed();
	assert_false(self.closed);
	close(peer);
	close(listener);
}

static bool make_files(void)
{
	FILE *file = fopen("file", "wb");

	if (!file)
		return false;
	for (size_t i = 0; i < FILE_SIZE; i++)
		fputc(byte_at(i), file);
	fclose(file);
	if (process_run((const char *const[]){
			OPENSSL, "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt",
			"ec_paramgen_curve:P-256", "-days", "2", "-subj", "/CN=localhost", "-addext",
			"subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "ca.pem", NULL}) != 0)
		return false;
	file = fopen("ca.pem", "rb");
	ca_length = file ? fread(ca, 1, sizeof(ca), file) : 0;
	if (file)
		fclose(file);
	return ca_length > 0;
}

static int start_server(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || chdir(directory) != 0 || !make_files())
		return -1;
	if (!process_start(&server,
					   (const char *const[]){OPENSSL, "s_server", "-accept", "127.0.0.1:0", "-cert",
											 "ca.pem", "-key", "key.pem", "-WWW", NULL}))
		return -1;
	server_port = process_port(&server);
	return server_port != 0 ? 0 : -1;
}

static int stop_server(void **state)
{
	(void)state;
	process_stop(&server);
	unlink("file");
	unlink("ca.pem");
	unlink("key.pem");
	return chdir("/") || rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetches_a_file_as_one_message),
		cmocka_unit_test(reads_slowly_through_small_buffers),
		cmocka_unit_test(says_why_a_certificate_is_refused),
		cmocka_unit_test(insecure_connects_and_is_loud),
		cmocka_unit_test(says_when_the_server_speaks_no_tls),
		cmocka_unit_test(can_be_closed_in_the_handshake),
	};

	memory_settle();
	return cmocka_run_group_tests(tests, start_server, stop_server);
}
