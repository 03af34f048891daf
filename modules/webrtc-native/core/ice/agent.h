/*
 * ICE agent (RFC 8445, RFC 8838 trickle, RFC 7675 consent), sans-IO, one component, one stream.
 *
 * The owner feeds datagrams and time in and takes datagrams and events out:
 *
 *   ice_agent_input()            a STUN datagram arrived on a local socket
 *   ice_agent_handle_timeout()   the time that ice_agent_timeout() named has come
 *   ice_agent_poll_datagram()    until it returns false, after either of the above
 *   ice_agent_poll_event()       likewise
 *
 * The agent owns no sockets: a `socket` is a small number that the owner chose in
 * ice_agent_add_local().
 */
#ifndef LKXS_ICE_AGENT_H
#define LKXS_ICE_AGENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../bounds.h"
#include "../net.h"

#define ICE_TCP_MAX 2 /* active TCP candidates: one per address family */
#define ICE_NO_TIMEOUT UINT64_MAX

typedef enum { ICE_HOST, ICE_SERVER_REFLEXIVE, ICE_PEER_REFLEXIVE, ICE_RELAYED } ice_candidate_type;

/** Over what: to the peer, or of a relayed candidate of ours, to the relay. */
typedef enum {
	ICE_UDP,
	ICE_TCP, /* RFC 6544: ours are active, the peer's passive */
	ICE_TLS  /* to relays only */
} ice_transport;

typedef struct {
	ice_candidate_type type;
	net_address address;
	uint32_t priority;
	char foundation[33]; /* 1 to 32 ice-chars */
	ice_transport transport;
} ice_candidate;

/** RTCIceTransportState (W3C WebRTC). */
typedef enum {
	ICE_NEW,
	ICE_CHECKING,
	ICE_CONNECTED,    /* a pair is selected and has consent */
	ICE_DISCONNECTED, /* no consent answer for a while; may come back by itself */
	ICE_FAILED,       /* no pair worked in time, or consent expired (30 s) */
	ICE_CLOSED
} ice_state;

typedef struct {
	bool controlling;
	/* Microseconds; 0 takes the default in brackets. */
	uint32_t pacing;           /* Ta between new checks [50,000] */
	uint32_t failed_after;     /* from first remote candidate to FAILED [15,000,000] */
	uint32_t consent_interval; /* mean, randomised by 0.8 to 1.2 [5,000,000] */
	/* Without a sign of life for so long (ice_agent_alive() tells of those that ICE does not see)
	 * the path is asked at once and often, to notice its loss within seconds [never]. */
	uint32_t quiet;
} ice_config;

typedef enum { ICE_EVENT_STATE, ICE_EVENT_SELECTED } ice_event_type;

typedef struct {
	ice_event_type type;
	ice_state state; /* the state now */
} ice_event;

/** A datagram to be sent. `bytes` is valid until the next call on the agent. */
typedef struct {
	int socket;
	net_address to;
	const uint8_t *bytes;
	size_t length;
} ice_datagram;

/** Counts since creation. Every refused packet is in exactly one of the drop counters. */
typedef struct {
	uint32_t checks_sent, checks_received, responses_received;
	uint32_t dropped_malformed, dropped_integrity, dropped_unknown_transaction;
	uint32_t dropped_username, role_conflicts, remote_candidates_ignored;
	uint32_t dropped_unanswered; /* good requests whose response found no place to wait in */
	uint32_t dropped_policy; /* came in where the policy wants nothing: ice_agent_relay_only() */
	uint32_t pairs_pruned;   /* candidate pairs over the bound of the check list */
	uint32_t rtt; /* microseconds of the last answered check on the selected pair, 0 if none */
} ice_stats;

typedef struct ice_agent ice_agent;

/** An agent with fresh random credentials, or NULL when memory or entropy is exhausted. */
ice_agent *ice_agent_create(const ice_config *config);
void ice_agent_free(ice_agent *agent);

/**
 * ICE restart (RFC 8445 section 9): new credentials, and nothing is known of either side's
 * candidates any more; the state is NEW. Local candidates are to be added anew, credentials and
 * candidates of the peer come with its next description. 0, or -1 without entropy: then nothing has
 * changed.
 */
int ice_agent_restart(ice_agent *agent);

const char *ice_agent_local_ufrag(const ice_agent *agent);
const char *ice_agent_local_pwd(const ice_agent *agent);

