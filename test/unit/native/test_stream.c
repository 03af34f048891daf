/* Streams against a TCP server in this process: what arrives, what is refused, how it ends. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/tcp_race.h"
#include "port.h"
#include "stream.h"
#include "transport.h"

#define PATIENCE 5000 /* ms until a test gives up */

/* ---- The stream under test, and what it told ---- */

typedef struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned counts[PORT_STREAM_CLOSED + 1];
	bool failed;
	port_stream_error error;
	char message[PORT_STREAM_MESSAGE];
} witness;

static void on_event(void *context, const port_stream_event *event)
{
	witness *self = context;

	pthread_mutex_lock(&self->mutex);
	self->counts[event->type]++;
	if (event->type == PORT_STREAM_CLOSED && event->message) {
		self->failed = true;
		self->error = event->error;
		snprintf(self->message, sizeof(self->message), "%s", event->message);
	}
	pthread_cond_broadcast(&self->changed);
	pthread_mutex_unlock(&self->mutex);
}

/* Waits until the event has come `count` times in all. */
static void await(witness *self, port_stream_event_type type, unsigned count)
{
	struct timespec until;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += PATIENCE / 1000;
	pthread_mutex_lock(&self->mutex);
	int result = 0;
	while (self->counts[type] < count && result == 0)
		result = pthread_cond_timedwait(&self->changed, &self->mutex, &until);
	unsigned seen = self->counts[type];
	pthread_mutex_unlock(&self->mutex);
	if (seen < count)
		fail_msg("event %d came %u times, not %u: %s", type, seen, count, self->message);
}

static unsigned count_of(witness *self, port_stream_event_type type)
{
	pthread_mutex_lock(&self->mutex);
	unsigned count = self->counts[type];
	pthread_mutex_unlock(&self->mutex);
	return count;
}

