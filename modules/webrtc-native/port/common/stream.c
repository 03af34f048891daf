/* A stream's life and its owner's functions. */
#include "../stream.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../../core/bounds.h"
#include "../../core/port.h"
#include "../transport.h"
#include "stream_private.h"

static bool copy_options(port_stream *stream, const port_stream_options *options)
{
	const char *server_name = options->server_name ? options->server_name : options->host;
	size_t host = strlen(options->host) + 1, name = strlen(server_name) + 1;

	stream->options = *options;
	stream->texts = port_alloc(host + name + options->ca_length + 1, PORT_EXTERNAL, PORT_STREAM);
	if (!stream->texts)
		return false;
	stream->options.host = memcpy(stream->texts, options->host, host);
	stream->options.server_name = memcpy(stream->texts + host, server_name, name);
	/* One more byte, zero: mbedTLS wants PEM terminated. */
	if (options->ca)
		stream->options.ca = memcpy(stream->texts + host + name, options->ca, options->ca_length);
	return true;
}

static void drop_queue(port_stream *stream)
{
	while (stream->first) {
		stream_block *block = stream->first;
		stream->first = block->next;
		port_free(block);
	}
	stream->last = NULL;
	stream->queued = 0;
}

static void stream_free(port_stream *stream)
{
	tls_session_free(stream->tls);
	if (stream->socket >= 0)
		close(stream->socket);
	wake_close(&stream->cancel);
	drop_queue(stream);
	port_free(stream->message.bytes);
	port_free(stream->inbound);
	port_free(stream->cipher_in);
	port_free(stream->texts);
	pthread_mutex_destroy(&stream->mutex);
	port_free(stream);
}

void stream_release(port_stream *stream)
{
	if (atomic_fetch_sub(&stream->references, 1) == 1)
		stream_free(stream);
}

port_stream *port_stream_open(const port_stream_options *options,
							  void (*on_event)(void *context, const port_stream_event *event),
							  void *context)
{
	port_stream *stream = port_alloc(sizeof(*stream), PORT_INTERNAL, PORT_STREAM);

	if (!stream)
		return NULL;
	if (wake_open(&stream->cancel) != 0) {
		port_free(stream);
		return NULL;
	}
	pthread_mutex_init(&stream->mutex, NULL);
	atomic_init(&stream->references, 1);
	stream->socket = -1;
	stream->stage = "waiting for the worker";
	stream->on_event = on_event;
	stream->context = context;
	stream->deadline = port_now() + (uint64_t)options->connect_timeout * 1000;
	stream->loop.run = stream_run;
	stream->inbound = port_alloc(STREAM_INBOUND, PORT_EXTERNAL, PORT_STREAM);
	stream->inbound_size = STREAM_INBOUND;
	if (options->tls)
		stream->cipher_in = port_alloc(PORT_STREAM_CIPHER, PORT_EXTERNAL, PORT_STREAM);
	if (!copy_options(stream, options) || !stream->inbound ||
		(options->tls && !stream->cipher_in) || loop_add(&stream->loop) != 0) {
		stream_release(stream);
		return NULL;
	}
	loop_set_due(&stream->loop, stream->deadline);
	atomic_fetch_add(&stream->references, 1);
	if (port_worker_run_waiting(stream_connect_job, stream) != 0) {
		loop_remove(&stream->loop);
		stream_release(stream);
		stream_release(stream);
		return NULL;
	}
	return stream;
}

void port_stream_close(port_stream *stream)
{
	if (!stream)
		return;
	pthread_mutex_lock(&stream->mutex);
	stream->on_event = NULL;
	wake_signal(&stream->cancel);
	bool lingers = stream->phase == STREAM_OPEN;
	if (lingers) {
		stream->phase = STREAM_LINGERING;
		stream->stopped = false;
		stream->deadline = port_now() + PORT_STREAM_LINGER;
		stream_flush(stream); /* most often all that is left: it is in the kernel when we return */
		loop_set_due(&stream->loop, stream->deadline);
		loop_wake(&stream->loop);
	} else {
		stream->phase = STREAM_OVER;
	}
	pthread_mutex_unlock(&stream->mutex);
	if (lingers)
		return; /* run() releases it */
	loop_remove(&stream->loop);
	stream_release(stream);
}

/* Reading has made room: takes in what had to wait. */
static void resume(port_stream *stream)
{
	if (stream->stopped && stream->phase == STREAM_OPEN) {
		stream->stopped = false;
		loop_wake(&stream->loop);
	}
}

/* A reader waits for `size` bytes at once. */
static void make_room(port_stream *stream, size_t size)
{
	if (stream->inbound_size >= size)
		return;
	uint8_t *larger = port_alloc(size, PORT_EXTERNAL, PORT_STREAM);
	if (!larger) {
		stream_fail(stream, PORT_STREAM_MEMORY, "no memory to read from %.80s",
					stream->options.host);
		return;
	}
	stream->inbound_end -= stream->inbound_start;
	memcpy(larger, stream->inbound + stream->inbound_start, stream->inbound_end);
	stream->inbound_start = 0;
	port_free(stream->inbound);
	stream->inbound = larger;
	stream->inbound_size = size;
	resume(stream);
}

static void take(port_stream *stream, uint8_t *out, size_t length)
{
	if (out)
		memcpy(out, stream->inbound + stream->inbound_start, length);
	stream->inbound_start += length;
	resume(stream);
}

