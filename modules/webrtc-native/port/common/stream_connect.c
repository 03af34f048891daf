/* The slow half of a stream, on the worker: name resolution, TCP connect, TLS handshake. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../transport.h"
#include "address.h"
#include "stream_private.h"
#include "tcp_socket.h"

#define TRY_MAX 3000000 /* microseconds for an address when there are others to try after it */

/* Why an address did not answer. */
typedef struct {
	bool set;
	port_stream_error error;
	char text[PORT_STREAM_MESSAGE];
} connect_failure;

static bool enter_stage(port_stream *stream, const char *stage)
{
	pthread_mutex_lock(&stream->mutex);
	bool wanted = stream->phase == STREAM_CONNECTING;
	stream->stage = stage;
	pthread_mutex_unlock(&stream->mutex);
	return wanted;
}

static void fail(port_stream *stream, port_stream_error error, const char *text)
{
	pthread_mutex_lock(&stream->mutex);
	if (stream->phase == STREAM_CONNECTING)
		stream_fail(stream, error, "%s", text);
	pthread_mutex_unlock(&stream->mutex);
}

/*
 * Sleeps until the socket is ready, `until`, or cancellation: 1, 0 or -1. The stream's deadline is
 * the transport thread's to watch: it ends the stream and cancels.
 */
static int wait_for(port_stream *stream, int socket, short events, uint64_t until)
{
	struct pollfd set[] = {
		{.fd = socket, .events = events},
		{.fd = stream->cancel.reader, .events = POLLIN},
	};

	for (;;) {
		uint64_t now = port_now();
		int timeout = -1;
		if (until != LOOP_NEVER)
			timeout = until > now ? (int)((until - now + 999) / 1000) : 0;
		int ready = poll(set, 2, timeout);
		if (ready < 0 && errno == EINTR)
			continue;
		if (ready < 0 || set[1].revents)
			return -1;
		return ready;
	}
}

static void describe(connect_failure *failure, int code, const struct addrinfo *to)
{
	net_address address;
	char ip[PORT_ADDRESS_TEXT];

	/* An address family without a route says less than an answer from another address. */
	bool routeless = code == ENETUNREACH || code == EHOSTUNREACH || code == EADDRNOTAVAIL ||
					 code == ENETDOWN || code == EAFNOSUPPORT || code == EACCES || code == EPERM;
	if (routeless && failure->set)
		return;
	failure->set = true;

	if (!address_from_socket(&address, to->ai_addr))
		return;
	port_address_format(&address, ip);
	const char *open = address.family == 6 ? "[" : "", *close = address.family == 6 ? "]" : "";
	const char *what;
	if (code == ECONNREFUSED) {
		failure->error = PORT_STREAM_REFUSED;
		what = "connection refused by";
	} else if (code == ETIMEDOUT) {
		failure->error = PORT_STREAM_TIMEOUT;
		what = "no answer from";
	} else if (code == ECONNRESET) {
		failure->error = PORT_STREAM_RESET;
		what = "connection reset by";
	} else {
		failure->error = PORT_STREAM_UNREACHABLE;
		what = "no route to";
	}
	snprintf(failure->text, sizeof(failure->text), "%s %s%s%s:%u", what, open, ip, close,
			 (unsigned)address.port);
}

/* A connected socket; -1 with `failure`, or with nothing there when cancelled. */
static int connect_one(port_stream *stream, const struct addrinfo *to, uint64_t until,
					   connect_failure *failure, bool *cancelled)
{
	int handle = tcp_socket_create(to->ai_family);
	int code = 0;
	socklen_t size = sizeof(code);

	if (handle < 0) {
		describe(failure, errno, to);
		return -1;
	}
	if (connect(handle, to->ai_addr, to->ai_addrlen) == 0)
		return handle;
	if (errno == EINPROGRESS) {
		int ready = wait_for(stream, handle, POLLOUT, until);
		*cancelled = ready < 0;
		if (ready == 0)
			code = ETIMEDOUT;
		else if (ready > 0 && getsockopt(handle, SOL_SOCKET, SO_ERROR, &code, &size) != 0)
			code = errno;
		if (ready > 0 && code == 0)
			return handle;
	} else {
		code = errno;
	}
	if (!*cancelled)
		describe(failure, code, to);
	close(handle);
	return -1;
}

/* Every address in turn, each with its share of the time that is left. */
static int connect_any(port_stream *stream, const struct addrinfo *found)
{
	connect_failure failure = {.error = PORT_STREAM_UNREACHABLE, .text = "no usable address"};
	bool cancelled = false;
	size_t left = 0;

	for (const struct addrinfo *at = found; at; at = at->ai_next)
		left++;
	for (const struct addrinfo *at = found; at && !cancelled; at = at->ai_next, left--) {
		uint64_t now = port_now();
		uint64_t share = LOOP_NEVER;
		if (left > 1 && stream->deadline > now) {
			share = (stream->deadline - now) / left;
			share = now + (share < TRY_MAX ? share : TRY_MAX);
		}
		int handle = connect_one(stream, at, share, &failure, &cancelled);
		if (handle >= 0)
			return handle;
	}
	if (!cancelled)
		fail(stream, failure.error, failure.text);
	return -1;
}

