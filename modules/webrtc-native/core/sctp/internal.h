/*
 * What the association's files share. Nothing is queued as a packet: each file notes what is to be
 * said in `pending` and the structures beside it, and packet.c says it when it is polled. So what
 * a peer can make us owe is bounded, and the newest wins.
 */
#ifndef LKXS_SCTP_INTERNAL_H
#define LKXS_SCTP_INTERNAL_H

#include "association.h"
#include "chain.h"
#include "wire.h"

/* RFC 9260 section 16, in microseconds. Where they differ from the RFC's recommendations: the path
 * is one DTLS connection whose life ICE decides (consent expires after 30 s). So RTO.Max is low,
 * that data flows soon after an outage, and the retransmissions allowed outlast ICE. RTO.Min stays
 * above the 200 ms that any peer may delay a SACK, and follows libwebrtc's. */
#define RTO_INITIAL 500000
#define RTO_MIN 400000
#define RTO_MAX 3000000
#define RETRANSMITS_MAX 20 /* Association.Max.Retrans and Max.Init.Retransmits */
#define SACK_DELAY 200000
#define HEARTBEAT_INTERVAL 30000000
#define COOKIE_LIFE 60000000
#define MAX_BURST 4 /* packets */
/* cwnd after T3: two packets where the RFC has one. With one, every fifth packet lost each way
 * makes every third try fail, and the RTO doubles: twice the time for the same bytes. */
#define LOSS_WINDOW (2 * CHUNK_MAX)

#define DATA_MAX 1160 /* user bytes in a DATA chunk that fills a packet, a multiple of 4 */
#define CHUNK_MAX (DATA_HEADER + DATA_MAX) /* RFC 9260's PMDCS */
#define WINDOW_MIN 1500                    /* that an INIT may tell (section 3.3.2) */
#define DUPLICATES_MAX 8
#define COOKIE_KEY 20
#define COOKIE_SIZE 60
#define UNRECOGNIZED_MAX 64 /* bytes of unknown parameters that INIT ACK returns */
#define ERROR_MAX 24        /* bytes of causes in an ERROR or ABORT */
/* Blocks that messages leave free for a cookie and heartbeats, or for a chunk in order. */
#define CONTROL_BLOCKS 12

typedef enum {
	TIMER_T1, /* INIT, COOKIE ECHO */
	TIMER_T2, /* SHUTDOWN, SHUTDOWN ACK */
	TIMER_T3, /* DATA, FORWARD TSN */
	TIMER_SACK,
	TIMER_HEARTBEAT,
	TIMER_RECONFIG,
	TIMERS
} sctp_timer;

/* Chunks owed to the peer. */
enum {
	PENDING_INIT = 1 << 0,
	PENDING_INIT_ACK = 1 << 1,
	PENDING_COOKIE_ECHO = 1 << 2,
	PENDING_COOKIE_ACK = 1 << 3,
	PENDING_SACK = 1 << 4,
	PENDING_HEARTBEAT = 1 << 5,
	PENDING_HEARTBEAT_ACK = 1 << 6,
	PENDING_ERROR = 1 << 7,
	PENDING_RESET_REQUEST = 1 << 8,
	PENDING_RESET_RESPONSE = 1 << 9,
	PENDING_FORWARD_TSN = 1 << 10,
	PENDING_SHUTDOWN = 1 << 11,
	PENDING_SHUTDOWN_ACK = 1 << 12,
	PENDING_SHUTDOWN_COMPLETE = 1 << 13,
	PENDING_ABORT = 1 << 14,
	PENDING_STALE_COOKIE = 1 << 15,
	PENDING_REFUSAL = 1 << 16, /* ABORT to who is not, or no longer, our peer */
};

enum { STREAM_BUFFERED_LOW = 1, STREAM_CLOSED = 2, STREAM_RESET = 4 };

typedef struct {
	uint32_t buffered, low_water;
	uint16_t first, last; /* chunks never sent */
	uint16_t ssn_out, ssn_in;
	uint8_t events;
} sctp_stream;

/* Head of the chain of an outbound chunk. */
typedef struct {
	uint64_t expires;
	uint32_t ppid;
	uint32_t retransmits_max;
	uint16_t next; /* in its stream's queue */
	uint16_t stream, ssn, length;
	uint16_t sends;
	uint8_t flags, missing;
	uint8_t state;
	bool fast_retransmitted; /* once is all that RFC 9260 section 7.2.4 allows */
	bool limited;            /* may be abandoned */
} outbound_chunk;

typedef enum { OUT_QUEUED, OUT_FLYING, OUT_LOST, OUT_ACKED, OUT_ABANDONED } outbound_state;

