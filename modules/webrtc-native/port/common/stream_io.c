/* A stream's reading and writing, with its lock held; most of it on the transport thread. */
#include "../stream.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/port.h"
#include "../transport.h"
#include "stream_private.h"
#include "tcp_socket.h"

#define DISCARD 1024     /* bytes thrown away at a time */
#define FILLS_PER_RUN 16 /* then other clients of the thread have their turn */

void stream_emit(port_stream *stream, port_stream_event_type type)
{
	port_stream_event event = {.type = type};

	if (stream->on_event)
		stream->on_event(stream->context, &event);
}

static void end(port_stream *stream, port_stream_error error, const char *message)
{
	port_stream_event event = {.type = PORT_STREAM_CLOSED, .error = error, .message = message};

	if (stream->phase == STREAM_OVER)
		return;
	stream->phase = STREAM_OVER;
	wake_signal(&stream->cancel);
	loop_set_due(&stream->loop, LOOP_NEVER);
	if (stream->loop.count > 0)
		loop_set_events(&stream->loop, 0, 0);
	if (stream->on_event)
		stream->on_event(stream->context, &event);
}

void stream_fail(port_stream *stream, port_stream_error error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(stream->error, sizeof(stream->error), format, arguments);
	va_end(arguments);
	end(stream, error, stream->error);
}

static void fail_socket(port_stream *stream)
{
	stream_fail(stream, PORT_STREAM_RESET, "%.80s dropped the connection", stream->options.host);
}

/* ---- Outbound ---- */

/* Bytes taken, 0 when the socket is full, -1 when the stream has failed. */
static int send_some(port_stream *stream, const uint8_t *bytes, size_t length)
{
	int sent = stream->tls ? tcp_socket_tls_send(stream->tls, bytes, length)
						   : tcp_socket_send(stream->socket, bytes, length);

	if (sent < 0)
		fail_socket(stream);
	return sent;
}

void stream_flush(port_stream *stream)
{
	while (stream->first) {
		stream_block *block = stream->first;
		int sent = send_some(stream, block->bytes + block->sent, block->length - block->sent);
		if (sent <= 0)
			return;
		block->sent += (size_t)sent;
		stream->queued -= (size_t)sent;
		stream->stats.bytes_out += (uint64_t)sent;
		if (block->sent == block->length) {
			stream->first = block->next;
			if (!stream->first)
				stream->last = NULL;
			port_free(block);
		}
	}
	if (stream->owes_writable) {
		stream->owes_writable = false;
		stream_emit(stream, PORT_STREAM_WRITABLE);
	}
}

/* ---- Inbound ---- */

typedef enum { GOT_BYTES, GOT_NOTHING, GOT_END, GOT_FAILURE } got;

static got receive(port_stream *stream, uint8_t *out, size_t *length)
{
	int count = tcp_socket_receive(stream->socket, out, *length);

	if (count == TCP_SOCKET_END)
		return GOT_END;
	if (count <= 0)
		return count == 0 ? GOT_NOTHING : GOT_FAILURE;
	*length = (size_t)count;
	return GOT_BYTES;
}

static got receive_tls(port_stream *stream, uint8_t *out, size_t *length)
{
	size_t room = *length;

	for (;;) {
		*length = room;
		stream->wants_output = false;
		switch (tls_session_read(stream->tls, out, length)) {
		case TLS_OK:
			if (*length > 0)
				return GOT_BYTES;
			continue;
		case TLS_WANT_OUTPUT:
			stream->wants_output = true;
			return GOT_NOTHING;
		case TLS_CLOSED:
			return GOT_END;
		case TLS_FAILED:
			return GOT_FAILURE;
		case TLS_WANT_INPUT:
			break;
		}
		if (stream->cipher_start == stream->cipher_end) {
			size_t count = PORT_STREAM_CIPHER;
			got result = receive(stream, stream->cipher_in, &count);
			if (result != GOT_BYTES)
				return result;
			stream->cipher_start = 0;
			stream->cipher_end = count;
		}
		size_t taken = tls_session_input(stream->tls, stream->cipher_in + stream->cipher_start,
										 stream->cipher_end - stream->cipher_start);
		if (taken == 0)
			return GOT_FAILURE;
		stream->cipher_start += taken;
	}
}

