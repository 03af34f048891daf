/*
 * The agent's inside, shared by the files of this folder:
 *
 *   agent.c       life, credentials, the ICE state, what the owner asks for
 *   candidates.c  local and remote candidates, their priorities
 *   pairs.c       the check list and which pair is the path
 *   schedule.c    time: checks, consent, deadlines
 *   receive.c     STUN datagrams in
 *   send.c        STUN datagrams out
 *
 * There is one component and one stream, so there is one check list and nothing for RFC 8445's
 * Frozen state to save: pairs start out Waiting.
 */
#ifndef LKXS_ICE_INTERNAL_H
#define LKXS_ICE_INTERNAL_H

#include "agent.h"
#include "stun.h"

#define ICE_UFRAG_LENGTH 8 /* 48 random bits */
#define ICE_PWD_LENGTH 24  /* 144 */

#define ICE_BASES (ICE_LOCAL_MAX + ICE_TCP_MAX + ICE_RELAY_MAX) /* what the owner gives */
#define ICE_LOCALS (ICE_BASES + ICE_REFLEXES)
#define ICE_TRANSACTIONS 48
#define ICE_REPLIES 8
#define ICE_EVENTS 8
#define ICE_NONE 0xff
#define ICE_SEND_MAX (ICE_UFRAG_MAX + 96) /* a check that names such a peer takes 4 bytes less */

/* Microseconds. */
#define ICE_RTO 250000u
#define ICE_RTO_MAX 1600000u
#define ICE_TRANSMISSIONS 7
#define ICE_CONSENT_EXPIRY 30000000u /* RFC 7675 section 5.1 */
#define ICE_CONSENT_AGAIN 1000000u   /* an unanswered question is asked again */
/* With `quiet`: how often a path without a sign of life is asked, and how long at least before it
 * counts as silent; and how often one that does, at first. So often, that a path which loses every
 * fifth packet each way does not count as silent: all of a dozen questions would have to be lost,
 * which is one pause in half a million. */
#define ICE_QUIET_AGAIN 50000u
#define ICE_QUIET_ON_THE_WAY                                                                       \
	24 /* questions at most; there is room for twice as many transactions */
/* When packets came closer than ICE_DENSE, their absence is asked about so soon: a NAT may have
 * forgotten us, and the question is what opens it again. */
#define ICE_DENSE 100000u
#define ICE_EARLY 200000u
#define ICE_QUIET_PATIENCE 700000u
#define ICE_QUIET_PATIENCE_MAX 4000000u
#define ICE_QUIET_ROUND_TRIPS 3
#define ICE_SILENT_AGAIN 200000u
#define ICE_SILENT_OFTEN 12000000u

/* A reflexive or relayed candidate is one more of these: `socket` is what its base sends from. */
typedef struct {
	ice_candidate candidate;
	int socket;
	uint16_t preference; /* RFC 8445 section 5.1.2.1 */
} ice_local;

typedef enum {
	ICE_PAIR_FREE,
	ICE_PAIR_WAITING,
	ICE_PAIR_IN_PROGRESS,
	ICE_PAIR_SUCCEEDED,
	ICE_PAIR_FAILED
} ice_pair_state;

typedef struct {
	uint64_t priority;
	uint64_t sent_at;     /* the newest check; 0 for none */
	uint64_t answered_at; /* the newest success; 0 for none */
	uint64_t next_at;     /* IN_PROGRESS: when to send again, or to give up */
	uint8_t local, remote;
	uint8_t state; /* ice_pair_state */
	uint8_t sent;  /* transmissions of the present check */
	bool due;      /* a check leaves with the next polled datagrams */
	bool heard;    /* the peer's authenticated check came in on it */
	bool nominated;
	bool asked; /* we sent USE-CANDIDATE on it */
} ice_pair;

/* Every transmission is a transaction of its own: so a response tells its round-trip time. */
typedef struct {
	uint8_t id[STUN_ID];
	uint8_t pair; /* ICE_NONE: free */
	bool controlling, use_candidate;
	uint64_t sent_at;
} ice_transaction;

/* A response to be built when it is polled. */
typedef struct {
	int socket;
	net_address to;
	uint8_t id[STUN_ID];
	uint16_t code; /* 0 for success */
	uint16_t unknown[STUN_UNKNOWN_MAX];
	uint8_t unknown_count;
} ice_reply;

struct ice_agent {
	uint64_t now, wake;
	uint32_t pacing, failed_after, consent_interval, quiet;
	ice_state state;
	bool controlling, remote_lite, remote_known, remote_ended, relay_only, gathering;
	uint64_t tie_breaker;

	uint64_t pace_at;    /* no new check before */
	uint64_t deadline;   /* FAILED without a valid pair by then; ICE_NO_TIMEOUT before the start */
	uint64_t consent_at; /* next consent check on the path */
	uint64_t alive_at;   /* the newest sign of life on the path */
	uint64_t quiet_at;   /* with `quiet`: when to ask for one */
	uint64_t heard_at;   /* the newest packet of the owner's */