/* Head of the chain of an inbound chunk. */
typedef struct {
	uint32_t ppid;
	uint16_t stream, ssn, length;
	uint8_t flags;
	bool refused; /* stands for a message over the bound until its turn comes */
} inbound_chunk;

/* What one RE-CONFIG may ask at most (RFC 6525 section 3.1). */
#define RESET_REQUESTS 2

typedef struct {
	uint32_t sequence, result;
} reset_response;

/* What an INIT or INIT ACK tells of the peer. */
typedef struct {
	uint32_t tag, tsn, window;
	uint16_t streams_out, streams_in;
	bool forward_tsn, reconfig, zero_checksum;
	const uint8_t *cookie;
	size_t cookie_length;
} sctp_peer;

struct sctp_association {
	uint64_t now;
	sctp_state state;
	uint16_t local_port, remote_port;
	uint32_t send_buffer, receive_buffer, max_message;
	uint32_t pending;
	uint64_t timers[TIMERS];

	/* Handshake */
	uint32_t local_tag, remote_tag, local_tsn;
	uint8_t cookie_key[COOKIE_KEY];
	bool forward_tsn, reconfig, zero_checksum; /* the peer can */
	uint16_t streams_out;
	uint16_t cookie, cookie_length; /* to be echoed: a chain of send_pool */
	struct {
		sctp_peer peer;
		uint32_t tag; /* ours in this INIT ACK */
		uint8_t unrecognized[UNRECOGNIZED_MAX];
		uint16_t unrecognized_length;
	} answer; /* to the newest INIT */
	uint32_t reflected_tag;
	uint32_t refused_tag; /* of PENDING_REFUSAL */
	bool refused_reflected;

	/* Sending */
	chain_pool send_pool;
	uint16_t *flight; /* chunks with a TSN: flight[TSN & flight_mask] */
	uint32_t flight_mask;
	uint32_t acked;    /* newest cumulative TSN from the peer */
	uint32_t next_tsn; /* of ours */
	uint32_t forward;  /* Advanced.Peer.Ack.Point */
	uint64_t waiting;  /* streams with a queue */
	uint16_t current;  /* stream that sends or sent last */
	bool in_message;   /* it is amid a message */
	uint32_t lost;     /* chunks marked to be sent again */
	uint32_t flying;   /* bytes of chunks with their headers: outstanding data */
	uint32_t peer_window, cwnd, ssthresh, partial_acked;
	bool fast_recovery, fast_retransmit;
	uint32_t recovery_exit;
	uint32_t srtt, rttvar, rto; /* microseconds */
	bool timing;
	uint32_t timed_tsn;
	uint64_t timed_at;
	uint32_t errors; /* in a row without an answer */
	uint32_t wanted_room;
	uint32_t burst;   /* packets with data since the peer or a timer last spoke */
	uint64_t sent_at; /* the newest packet with data */

	/* Receiving */
	chain_pool receive_pool;
	uint16_t *received; /* received[TSN & received_mask], of [base, base + mask] */
	uint32_t received_mask;
	uint32_t base;       /* oldest TSN that is kept, or cumulative + 1 */
	uint32_t cumulative; /* newest TSN up to which all came */
	uint32_t highest;
	uint32_t stored; /* chunks */
	uint32_t told_window;
	bool look; /* messages may have become complete */
	bool held; /* the owner takes none for now */
	bool packet_had_data, sack_at_once;
	uint8_t unsacked_packets;
	uint8_t duplicates_count;
	uint32_t duplicates[DUPLICATES_MAX];

	/* Stream reset: one bit for each stream */
	uint64_t reset_wanted, reset_asked;
	uint32_t reset_sequence, reset_last_tsn; /* of our request */
	uint64_t peer_reset;                     /* asked, and not performed yet */
	uint32_t peer_reset_last_tsn, peer_reset_sequence;
	uint32_t peer_reset_next;                       /* sequence number expected */
	uint32_t peer_reset_results[RESET_REQUESTS];    /* of the newest requests, newest first */
	reset_response reset_responses[RESET_REQUESTS]; /* to be said */
	uint8_t reset_responses_count;

	/* Heartbeats */
	uint8_t nonce[8];
	uint64_t heartbeat_at;      /* of the one without an answer; 0 for none */
	uint16_t echo, echo_length; /* to be acknowledged: a chain of send_pool */

	uint8_t error[ERROR_MAX]; /* causes for ERROR or ABORT */
	uint16_t error_length;

	bool was_established, over;
	bool told_established, told_closed, tell_writable;
	uint64_t events; /* streams with some */
	const char *reason;

	sctp_stats stats;
	sctp_stream streams[SCTP_STREAMS];
};

