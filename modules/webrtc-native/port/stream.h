/*
 * A TCP or TLS byte stream, as the XS binding sees it; stream.ts says what each function is for.
 * The worker resolves, connects and shakes hands, then the transport thread reads and writes.
 * Functions may be called from any one thread and never block on the network.
 */
#ifndef LKXS_PORT_STREAM_H
#define LKXS_PORT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
	PORT_STREAM_DNS,
	PORT_STREAM_REFUSED,
	PORT_STREAM_UNREACHABLE,
	PORT_STREAM_TIMEOUT,
	PORT_STREAM_TLS,
	PORT_STREAM_CERTIFICATE,
	PORT_STREAM_RESET,
	PORT_STREAM_MEMORY
} port_stream_error;

#define PORT_STREAM_QUEUE_HIGH (64 * 1024) /* bytes queued from which writers are told to wait */
#define PORT_STREAM_QUEUE_MAX (256 * 1024) /* bytes queued at most */
#define PORT_STREAM_LINGER 1000000         /* microseconds that close() goes on sending */
#define PORT_STREAM_MESSAGE 160            /* bytes of an error line */

/** All texts are copied. */
typedef struct {
	const char *host;
	uint16_t port;
	bool tls;
	const char *server_name; /* SNI and certificate name; NULL takes the host */
	const uint8_t *ca;       /* PEM or DER; NULL takes the system's roots */
	size_t ca_length;
	bool insecure;            /* no verification; said on stderr at every connect */
	uint32_t connect_timeout; /* milliseconds for DNS, connect and handshake together */
	size_t max_message;       /* bytes */
} port_stream_options;

typedef enum {
	PORT_STREAM_OPENED,
	PORT_STREAM_READABLE,
	PORT_STREAM_WRITABLE,
	PORT_STREAM_CLOSED /* the last event; `message` NULL when the peer closed in order */
} port_stream_event_type;

typedef struct {
	port_stream_event_type type;
	port_stream_error error;
	const char *message; /* one line for people, valid until port_stream_close() */
} port_stream_event;

typedef struct {
	uint64_t bytes_in, bytes_out;
	uint32_t refused; /* messages over max_message */
	char cipher[64];  /* "" over plain TCP */
} port_stream_stats;

typedef struct port_stream port_stream;

/**
 * Starts to connect. `on_event` runs on the worker, the transport thread or inside a call of the
 * owner, one at a time, with the stream locked: it must not call port_stream_*. NULL when memory,
 * descriptors or the worker's queue are exhausted.
 */
port_stream *port_stream_open(const port_stream_options *options,
							  void (*on_event)(void *context, const port_stream_event *event),
							  void *context);
/** No event comes after this returns; queued bytes are still sent for PORT_STREAM_LINGER. */
void port_stream_close(port_stream *stream);

/**
 * Takes bytes up to and with `terminator`: their count (they are in `out`, which holds `max`), 0
 * when it has not come yet, -1 when `max` bytes came without it.
 */
int port_stream_read_head(port_stream *stream, const char *terminator, char *out, size_t max);
/** Fills `out` whole, or takes nothing and returns false. */
bool port_stream_read(port_stream *stream, uint8_t *out, size_t length);
void port_stream_collect(port_stream *stream, size_t length);
bool port_stream_collected(port_stream *stream);

typedef enum { PORT_STREAM_WAIT, PORT_STREAM_REFUSED_MESSAGE, PORT_STREAM_TAKEN } port_stream_take;

/** On PORT_STREAM_TAKEN *message is the caller's, to be given to port_free(). */
port_stream_take port_stream_take_message(port_stream *stream, uint8_t **message, size_t *length);

typedef enum {
	PORT_STREAM_WRITTEN, /* queued; or the stream is over, which an event on its way tells */
	PORT_STREAM_FULL,    /* queued, but wait for PORT_STREAM_WRITABLE before the next */
	PORT_STREAM_NO_ROOM  /* not queued: over PORT_STREAM_QUEUE_MAX, or out of memory */
} port_stream_written;

port_stream_written port_stream_write(port_stream *stream, const uint8_t *bytes, size_t length);
void port_stream_get_stats(port_stream *stream, port_stream_stats *out);

#endif
