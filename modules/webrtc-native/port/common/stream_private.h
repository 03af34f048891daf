/* What stream.c (the owner's side), stream_io.c and stream_connect.c (the worker's) share. */
#ifndef LKXS_COMMON_STREAM_PRIVATE_H
#define LKXS_COMMON_STREAM_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "../../core/crypto/tls.h"
#include "../stream.h"
#include "loop.h"
#include "wake.h"

#define PORT_STREAM_CIPHER 2048 /* bytes of TLS read from the socket at a time */

typedef enum {
	STREAM_CONNECTING, /* the worker has it */
	STREAM_OPEN,       /* the transport thread has it */
	STREAM_LINGERING,  /* closed by its owner, bytes left to send */
	STREAM_OVER
} stream_phase;

/** Queued outbound bytes. */
typedef struct stream_block {
	struct stream_block *next;
	size_t length, sent;
	uint8_t bytes[];
} stream_block;

/** The native message that collect() fills. */
typedef struct {
	uint8_t *bytes;
	size_t length;  /* bytes asked for so far */
	size_t missing; /* of these, still to come */
	bool started;
	bool refused; /* over the cap or out of memory: its bytes are thrown away */
} stream_message;

struct port_stream {
	pthread_mutex_t mutex; /* guards everything below but the options */
	atomic_int references; /* the owner (later the lingering loop) and the worker's job */
	loop_client loop;
	stream_phase phase;
	void (*on_event)(void *context, const port_stream_event *event);
	void *context;
	char error[PORT_STREAM_MESSAGE];

	port_stream_options options; /* pointers into `texts` */
	char *texts;
	uint64_t deadline; /* of DNS, connect and handshake; later of lingering */
	wake_event cancel; /* ends the worker's waits */
	const char *stage;

	int socket;
	tls_session *tls;
	uint8_t *cipher_in; /* TLS bytes that the session has not taken yet */
	size_t cipher_start, cipher_end;
	bool wants_output; /* the session has something to say before it can go on */

	uint8_t *inbound;
	size_t inbound_start, inbound_end, inbound_size;
	bool stopped; /* inbound is full: the socket is not read */
	stream_message message;

	stream_block *first, *last;
	size_t queued;
	bool owes_writable;
	bool shut; /* our side of the connection is closed */
	port_stream_stats stats;
};

/** The worker's job; owns one reference. */
void stream_connect_job(void *stream);
/** With the lock held: takes over a connected socket, reads and writes what there is. */
void stream_opened(port_stream *stream);
/** With the lock held: the stream is over, for the reason given (printf-like). */
void stream_fail(port_stream *stream, port_stream_error error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/** Gives up one reference. */
void stream_release(port_stream *stream);

/** The transport thread's turn. */
void stream_run(loop_client *client, uint64_t now);
/* With the lock held: */
void stream_emit(port_stream *stream, port_stream_event_type type);
void stream_flush(port_stream *stream);
void stream_update_events(port_stream *stream);

#endif