/* association.c */
/** Takes the memory for what waits, once; without it the association is over. */
bool association_take_buffers(sctp_association *self);
void association_timer(sctp_association *self, sctp_timer timer, uint64_t delay);
void association_timer_stop(sctp_association *self, sctp_timer timer);
/** The association is over; `reason` NULL when that was in order. */
void association_end(sctp_association *self, const char *reason);
/** Over, and the peer is told with `cause`. */
void association_fail(sctp_association *self, cause_code cause, const char *reason);
/** ABORT to a packet that is of no association here; the newest one has the answer. */
void association_refuse(sctp_association *self, uint32_t tag, bool reflected);
void association_report(sctp_association *self, cause_code cause, const uint8_t *value,
						size_t length);
/** One more went unanswered; false when it was one too many and the association is over. */
bool association_unanswered(sctp_association *self);
void association_tell_stream(sctp_association *self, uint16_t stream, uint8_t event);

/* handshake.c */
void handshake_on_init(sctp_association *self, const sctp_item *chunk);
void handshake_on_init_ack(sctp_association *self, const sctp_item *chunk);
/** False when the packet's other chunks are not to be looked at. */
bool handshake_on_cookie_echo(sctp_association *self, const sctp_item *chunk, uint32_t tag);
void handshake_on_cookie_ack(sctp_association *self);
/** Room for the fixed part and all parameters that INIT or INIT ACK have: their length. */
size_t handshake_write(const sctp_association *self, uint8_t *out, bool ack);

/* shutdown.c */
void shutdown_progress(sctp_association *self);
void shutdown_on_shutdown(sctp_association *self, const sctp_item *chunk);
void shutdown_on_ack(sctp_association *self, uint32_t tag);
void shutdown_on_complete(sctp_association *self);

/* inbound.c */
bool inbound_create(sctp_association *self);
void inbound_start(sctp_association *self, uint32_t tsn);
void inbound_on_data(sctp_association *self, const sctp_item *chunk);
void inbound_on_forward_tsn(sctp_association *self, const sctp_item *chunk);
/** All chunks of a packet were seen: time to think of a SACK. */
void inbound_end_of_packet(sctp_association *self);
bool inbound_take(sctp_association *self, sctp_event *out);
uint32_t inbound_window(const sctp_association *self);
/** A SACK's value, in up to `room` bytes; its length. */
size_t inbound_write_sack(sctp_association *self, uint8_t *out, size_t room);

/* outbound.c */
bool outbound_create(sctp_association *self);
void outbound_start(sctp_association *self, uint32_t window);
static inline outbound_chunk *outbound_at(const sctp_association *self, uint32_t tsn)
{
	return chain_head(&self->send_pool, self->flight[tsn & self->flight_mask]);
}
bool outbound_is_empty(const sctp_association *self);
/** The cumulative TSN moves on: forgets what lies before it. Bytes newly acknowledged. */
uint32_t outbound_acknowledge(sctp_association *self, uint32_t tsn);
/** Marks a flying chunk to be sent again, or gives its message up. */
void outbound_lose(sctp_association *self, uint32_t tsn);
/** Moves Advanced.Peer.Ack.Point (RFC 3758 section 3.5). */
void outbound_advance(sctp_association *self);
size_t outbound_write_forward_tsn(sctp_association *self, uint8_t *out, size_t room);
/**
 * The chunk to send next within `room` bytes, chunk header included, its TSN noted; or NO_BLOCK.
 * It counts as sent.
 */
uint16_t outbound_next(sctp_association *self, size_t room, uint32_t *tsn);

static inline uint32_t outbound_size(const outbound_chunk *chunk)
{
	return DATA_HEADER + (uint32_t)PAD4(chunk->length);
}

/* flow.c */
void flow_start(sctp_association *self);
/** Data is about to be sent while nothing is outstanding. */
void flow_after_pause(sctp_association *self);
/** A timer expired (RFC 9260 section 6.3.3). */
void flow_back_off(sctp_association *self);
void flow_on_sack(sctp_association *self, const sctp_item *chunk);
void flow_on_cumulative(sctp_association *self, uint32_t tsn);
/** The RTO is again what the round trips say. */
void flow_forget_back_off(sctp_association *self);
void flow_on_timeout(sctp_association *self);
/** A measurement, in microseconds. */
void flow_round_trip(sctp_association *self, uint64_t time);

/* reset.c */
void reset_on_reconfig(sctp_association *self, const sctp_item *chunk);
void reset_progress(sctp_association *self);
void reset_on_timeout(sctp_association *self);
size_t reset_write_request(const sctp_association *self, uint8_t *out);
size_t reset_write_response(const sctp_association *self, uint8_t *out);

#endif