/* Where the next bytes go, and how many at most. */
static uint8_t *inbound_room(port_stream *stream, uint8_t *discard, size_t *room)
{
	stream_message *message = &stream->message;

	if (message->missing > 0 && message->refused) {
		*room = message->missing < DISCARD ? message->missing : DISCARD;
		return discard;
	}
	if (message->missing > 0) {
		*room = message->missing;
		return message->bytes + message->length - message->missing;
	}
	if (stream->inbound_start > 0) {
		stream->inbound_end -= stream->inbound_start;
		memmove(stream->inbound, stream->inbound + stream->inbound_start, stream->inbound_end);
		stream->inbound_start = 0;
	}
	*room = stream->inbound_size - stream->inbound_end;
	return stream->inbound + stream->inbound_end;
}

static void fill(port_stream *stream)
{
	uint8_t discard[DISCARD];
	bool news = false;
	got result = GOT_BYTES;

	for (int i = 0; i < FILLS_PER_RUN && result == GOT_BYTES; i++) {
		size_t length;
		uint8_t *out = inbound_room(stream, discard, &length);
		stream->stopped = length == 0;
		if (stream->stopped)
			break;
		result = (stream->tls ? receive_tls : receive)(stream, out, &length);
		if (result != GOT_BYTES)
			break;
		stream->stats.bytes_in += length;
		if (stream->message.missing > 0) {
			stream->message.missing -= length;
			news |= stream->message.missing == 0;
		} else {
			stream->inbound_end += length;
			news = true;
		}
	}
	if (news)
		stream_emit(stream, PORT_STREAM_READABLE);
	if (result == GOT_END)
		end(stream, PORT_STREAM_RESET, NULL);
	else if (result == GOT_FAILURE)
		fail_socket(stream);
	else if (result == GOT_BYTES && !stream->stopped)
		loop_wake(&stream->loop); /* more may wait inside the TLS session */
}

/* ---- The transport thread ---- */

void stream_update_events(port_stream *stream)
{
	bool alive = stream->phase == STREAM_OPEN || stream->phase == STREAM_LINGERING;
	short events = 0;

	if (alive && !stream->stopped)
		events |= POLLIN;
	if (alive && (stream->first || stream->wants_output))
		events |= POLLOUT;
	if (stream->loop.count > 0)
		loop_set_events(&stream->loop, 0, events);
}

/*
 * The owner has closed: what is queued goes out, then the peer has until the deadline to close its
 * side too. Closing at once with its bytes unread would reset the connection, and a reset may
 * overtake our last bytes. True when it is over.
 */
static bool linger(port_stream *stream, uint64_t now)
{
	uint8_t bytes[DISCARD];
	got result = GOT_BYTES;

	stream_flush(stream);
	if (!stream->first && !stream->shut && stream->phase == STREAM_LINGERING) {
		if (stream->tls)
			tls_session_close(stream->tls);
		shutdown(stream->socket, SHUT_WR);
		stream->shut = true;
	}
	for (int i = 0; i < FILLS_PER_RUN && result == GOT_BYTES; i++) {
		size_t length = sizeof(bytes);
		result = receive(stream, bytes, &length);
	}
	return result == GOT_END || result == GOT_FAILURE || stream->phase == STREAM_OVER ||
		   now >= stream->deadline;
}

void stream_run(loop_client *client, uint64_t now)
{
	port_stream *stream = (port_stream *)((char *)client - offsetof(port_stream, loop));
	bool over = false;

	pthread_mutex_lock(&stream->mutex);
	switch (stream->phase) {
	case STREAM_CONNECTING:
		if (now >= stream->deadline)
			stream_fail(stream, PORT_STREAM_TIMEOUT, "no answer from %.60s:%u within %u ms (%s)",
						stream->options.host, (unsigned)stream->options.port,
						(unsigned)stream->options.connect_timeout, stream->stage);
		break;
	case STREAM_OPEN:
		fill(stream);
		if (stream->phase == STREAM_OPEN)
			stream_flush(stream);
		break;
	case STREAM_LINGERING:
		over = linger(stream, now);
		break;
	case STREAM_OVER:
		break;
	}
	stream_update_events(stream);
	pthread_mutex_unlock(&stream->mutex);
	if (over) {
		loop_remove(client);
		stream_release(stream);
	}
}

void stream_opened(port_stream *stream)
{
	if (loop_watch(&stream->loop, stream->socket, 0) < 0) {
		stream_fail(stream, PORT_STREAM_MEMORY, "too many sockets are open");
		return;
	}
	stream->phase = STREAM_OPEN;
	loop_set_due(&stream->loop, LOOP_NEVER);
	if (stream->tls)
		snprintf(stream->stats.cipher, sizeof(stream->stats.cipher), "%s",
				 tls_session_cipher(stream->tls));
	stream_emit(stream, PORT_STREAM_OPENED);
	loop_wake(&stream->loop); /* bytes may have come with the handshake */
}
