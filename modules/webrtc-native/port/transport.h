/*
 * The transport thread and the worker, as the XS binding sees them. The transport thread owns the
 * sockets of peers and connected streams, all their timers, and is woken, never polled. The worker
 * runs what takes long. Callbacks run on those threads: they post to XS and return.
 */
#ifndef LKXS_PORT_TRANSPORT_H
#define LKXS_PORT_TRANSPORT_H

#include "../core/ice/turn.h"
#include "../core/peer.h"

/** Monotonic microseconds; the clock every `now` and `at` is on. */
uint64_t port_now(void);

/** Runs `job(context)`, which computes, on the worker. 0, or -1 when the queue is full. */
int port_worker_run(void (*job)(void *context), void *context);
/** The same for a job that waits for others, as connecting does: it never holds up one that
 * computes. */
int port_worker_run_waiting(void (*job)(void *context), void *context);
/** And for one that looks up names that may have no answer: it holds up neither. */
int port_worker_run_asking(void (*job)(void *context), void *context);
/** Of the jobs that ask, the one of `context` is not wanted any more. True: it will not begin. */
bool port_worker_forget_asking(const void *context);

/* Text form of addresses; port_address_parse takes numeric IPv4 and IPv6 only. */
bool port_address_parse(net_address *out, const char *text, uint16_t port);
#define PORT_ADDRESS_TEXT 46
void port_address_format(const net_address *address, char out[PORT_ADDRESS_TEXT]);

/** A peer that lives on the transport thread. Functions may be called from any one thread. */
typedef struct port_peer port_peer;

/** `on_event` runs on the transport thread. */
port_peer *port_peer_create(const peer_config *config,
							void (*on_event)(void *context, const peer_event *event),
							void *context);
/** Says goodbye and frees; returns once the thread has let go. No event comes after. */
void port_peer_free(port_peer *peer);

#define PORT_ICE_SERVERS 6 /* what is over is ignored */

/** One URL of an iceServers entry (RFC 7064, RFC 7065). */
typedef struct {
	bool turn; /* else STUN, over UDP */
	ice_transport transport;
	const char *host; /* a name or an address */
	uint16_t port;
	const char *username, *password; /* of TURN */
} port_ice_server;

typedef struct {
	port_ice_server servers[PORT_ICE_SERVERS];
	size_t count;
	bool relay_only; /* iceTransportPolicy "relay" */
	/* For TURN over TLS, as port_stream_options has them: */
	const uint8_t *ca;
	size_t ca_length;
	bool insecure;
} port_ice_config;

/**
 * STUN and TURN servers, from now on and after each restart; all is copied. They are asked at once,
 * unless ICE has its path already; what comes of it is told by PEER_EVENT_CANDIDATE. 0, or -1
 * without memory.
 */
int port_peer_set_ice(port_peer *peer, const port_ice_config *config);

/** Opens one UDP socket per usable interface address; their count, or -1 with `error`. None
 * and no error when only relays may be used. */
int port_peer_gather(port_peer *peer, bool loopback, ice_candidate out[ICE_LOCAL_MAX], char *error,
					 size_t size);
/**
 * ICE restart with the interfaces as they are now: sockets whose address is still there stay. As
 * port_peer_gather().
 */
int port_peer_restart(port_peer *peer, bool loopback, ice_candidate out[ICE_LOCAL_MAX], char *error,
					  size_t size);
/** Runs `use(peer, context, now)` with the peer locked, then sends what came of it. */
void port_peer_with(port_peer *peer, void (*use)(struct peer *peer, void *context, uint64_t now),
					void *context);
/** Any thread: there is something in a sender's ring. */
void port_peer_wake(port_peer *peer);

typedef struct {
	peer_stats core;
	uint32_t dropped_send;     /* the socket took it not: buffer full, no route */
	uint32_t dropped_oversize; /* larger than NET_DATAGRAM_MAX */
	uint32_t relays_failed;    /* TURN servers that were of no use */
	turn_stats turn;           /* of all relays that there are or were */
} port_peer_stats;

void port_peer_get_stats(port_peer *peer, port_peer_stats *out);

#endif