int port_stream_read_head(port_stream *stream, const char *terminator, char *out, size_t max)
{
	size_t end_length = strlen(terminator);
	int result = 0;

	pthread_mutex_lock(&stream->mutex);
	const uint8_t *bytes = stream->inbound + stream->inbound_start;
	size_t held = stream->inbound_end - stream->inbound_start;
	if (held > max)
		held = max;
	if (stream->message.missing == 0) {
		for (size_t i = 0; i + end_length <= held && result == 0; i++)
			if (memcmp(bytes + i, terminator, end_length) == 0)
				result = (int)(i + end_length);
		if (result > 0)
			take(stream, (uint8_t *)out, (size_t)result);
		else if (held == max)
			result = -1;
		else if (held == stream->inbound_size)
			make_room(stream, max);
	}
	pthread_mutex_unlock(&stream->mutex);
	return result;
}

bool port_stream_read(port_stream *stream, uint8_t *out, size_t length)
{
	pthread_mutex_lock(&stream->mutex);
	size_t held = stream->inbound_end - stream->inbound_start;
	bool enough = stream->message.missing == 0 && held >= length;
	if (enough)
		take(stream, out, length);
	else
		make_room(stream, length);
	pthread_mutex_unlock(&stream->mutex);
	return enough;
}

/* Grows the message by `length`, or refuses it; its earlier bytes are kept or given up. */
static void extend_message(port_stream *stream, size_t length)
{
	stream_message *message = &stream->message;

	message->started = true;
	message->missing += length;
	if (message->refused)
		return;
	size_t size = message->length + length;
	uint8_t *bytes = NULL;
	if (size <= stream->options.max_message && size >= length)
		bytes = port_alloc(size ? size : 1, PORT_EXTERNAL, PORT_STREAM);
	if (bytes && message->length > 0)
		memcpy(bytes, message->bytes, message->length);
	port_free(message->bytes);
	message->bytes = bytes;
	message->length = size;
	if (!bytes) {
		message->refused = true;
		stream->stats.refused++;
	}
}

void port_stream_collect(port_stream *stream, size_t length)
{
	stream_message *message = &stream->message;

	pthread_mutex_lock(&stream->mutex);
	extend_message(stream, length);
	size_t held = stream->inbound_end - stream->inbound_start;
	size_t count = held < message->missing ? held : message->missing;
	if (count > 0) {
		uint8_t *out =
			message->refused ? NULL : message->bytes + message->length - message->missing;
		take(stream, out, count);
		message->missing -= count;
	}
	if (message->missing == 0)
		stream_emit(stream, PORT_STREAM_READABLE);
	else
		resume(stream);
	pthread_mutex_unlock(&stream->mutex);
}

bool port_stream_collected(port_stream *stream)
{
	pthread_mutex_lock(&stream->mutex);
	bool collected = stream->message.started && stream->message.missing == 0;
	pthread_mutex_unlock(&stream->mutex);
	return collected;
}

port_stream_take port_stream_take_message(port_stream *stream, uint8_t **bytes, size_t *length)
{
	port_stream_take result = PORT_STREAM_WAIT;

	pthread_mutex_lock(&stream->mutex);
	stream_message *message = &stream->message;
	if (message->started && message->missing == 0) {
		result = message->refused ? PORT_STREAM_REFUSED_MESSAGE : PORT_STREAM_TAKEN;
		*bytes = message->bytes;
		*length = message->length;
		*message = (stream_message){0};
	}
	pthread_mutex_unlock(&stream->mutex);
	return result;
}

static bool enqueue(port_stream *stream, const uint8_t *bytes, size_t length)
{
	if (stream->queued + length > PORT_STREAM_QUEUE_MAX)
		return false;
	stream_block *block = port_alloc(sizeof(*block) + length, PORT_EXTERNAL, PORT_STREAM);
	if (!block)
		return false;
	block->length = length;
	memcpy(block->bytes, bytes, length);
	if (stream->last)
		stream->last->next = block;
	else
		stream->first = block;
	stream->last = block;
	stream->queued += length;
	return true;
}

port_stream_written port_stream_write(port_stream *stream, const uint8_t *bytes, size_t length)
{
	port_stream_written result = PORT_STREAM_NO_ROOM;

	pthread_mutex_lock(&stream->mutex);
	bool alive = stream->phase == STREAM_CONNECTING || stream->phase == STREAM_OPEN;
	if (!alive) {
		/* Over, and the owner is about to be told: no fault of the one who writes now. */
		result = PORT_STREAM_WRITTEN;
	} else if (length == 0 || enqueue(stream, bytes, length)) {
		/* Sent from here when the socket has room: a message costs no switch of threads. */
		if (stream->phase == STREAM_OPEN)
			stream_flush(stream);
		result = PORT_STREAM_WRITTEN;
		if (stream->queued >= PORT_STREAM_QUEUE_HIGH) {
			stream->owes_writable = true;
			result = PORT_STREAM_FULL;
		}
		stream_update_events(stream);
	}
	pthread_mutex_unlock(&stream->mutex);
	return result;
}

void port_stream_get_stats(port_stream *stream, port_stream_stats *out)
{
	pthread_mutex_lock(&stream->mutex);
	*out = stream->stats;
	pthread_mutex_unlock(&stream->mutex);
}
