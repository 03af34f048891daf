/* The slow half of a stream, on the worker: name resolution, TCP connect, TLS handshake. */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/poll.h>
#include <sys/socket.h>

#include "../transport.h"
#include "stream_private.h"
#include "tcp_race.h"
#include "tcp_socket.h"

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
 * Sleeps until the socket is ready; false when cancelled. The stream's deadline is the transport
 * thread's to watch: it ends the stream and cancels.
 */
static bool wait_for(port_stream *stream, short events)
{
	struct pollfd set[] = {
		{.fd = stream->socket, .events = events},
		{.fd = stream->cancel.reader, .events = POLLIN},
	};
	int ready;

	do
		ready = poll(set, 2, -1);
	while (ready < 0 && errno == EINTR);
	return ready > 0 && !set[1].revents;
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
#ifndef ESP_PLATFORM
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
			if (!wait_for(stream, POLLIN))
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
			if (!wait_for(stream, POLLOUT))
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
	tcp_race_failure failure = {.text = ""};
	if (enter_stage(stream, "connecting"))
		handle = tcp_race(found, stream->cancel.reader, &failure);
	freeaddrinfo(found);
	if (failure.text[0])
		fail(stream, failure.error, failure.text);
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
