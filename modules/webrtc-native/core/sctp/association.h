/*
 * An SCTP association over DTLS (RFC 9260 as RFC 8261 and RFC 8831 use it), sans-IO, one path, with
 * partial reliability (RFC 3758), stream reset (RFC 6525) and zero checksum (RFC 9653).
 *
 *   association_input()            a packet came out of DTLS
 *   association_handle_timeout()   the time that association_timeout() named has come
 *   association_poll_datagram()    until it is empty, after any other call: packets for DTLS
 *   association_poll_event()       likewise
 *
 * Memory is taken at creation, for messages in both directions, and never again but for one block
 * per inbound message as it is handed up. What is not polled stays in the receive buffer, and the
 * peer's window closes: so an owner that is busy holds the peer back by not polling.
 */
#ifndef LKXS_SCTP_ASSOCIATION_H
#define LKXS_SCTP_ASSOCIATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bounds.h"

#define SCTP_PACKET_MAX 1191    /* bytes sent in one packet at most; pion's initial MTU */
#define SCTP_MESSAGE_MAX 65535u /* bytes that one message can have (a=max-message-size) */
#define SCTP_NO_TIMEOUT UINT64_MAX

/** RFC 9260 section 4. */
typedef enum {
	SCTP_CLOSED, /* before association_connect(), and in the end */
	SCTP_COOKIE_WAIT,
	SCTP_COOKIE_ECHOED,
	SCTP_ESTABLISHED,
	SCTP_SHUTDOWN_PENDING,
	SCTP_SHUTDOWN_SENT,
	SCTP_SHUTDOWN_RECEIVED,
	SCTP_SHUTDOWN_ACK_SENT
} sctp_state;

typedef struct {
	uint16_t local_port, remote_port; /* a=sctp-port; 0 takes 5000 */
	/*
	 * Bytes of messages that may be kept, within SCTP_BUFFER_MIN and _MAX; pool overhead (about a
	 * fifth) comes on top.
	 */
	uint32_t send_buffer;    /* waiting to be sent or acknowledged */
	uint32_t receive_buffer; /* likewise; the window that the peer is told */
	uint32_t max_message;    /* inbound; larger ones are refused; best below 4/5 of that */
} sctp_config;

typedef enum { SCTP_RELIABLE, SCTP_MAX_RETRANSMITS, SCTP_LIFETIME } sctp_reliability;

/** A message to be sent. The bytes are copied. */
typedef struct {
	uint16_t stream;
	uint32_t ppid;
	const uint8_t *bytes;
	size_t length; /* 1 to SCTP_MESSAGE_MAX */
	bool unordered;
	sctp_reliability reliability;
	uint32_t limit; /* retransmissions, or milliseconds from now, after which it is abandoned */
} sctp_message;

typedef enum {
	SCTP_SENT, /* queued */
	SCTP_FULL, /* no room now: SCTP_EVENT_WRITABLE comes when there is */
	SCTP_TOO_LARGE,
	SCTP_NOT_OPEN /* not connecting or established, the stream is being reset, or is none */
} sctp_send_result;

typedef enum {
	SCTP_EVENT_ESTABLISHED,
	SCTP_EVENT_MESSAGE,       /* `stream`, `ppid`, `bytes`, `length` */
	SCTP_EVENT_STREAM_CLOSED, /* the peer has reset its direction of `stream` */
	SCTP_EVENT_STREAM_RESET,  /* ours is reset: `stream` may be used anew, from SSN 0 */
	SCTP_EVENT_BUFFERED_LOW,  /* what waits on `stream` fell to its threshold */
	SCTP_EVENT_WRITABLE,      /* there is room for a message that was refused */
	SCTP_EVENT_CLOSED         /* the last; `reason` NULL after an orderly shutdown */
} sctp_event_type;

typedef struct {
	sctp_event_type type;
	uint16_t stream;
	uint32_t ppid;
	uint8_t *bytes; /* the caller's, to be given to port_free() */
	size_t length;
	const char *reason; /* one line for people; static */
} sctp_event;