/**
 * Adds a host candidate for a socket that is bound to `address`. Returns the candidate as it is to
 * be signalled (valid as long as the agent), or NULL when ICE_LOCAL_MAX is reached or the address
 * is of no use to a peer (link-local IPv6: SDP cannot carry its scope).
 */
const ice_candidate *ice_agent_add_local(ice_agent *agent, int socket, const net_address *address);

/**
 * Adds the active TCP candidate of `address`'s family: checks of the peer's passive candidates come
 * out as datagrams for `socket`, and the owner connects to where the first one goes. It need not be
 * signalled. NULL as above.
 */
const ice_candidate *ice_agent_add_tcp(ice_agent *agent, int socket, const net_address *address);

/** Adds what a relay gave us, which `socket` leads to over `transport`. NULL as above. */
const ice_candidate *ice_agent_add_relay(ice_agent *agent, int socket, const net_address *address,
										 ice_transport transport);

/**
 * A STUN server sees the host candidate of `socket` at `mapped`: the server-reflexive candidate to
 * be signalled, or NULL when that is known already or there are too many.
 */
const ice_candidate *ice_agent_add_reflexive(ice_agent *agent, int socket,
											 const net_address *mapped);

/** `socket` leads nowhere any more; its candidates are over. */
void ice_agent_remove_local(ice_agent *agent, int socket, uint64_t now);

/** The connection from `socket` to `to` broke, or did not come about; the next check may make
 * another. */
void ice_agent_lost(ice_agent *agent, int socket, const net_address *to, uint64_t now);

/** While it lasts, having no pair left is no reason to give up: candidates of ours are on their
 * way. */
void ice_agent_gathering(ice_agent *agent, bool gathering, uint64_t now);

/** Whether a relayed candidate over `transport` would be better than what is selected now. */
bool ice_agent_wants_relay(const ice_agent *agent, ice_transport transport);

/** From now on, and after restarts, only relayed candidates are used; to be said before the checks.
 */
void ice_agent_relay_only(ice_agent *agent);

/**
 * Sets the peer's credentials; checks start when there is also a remote candidate. Checks received
 * earlier were answered and queue triggered checks. `lite` tells that the peer is ICE-lite.
 * Returns 0, or -1 when the lengths are out of range. A second call with other credentials is
 * refused (-1) unless ice_agent_restart() was called before.
 */
int ice_agent_set_remote(ice_agent *agent, const char *ufrag, const char *pwd, bool lite,
						 uint64_t now);

/**
 * Trickles one remote candidate in. 0, or -1 when it is ignored (counted): a duplicate, one over
 * ICE_REMOTE_MAX, or an address that nothing can be sent to (link-local IPv6, multicast, port 0).
 */
int ice_agent_add_remote(ice_agent *agent, const ice_candidate *candidate, uint64_t now);
/** The peer has said end-of-candidates. */
void ice_agent_end_of_remote(ice_agent *agent, uint64_t now);

/** A STUN datagram came in (RFC 7983 demultiplexing is the caller's). */
void ice_agent_input(ice_agent *agent, int socket, const net_address *from, const uint8_t *bytes,
					 size_t length, uint64_t now);
uint64_t ice_agent_timeout(const ice_agent *agent);
void ice_agent_handle_timeout(ice_agent *agent, uint64_t now);
bool ice_agent_poll_datagram(ice_agent *agent, ice_datagram *out);
bool ice_agent_poll_event(ice_agent *agent, ice_event *out);

ice_state ice_agent_state(const ice_agent *agent);
/**
 * Where application data goes now: the selected pair, or before nomination the best valid pair.
 * False when there is none, or when consent has expired (RFC 7675: sending must stop).
 */
bool ice_agent_path(const ice_agent *agent, int *socket, net_address *to);
/** The candidates of that path, valid until the next call on the agent; NULL without a path. */
const ice_candidate *ice_agent_path_local(const ice_agent *agent);
const ice_candidate *ice_agent_path_remote(const ice_agent *agent);
/**
 * True when data from `from` on `socket` may be taken: a check of that pair has succeeded, or the
 * peer's check with the right password came in on it (its data may overtake its answer to ours).
 */
bool ice_agent_accepts(const ice_agent *agent, int socket, const net_address *from);
/** Something that proved to be the peer's came on the path. Cheap: once for each packet will do. */
void ice_agent_alive(ice_agent *agent, uint64_t now);
void ice_agent_stats(const ice_agent *agent, ice_stats *out);

#endif