	uint8_t path;     /* pair in use, ICE_NONE without a valid one */
	bool selected;    /* the path is nominated */
	bool forgotten;   /* by a NAT: the peer that nominated the path sends to where we are no more */
	net_address seen; /* where the path's answers saw us last; family 0: not yet */
	uint8_t bases;    /* locals[0 .. bases) were given by the owner */
	uint8_t reflexes; /* locals[ICE_BASES .. + reflexes) were found */
	uint8_t remotes_count;
	ice_local locals[ICE_LOCALS];
	ice_candidate remotes[ICE_REMOTE_MAX];
	ice_pair pairs[ICE_PAIRS_MAX];

	ice_transaction transactions[ICE_TRANSACTIONS];
	uint8_t next_transaction;

	ice_reply replies[ICE_REPLIES];
	uint8_t replies_first, replies_count;
	ice_event events[ICE_EVENTS];
	uint8_t events_first, events_count;

	ice_stats stats;
	uint16_t remote_ufrag_length, remote_pwd_length;
	char local_ufrag[ICE_UFRAG_LENGTH + 1], local_pwd[ICE_PWD_LENGTH + 1];
	char remote_ufrag[ICE_UFRAG_MAX + 1], remote_pwd[ICE_PWD_MAX + 1];
	uint8_t out[ICE_SEND_MAX];
};

/* What moves the ICE state. */
typedef enum {
	ICE_CAUSE_START,    /* credentials and a remote candidate are there */
	ICE_CAUSE_ANSWERED, /* the selected pair's check was answered */
	ICE_CAUSE_SILENCE,
	ICE_CAUSE_GIVE_UP,
	ICE_CAUSES
} ice_cause;

/* agent.c */
void ice_move(ice_agent *agent, ice_cause cause);
void ice_event_push(ice_agent *agent, ice_event_type type);

/* candidates.c */
/** What a check from `base` says it would be to a peer that does not know where it comes from. */
uint32_t ice_reflexive_priority(const ice_local *base);
uint8_t ice_find_remote(const ice_agent *agent, const net_address *address,
						ice_transport transport);
/** A candidate with this socket, ICE_NONE for a stranger. */
uint8_t ice_find_local(const ice_agent *agent, int socket);
/** Over what the peer sees checks that come from here: a relay speaks UDP to it. */
ice_transport ice_transport_of(const ice_candidate *local);
/** Index of the new peer-reflexive remote candidate, or ICE_NONE (counted). */
uint8_t ice_add_reflexive_remote(ice_agent *agent, const net_address *address,
								 ice_transport transport, uint32_t priority);
/** Index of the local candidate that the peer sees at `mapped`, made if new; or `base`. */
uint8_t ice_local_seen_as(ice_agent *agent, uint8_t base, const net_address *mapped);

/* pairs.c */
/** If anything could come of it, and there is a place. */
void ice_pair_up(ice_agent *agent, uint8_t local, uint8_t remote);
/** Likewise for a check that came this way: the way is there. */
void ice_pair_heard(ice_agent *agent, uint8_t local, uint8_t remote);
uint8_t ice_find_pair(const ice_agent *agent, int socket, const net_address *remote);
void ice_pairs_prioritise(ice_agent *agent);
/** True when a check of the pair could still make it the path. */
bool ice_pair_wanted(const ice_agent *agent, const ice_pair *pair);
/** A SUCCEEDED pair may have become the path, or the selected one. */
void ice_pair_consider(ice_agent *agent, uint8_t index);

/** Takes the pair off the check list, and off the path when it is that. */
void ice_pair_drop(ice_agent *agent, uint8_t pair);

/* schedule.c */
/** The path is silent: all others get their chance. */
void ice_go_silent(ice_agent *agent);
/** Does what the time asks for, and works out when to be called next. */
void ice_run(ice_agent *agent);
/**
 * There is something new to check. Checks begin as soon as both credentials and candidates are
 * there, but not in this call: so that of all candidates that come with it the best goes first.
 */
void ice_start(ice_agent *agent);
/** A check or an answer came on the path; of the owner's packets ice_agent_alive() tells. */
void ice_alive(ice_agent *agent);
/** Sends a check of the pair now, outside of the pacing. */
void ice_check_now(ice_agent *agent, ice_pair *pair);
/** The pair's check was asked for by a check of the peer (RFC 8445 section 7.3.1.4). */
void ice_check_triggered(ice_agent *agent, uint8_t pair);
/** The path has just been consented to: sets the time to ask again. */
void ice_consent_schedule(ice_agent *agent);

/* send.c */
void ice_reply_push(ice_agent *agent, const ice_reply *reply);
/** The live transaction with this id, or NULL. Its pair may have been replaced meanwhile. */
ice_transaction *ice_find_transaction(ice_agent *agent, const uint8_t *id);

#endif