/** Counts since creation. */
typedef struct {
	uint32_t packets_in, packets_out;
	uint32_t messages_in, messages_out; /* handed up; taken from the owner */
	uint64_t bytes_in, bytes_out;       /* of those messages */
	uint32_t retransmitted;             /* DATA chunks sent again */
	uint32_t timeouts;                  /* T3-rtx expirations */
	uint32_t abandoned;                 /* outbound messages given up by their reliability */
	uint32_t skipped;                   /* inbound TSNs that the peer gave up */
	uint32_t refused;                   /* inbound messages over max_message, or too finely cut */
	uint32_t round_trip;                /* microseconds, smoothed; 0 if unknown */
	uint32_t cwnd, peer_window;         /* bytes */
	/* Drops: packets … */
	uint32_t dropped_malformed, dropped_checksum, dropped_tag, dropped_unexpected, dropped_cookie;
	/* … and DATA chunks: */
	uint32_t duplicates, dropped_no_room, dropped_stream;
} sctp_stats;

typedef struct sctp_association sctp_association;

/** NULL when memory or entropy is exhausted. */
sctp_association *association_create(const sctp_config *config);
void association_free(sctp_association *association);

/**
 * Sends INIT. Without it an INIT of the peer is answered all the same. The memory of the buffers is
 * taken with the first message or packet; without it SCTP_EVENT_CLOSED comes.
 */
void association_connect(sctp_association *association, uint64_t now);
/** Sends what waits, then says goodbye; SCTP_EVENT_CLOSED follows. */
void association_shutdown(sctp_association *association, uint64_t now);
/** Ends it at once; drain the datagrams to tell the peer. */
void association_abort(sctp_association *association, uint64_t now);

/** One packet as DTLS delivered it. */
void association_input(sctp_association *association, const uint8_t *bytes, size_t length,
					   uint64_t now);
/**
 * The path is back after an outage, or is another one: what waits for an answer goes out again now,
 * and not when a timer that has backed off meanwhile says so. The first timeout is now.
 */
void association_path_back(sctp_association *association, uint64_t now);
uint64_t association_timeout(const sctp_association *association);
void association_handle_timeout(sctp_association *association, uint64_t now);
/** The next packet: its length, in `out`; 0 when there is none. */
size_t association_poll_datagram(sctp_association *association, uint8_t out[SCTP_PACKET_MAX],
								 uint64_t now);
/**
 * Messages come as they were sent; without memory for one, nothing of the peer's comes until there
 * is. What there is to say of our own sending comes all the same.
 */
bool association_poll_event(sctp_association *association, sctp_event *out);
/** As if there were no memory for messages, until it is taken back. */
void association_hold(sctp_association *association, bool hold);
/** Whether there is a message that association_poll_event() has found no memory for. */
bool association_starves(const sctp_association *association);

/** Before the association is established, messages wait and go with the handshake. */
sctp_send_result association_send(sctp_association *association, const sctp_message *message,
								  uint64_t now);
/** Resets our direction of the stream once what waits on it is sent (RFC 8831 section 6.7). */
void association_reset_stream(sctp_association *association, uint16_t stream, uint64_t now);
/** Bytes that wait on the stream and were never sent. */
uint32_t association_buffered(const sctp_association *association, uint16_t stream);
/**
 * Messages on an ordered stream that the other side has not got, as far as that can be told:
 * queued; sent and still unanswered after a retransmission time, and those behind them. What was
 * just sent is taken to arrive, unless the path is `lost`.
 */
uint32_t association_undelivered(const sctp_association *association, uint16_t stream, bool lost);
/** SCTP_EVENT_BUFFERED_LOW comes when association_buffered() falls to `bytes` from above [0]. */
void association_set_low_water(sctp_association *association, uint16_t stream, uint32_t bytes);

sctp_state association_state(const sctp_association *association);
void association_get_stats(const sctp_association *association, sctp_stats *out);

#endif