static struct addrinfo *resolve(port_stream *stream)
{
	struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;
	const char *host = stream->options.host;
	char text[PORT_STREAM_MESSAGE], port[6];

	snprintf(port, sizeof(port), "%u", (unsigned)stream->options.port);
	int result = getaddrinfo(host, port, &hints, &found);
	if (result == 0)
		return found;
	switch (result) {
	case EAI_NONAME:
#if defined(EAI_NODATA) && EAI_NODATA != EAI_NONAME
	case EAI_NODATA:
#endif
		snprintf(text, sizeof(text), "no such host: %.80s", host);
		break;
#ifdef EAI_AGAIN
	case EAI_AGAIN:
		snprintf(text, sizeof(text), "cannot resolve %.80s: no answer from the name server", host);
		break;
	default:
		snprintf(text, sizeof(text), "cannot resolve %.80s: %s", host, gai_strerror(result));
#else /* lwIP tells no more */
	default:
		snprintf(text, sizeof(text),
				 "cannot resolve %.80s: unknown to the name server, or it did "
				 "not answer",
				 host);
#endif
	}
	fail(stream, result == EAI_MEMORY ? PORT_STREAM_MEMORY : PORT_STREAM_DNS, text);
	return NULL;
}

static bool start_tls(port_stream *stream)
{
	const port_stream_options *options = &stream->options;
	const tls_config config = {
		.host_name = options->server_name,
		.ca = options->ca,
		.ca_length = options->ca_length,
		.insecure = options->insecure,
	};
	char text[PORT_STREAM_MESSAGE] = "out of memory";

	stream->tls =
		tcp_socket_tls(&stream->socket, &config, options->host, options->port, text, sizeof(text));
	if (!stream->tls)
		fail(stream, PORT_STREAM_TLS, text);
	return stream->tls != NULL;
}

/* Bytes from the socket to the session. 1; 0 when the stream is done with; -1 on the peer's end. */
static int feed_handshake(port_stream *stream)
{
	uint8_t *bytes = stream->cipher_in;

	if (stream->cipher_start == stream->cipher_end) {
		int got;
		while ((got = tcp_socket_receive(stream->socket, bytes, PORT_STREAM_CIPHER)) == 0)
			if (wait_for(stream, stream->socket, POLLIN, LOOP_NEVER) < 0)
				return 0;
		if (got < 0)
			return -1;
		stream->cipher_start = 0;
		stream->cipher_end = (size_t)got;
	}
	size_t taken = tls_session_input(stream->tls, bytes + stream->cipher_start,
									 stream->cipher_end - stream->cipher_start);
	stream->cipher_start += taken;
	return taken > 0 ? 1 : -1;
}

static bool shake_hands(port_stream *stream)
{
	char text[PORT_STREAM_MESSAGE];

	for (;;) {
		int going = 1;
		switch (tls_session_handshake(stream->tls)) {
		case TLS_OK:
			return true;
		case TLS_WANT_INPUT:
			going = feed_handshake(stream);
			break;
		case TLS_WANT_OUTPUT:
			if (wait_for(stream, stream->socket, POLLOUT, LOOP_NEVER) < 0)
				going = 0;
			break;
		case TLS_CLOSED:
			going = -1;
			break;
		case TLS_FAILED:
			snprintf(text, sizeof(text), "%s %.60s: %s",
					 tls_session_certificate_refused(stream->tls) ? "certificate of" : "TLS with",
					 stream->options.host, tls_session_error(stream->tls));
			fail(stream,
				 tls_session_certificate_refused(stream->tls) ? PORT_STREAM_CERTIFICATE
															  : PORT_STREAM_TLS,
				 text);
			return false;
		}
		if (going < 0) {
			snprintf(text, sizeof(text), "%.80s closed the connection in the TLS handshake",
					 stream->options.host);
			fail(stream, PORT_STREAM_TLS, text);
		}
		if (going <= 0)
			return false;
	}
}

static void connect_stream(port_stream *stream)
{
	if (!enter_stage(stream, "resolving the name"))
		return;
	struct addrinfo *found = resolve(stream);
	if (!found)
		return;
	int handle = -1;
	if (enter_stage(stream, "connecting"))
		handle = connect_any(stream, found);
	freeaddrinfo(found);
	if (handle < 0)
		return;
	/* From here the descriptor is the stream's, and closed when the stream is freed. */
	stream->socket = handle;
	if (stream->options.tls && (!enter_stage(stream, "in the TLS handshake") ||
								!start_tls(stream) || !shake_hands(stream)))
		return;
	pthread_mutex_lock(&stream->mutex);
	if (stream->phase == STREAM_CONNECTING)
		stream_opened(stream);
	pthread_mutex_unlock(&stream->mutex);
}

void stream_connect_job(void *context)
{
	port_stream *stream = context;

	connect_stream(stream);
	stream_release(stream);
}