static witness new_witness(void)
{
	return (witness){.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
}

static port_stream *open_to(witness *self, const char *host, uint16_t port, uint32_t timeout)
{
	port_stream_options options = {
		.host = host,
		.port = port,
		.connect_timeout = timeout,
		.max_message = 1000,
	};

	port_stream *stream = port_stream_open(&options, on_event, self);
	assert_non_null(stream);
	return stream;
}

/* ---- The server ---- */

static int listen_on_loopback(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int server = socket(AF_INET, SOCK_STREAM, 0);

	assert_true(server >= 0);
	assert_int_equal(bind(server, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(server, 8), 0);
	assert_int_equal(getsockname(server, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return server;
}

typedef struct {
	witness witness;
	int server, peer;
	port_stream *stream;
} connection;

static connection *connect_pair(void)
{
	static connection self;
	uint16_t port;

	self = (connection){.witness = new_witness()};
	self.server = listen_on_loopback(&port);
	self.stream = open_to(&self.witness, "127.0.0.1", port, PATIENCE);
	self.peer = accept(self.server, NULL, NULL);
	assert_true(self.peer >= 0);
	await(&self.witness, PORT_STREAM_OPENED, 1);
	return &self;
}

/* Nothing may be left of a stream soon after it is closed. */
static void assert_all_freed(void)
{
	uint64_t until = port_now() + PATIENCE * 1000;

	while (port_memory_of(PORT_STREAM).current > 0 && port_now() < until)
		poll(NULL, 0, 5);
	assert_int_equal(port_memory_of(PORT_STREAM).current, 0);
}

static void disconnect(connection *self)
{
	port_stream_close(self->stream);
	close(self->peer);
	close(self->server);
	assert_all_freed();
}

static void say(int peer, const void *bytes, size_t length)
{
	assert_int_equal(send(peer, bytes, length, MSG_NOSIGNAL), (ssize_t)length);
}

/* ---- Reading ---- */

static void reads_a_head_that_comes_in_pieces(void **state)
{
	connection *self = connect_pair();
	char head[64];

	(void)state;
	say(self->peer, "HTTP/1.1 101\r\n\r", 15);
	await(&self->witness, PORT_STREAM_READABLE, 1);
	assert_int_equal(port_stream_read_head(self->stream, "\r\n\r\n", head, sizeof(head)), 0);
	say(self->peer, "\nrest", 5);
	await(&self->witness, PORT_STREAM_READABLE, 2);
	assert_int_equal(port_stream_read_head(self->stream, "\r\n\r\n", head, sizeof(head)), 16);
	assert_memory_equal(head, "HTTP/1.1 101\r\n\r\n", 16);

	uint8_t rest[4];
	assert_false(port_stream_read(self->stream, (uint8_t *)head, 5));
	assert_true(port_stream_read(self->stream, rest, 4));
	assert_memory_equal(rest, "rest", 4);
	disconnect(self);
}

static void refuses_an_endless_head(void **state)
{
	connection *self = connect_pair();
	char head[64];

	(void)state;
	for (int i = 0; i < 8; i++)
		say(self->peer, "01234567", 8);
	uint64_t until = port_now() + PATIENCE * 1000;
	int result = 0;
	while (result == 0 && port_now() < until) {
		result = port_stream_read_head(self->stream, "\r\n\r\n", head, sizeof(head));
		poll(NULL, 0, 1);
	}
	assert_int_equal(result, -1);
	disconnect(self);
}

static void reads_a_head_larger_than_the_buffer(void **state)
{
	connection *self = connect_pair();
	static char sent[16384], head[16384];

	(void)state;
	memset(sent, 'x', sizeof(sent));
	memcpy(sent + sizeof(sent) - 4, "\r\n\r\n", 4);
	assert_int_equal(port_stream_read_head(self->stream, "\r\n\r\n", head, sizeof(head)), 0);
	say(self->peer, sent, sizeof(sent));
	uint64_t until = port_now() + PATIENCE * 1000;
	int result = 0;
	while (result == 0 && port_now() < until) {
		result = port_stream_read_head(self->stream, "\r\n\r\n", head, sizeof(head));
		poll(NULL, 0, 1);
	}
	assert_int_equal(result, sizeof(sent));
	assert_memory_equal(head, sent, sizeof(sent));
	disconnect(self);
}

static void await_collected(connection *self)
{
	uint64_t until = port_now() + PATIENCE * 1000;

	while (!port_stream_collected(self->stream) && port_now() < until)
		poll(NULL, 0, 1);
	assert_true(port_stream_collected(self->stream));
}

static void collects_fragments_into_one_message(void **state)
{
	connection *self = connect_pair();
	uint8_t header[2], *message;
	size_t length;

	(void)state;
	assert_int_equal(port_stream_take_message(self->stream, &message, &length), PORT_STREAM_WAIT);
	say(self->peer, "h1hello ", 5);
	await(&self->witness, PORT_STREAM_READABLE, 1);
	assert_true(port_stream_read(self->stream, header, 2));
	port_stream_collect(self->stream, 6);
	/* Half of it is still missing: nothing else is to be had. */
	assert_false(port_stream_collected(self->stream));
	assert_false(port_stream_read(self->stream, header, 1));
	assert_int_equal(port_stream_take_message(self->stream, &message, &length), PORT_STREAM_WAIT);
	say(self->peer, "lo h2world", 10);
	await_collected(self);
	while (!port_stream_read(self->stream, header, 2))
		poll(NULL, 0, 1);
	assert_memory_equal(header, "h2", 2);
	port_stream_collect(self->stream, 5);
	await_collected(self);
	assert_int_equal(port_stream_take_message(self->stream, &message, &length), PORT_STREAM_TAKEN);
	assert_int_equal(length, 11);
	assert_memory_equal(message, "hello world", 11);
	port_free(message);
	disconnect(self);
}

static void discards_what_is_over_the_cap_and_goes_on(void **state)
{
	connection *self = connect_pair();
	static uint8_t large[5000];
	uint8_t after[5], *message;
	size_t length;
	port_stream_stats stats;

	(void)state;
	memset(large, 7, sizeof(large));
	say(self->peer, large, sizeof(large));
	say(self->peer, "after", 5);
	/* The cap of 1,000 is passed by the second fragment; the third is not even looked at. */
	port_stream_collect(self->stream, 900);
	await_collected(self);
	size_t held = port_memory_of(PORT_STREAM).current;
	port_stream_collect(self->stream, 4000);
	await_collected(self);
	assert_true(port_memory_of(PORT_STREAM).current < held);
	port_stream_collect(self->stream, 100);
	await_collected(self);
	assert_int_equal(port_stream_take_message(self->stream, &message, &length),
					 PORT_STREAM_REFUSED_MESSAGE);
	while (!port_stream_read(self->stream, after, 5))
		poll(NULL, 0, 1);
	assert_memory_equal(after, "after", 5);
	port_stream_get_stats(self->stream, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.bytes_in, 5005);
	disconnect(self);
}

static void collects_nothing_as_an_empty_message(void **state)
{
	connection *self = connect_pair();
	uint8_t *message;
	size_t length;

	(void)state;
	port_stream_collect(self->stream, 0);
	await(&self->witness, PORT_STREAM_READABLE, 1);
	assert_int_equal(port_stream_take_message(self->stream, &message, &length), PORT_STREAM_TAKEN);
	assert_int_equal(length, 0);
	port_free(message);
	disconnect(self);
}

static void stops_reading_when_nobody_takes(void **state)
{
	connection *self = connect_pair();
	static uint8_t bytes[65536], out[65536];
	size_t sent = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7);
	/* The server can send only so much before the kernel's buffers are full too. */
	for (;;) {
		struct pollfd wait = {.fd = self->peer, .events = POLLOUT};
		if (poll(&wait, 1, 100) == 0)
			break;
		ssize_t count = send(self->peer, bytes + sent % sizeof(bytes),
							 sizeof(bytes) - sent % sizeof(bytes), MSG_DONTWAIT | MSG_NOSIGNAL);
		if (count > 0)
			sent += (size_t)count;
		assert_true(sent < 64 * 1024 * 1024);
	}
	assert_true(port_memory_of(PORT_STREAM).current < 16384);
	/* And all of it is still there, in order. */
	size_t checked = 0;
	while (checked < sent) {
		size_t part = sent - checked < 1024 ? sent - checked : 1024;
		if (!port_stream_read(self->stream, out, part)) {
			poll(NULL, 0, 1);
			continue;
		}
		for (size_t i = 0; i < part; i++)
			assert_int_equal(out[i], bytes[(checked + i) % sizeof(bytes)]);
		checked += part;
	}
	disconnect(self);
}

/* ---- Writing ---- */

static void tells_writers_to_wait_and_when_to_go_on(void **state)
{
	connection *self = connect_pair();
	static uint8_t bytes[16384], in[65536];
	size_t written = 0, received = 0;
	port_stream_written result = PORT_STREAM_WRITTEN;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 11);
	while (result == PORT_STREAM_WRITTEN) {
		result = port_stream_write(self->stream, bytes, sizeof(bytes));
		written += sizeof(bytes);
	}
	assert_int_equal(result, PORT_STREAM_FULL);
	/* Whoever does not wait is stopped. */
	while ((result = port_stream_write(self->stream, bytes, sizeof(bytes))) == PORT_STREAM_FULL)
		written += sizeof(bytes);
	assert_int_equal(result, PORT_STREAM_NO_ROOM);
	assert_int_equal(count_of(&self->witness, PORT_STREAM_WRITABLE), 0);
	while (received < written) {
		ssize_t count = recv(self->peer, in, sizeof(in), 0);
		assert_true(count > 0);
		for (ssize_t i = 0; i < count; i++)
			assert_int_equal(in[i], bytes[(received + (size_t)i) % sizeof(bytes)]);
		received += (size_t)count;
	}
	await(&self->witness, PORT_STREAM_WRITABLE, 1);
	assert_int_equal(port_stream_write(self->stream, bytes, 1), PORT_STREAM_WRITTEN);
	disconnect(self);
}

static void sends_last_words_when_closed(void **state)
{
	connection *self = connect_pair();
	char in[16];

	(void)state;
	/* Unread bytes must not turn the end into a reset that overtakes the last words. */
	say(self->peer, "unread", 6);
	await(&self->witness, PORT_STREAM_READABLE, 1);
	say(self->peer, "more", 4);
	assert_int_equal(port_stream_write(self->stream, (const uint8_t *)"goodbye", 7),
					 PORT_STREAM_WRITTEN);
	port_stream_close(self->stream);
	poll(NULL, 0, 50);
	assert_int_equal(recv(self->peer, in, sizeof(in), MSG_WAITALL), 7);
	assert_memory_equal(in, "goodbye", 7);
	close(self->peer);
	close(self->server);
	assert_all_freed();
}

/* ---- Ends ---- */

static void tells_an_orderly_end(void **state)
{
	connection *self = connect_pair();
	uint8_t in[4];

	(void)state;
	say(self->peer, "last", 4);
	shutdown(self->peer, SHUT_WR);
	await(&self->witness, PORT_STREAM_CLOSED, 1);
	assert_false(self->witness.failed);
	assert_true(port_stream_read(self->stream, in, 4));
	assert_memory_equal(in, "last", 4);
	/* Who writes before the news has reached him has done nothing wrong. */
	assert_int_equal(port_stream_write(self->stream, in, 4), PORT_STREAM_WRITTEN);
	disconnect(self);
}

static void tells_a_reset(void **state)
{
	connection *self = connect_pair();
	struct linger now = {.l_onoff = 1};

	(void)state;
	setsockopt(self->peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(self->peer);
	await(&self->witness, PORT_STREAM_CLOSED, 1);
	assert_true(self->witness.failed);
	assert_int_equal(self->witness.error, PORT_STREAM_RESET);
	assert_string_equal(self->witness.message, "127.0.0.1 dropped the connection");
	self->peer = -1;
	disconnect(self);
}

static void tells_a_refusal(void **state)
{
	witness self = new_witness();
	uint16_t port;
	char expected[64];

	(void)state;
	close(listen_on_loopback(&port));
	port_stream *stream = open_to(&self, "127.0.0.1", port, PATIENCE);
	await(&self, PORT_STREAM_CLOSED, 1);
	assert_int_equal(self.error, PORT_STREAM_REFUSED);
	snprintf(expected, sizeof(expected), "connection refused by 127.0.0.1:%u", port);
	assert_string_equal(self.message, expected);
	assert_int_equal(count_of(&self, PORT_STREAM_OPENED), 0);
	port_stream_close(stream);
	assert_all_freed();
}

static void tells_an_unknown_name(void **state)
{
	witness self = new_witness();

	(void)state;
	port_stream *stream = open_to(&self, "no-such-host.invalid", 7880, 4 * PATIENCE);
	await(&self, PORT_STREAM_CLOSED, 1);
	assert_int_equal(self.error, PORT_STREAM_DNS);
	assert_non_null(strstr(self.message, "no-such-host.invalid"));
	port_stream_close(stream);
	assert_all_freed();
}

/* A server whose queue of connections is full lets SYNs lie. */
typedef struct {
	int server, fillers[8];
	uint16_t port;
} deaf_server;

static deaf_server listen_and_ignore(void)
{
	deaf_server self;
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	self.server = listen_on_loopback(&self.port);
	address.sin_port = htons(self.port);
	assert_int_equal(listen(self.server, 0), 0);
	for (int i = 0; i < 8; i++) {
		self.fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(self.fillers[i], (struct sockaddr *)&address, sizeof(address));
	}
	return self;
}

static void stop_ignoring(const deaf_server *self)
{
	for (int i = 0; i < 8; i++)
		close(self->fillers[i]);
	close(self->server);
}

/* A stream has begun to connect to one; closed, and nothing of it is left. */
static void close_all(port_stream *stream, const deaf_server *deaf)
{
	port_stream_close(stream);
	assert_all_freed();
	stop_ignoring(deaf);
}

static void gives_up_in_time(void **state)
{
	witness self = new_witness();
	deaf_server deaf = listen_and_ignore();

	(void)state;
	uint64_t start = port_now();
	port_stream *stream = open_to(&self, "127.0.0.1", deaf.port, 300);
	await(&self, PORT_STREAM_CLOSED, 1);
	uint64_t took = port_now() - start;
	assert_int_equal(self.error, PORT_STREAM_TIMEOUT);
	assert_non_null(strstr(self.message, "within 300 ms (connecting)"));
	assert_true(took >= 290000 && took < 2000000);
	close_all(stream, &deaf);
}

/* A SYN that is lost is sent again by TCP after a second, by us much sooner. */
static void asks_again_before_tcp_does(void **state)
{
	witness self = new_witness();
	deaf_server deaf = listen_and_ignore();

	(void)state;
	uint64_t start = port_now();
	port_stream *stream = open_to(&self, "127.0.0.1", deaf.port, PATIENCE);
	poll(NULL, 0, 100);
	for (struct pollfd waits = {.fd = deaf.server, .events = POLLIN}; poll(&waits, 1, 0) > 0;)
		close(accept(deaf.server, NULL, NULL));
	await(&self, PORT_STREAM_OPENED, 1);
	uint64_t took = port_now() - start;
	assert_true(took > 290000 && took < 900000);
	close_all(stream, &deaf);
}

/* A host with two addresses: a connection to the second, and how long it took; microseconds. */
static uint64_t race_to_the_second(const struct sockaddr_in *one, struct sockaddr_in *two)
{
	struct addrinfo second = {.ai_family = AF_INET, .ai_addr = (struct sockaddr *)two};
	struct sockaddr_in to = *one, peer;
	struct addrinfo first = {.ai_family = AF_INET, .ai_addr = (struct sockaddr *)&to};
	socklen_t size = sizeof(peer);
	tcp_race_failure failure;
	int never[2];

	first.ai_addrlen = second.ai_addrlen = sizeof(to);
	first.ai_next = &second;
	assert_int_equal(pipe(never), 0);
	uint64_t start = port_now();
	int handle = tcp_race(&first, never[0], &failure);
	uint64_t took = port_now() - start;
	assert_true(handle >= 0);
	assert_string_equal(failure.text, ""); /* that of the first, if it had one, is no matter */
	assert_int_equal(getpeername(handle, (struct sockaddr *)&peer, &size), 0);
	assert_int_equal(peer.sin_port, two->sin_port);
	close(handle);
	close(never[0]);
	close(never[1]);
	return took;
}

static void a_dead_address_costs_the_next_its_pace(void **state)
{
	(void)state;
	struct sockaddr_in to[3];
	deaf_server deaf = listen_and_ignore();
	uint16_t ports[3] = {deaf.port};
	int good = listen_on_loopback(&ports[1]);

	close(listen_on_loopback(&ports[2]));
	for (int i = 0; i < 3; i++)
		to[i] = (struct sockaddr_in){.sin_family = AF_INET,
									 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
									 .sin_port = htons(ports[i])};
	uint64_t took = race_to_the_second(&to[0], &to[1]);
	assert_true(took >= 290000 && took < 900000);
	assert_true(race_to_the_second(&to[2], &to[1]) < 200000); /* one that refuses: nothing */
	close(good);
	stop_ignoring(&deaf);
}

static void can_be_closed_while_connecting(void **state)
{
	witness self = new_witness();
	deaf_server deaf = listen_and_ignore();

	(void)state;
	uint64_t start = port_now();
	port_stream *stream = open_to(&self, "127.0.0.1", deaf.port, 30000);
	poll(NULL, 0, 50);
	port_stream_close(stream);
	assert_all_freed(); /* the worker has let go as well, though its wait was for 30 s */
	assert_true(port_now() - start < 2000000);
	assert_int_equal(count_of(&self, PORT_STREAM_CLOSED), 0);
	/* And at once, most often before the worker has begun. */
	port_stream_close(open_to(&self, "127.0.0.1", deaf.port, 30000));
	assert_all_freed();
	stop_ignoring(&deaf);
}

static void closes_twenty_streams_in_any_order(void **state)
{
	enum { COUNT = 20 };
	static witness witnesses[COUNT];
	port_stream *streams[COUNT];
	int peers[COUNT];
	uint16_t port;
	int server = listen_on_loopback(&port);

	(void)state;
	/* In batches, because the worker's queue is bounded. */
	for (int i = 0; i < COUNT; i++) {
		witnesses[i] = new_witness();
		streams[i] = open_to(&witnesses[i], "localhost", port, PATIENCE);
		peers[i] = accept(server, NULL, NULL);
		say(peers[i], "hello", 5);
	}
	for (int i = 0; i < COUNT; i++)
		await(&witnesses[i], PORT_STREAM_READABLE, 1);
	for (int i = 0; i < COUNT; i += 2)
		close(peers[i]);
	for (int i = 0; i < COUNT; i++)
		port_stream_close(streams[i * 7 % COUNT]);
	for (int i = 1; i < COUNT; i += 2)
		close(peers[i]);
	close(server);
	assert_all_freed();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_head_that_comes_in_pieces),
		cmocka_unit_test(refuses_an_endless_head),
		cmocka_unit_test(reads_a_head_larger_than_the_buffer),
		cmocka_unit_test(collects_fragments_into_one_message),
		cmocka_unit_test(discards_what_is_over_the_cap_and_goes_on),
		cmocka_unit_test(collects_nothing_as_an_empty_message),
		cmocka_unit_test(stops_reading_when_nobody_takes),
		cmocka_unit_test(tells_writers_to_wait_and_when_to_go_on),
		cmocka_unit_test(sends_last_words_when_closed),
		cmocka_unit_test(tells_an_orderly_end),
		cmocka_unit_test(tells_a_reset),
		cmocka_unit_test(tells_a_refusal),
		cmocka_unit_test(tells_an_unknown_name),
		cmocka_unit_test(gives_up_in_time),
		cmocka_unit_test(asks_again_before_tcp_does),
		cmocka_unit_test(a_dead_address_costs_the_next_its_pace),
		cmocka_unit_test(can_be_closed_while_connecting),
		cmocka_unit_test(closes_twenty_streams_in_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
