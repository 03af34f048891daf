/* What peer.c (a peer's life, its owner's functions) and peer_{sockets,tcp,gather,relay}.c share.
 */
#ifndef LKXS_COMMON_PORT_PEER_H
#define LKXS_COMMON_PORT_PEER_H

#include <pthread.h>

#include "../../core/ice/reflexive.h"
#include "../../core/ice/turn.h"
#include "../transport.h"
#include "ice_servers.h"
#include "loop.h"
#include "tcp_link.h"

#define PEER_TCP_MAX 4          /* with those from before an ICE restart */
#define PEER_PACKETS_PER_RUN 64 /* from one socket, then the others have their turn */

/** A connection to a passive TCP candidate; ICE names it by `socket` and `to`. */
typedef struct {
	tcp_link *link; /* NULL: a free place */
	int socket;
	net_address to;
	uint64_t used_at; /* something was sent */
} peer_tcp;

#define PEER_QUERIES ICE_LOCAL_MAX      /* of STUN servers, under way at a time */
#define PEER_RELAYS (ICE_RELAY_MAX + 1) /* with the one that was the path before an ICE restart */
#define PEER_REDIRECTS 3                /* servers that may name another one, one after the other */

/** An allocation on a TURN server; ICE knows it by `name`. */
typedef struct {
	turn_client *turn; /* NULL: a free place */
	tcp_link *link;    /* over TCP or TLS */
	int slot;          /* else the place of a UDP socket in the loop */
	int name;
	ice_servers *servers;
	const port_ice_server *server;             /* one of them */
	uint8_t generation;                        /* the peer's, when it was made */
	bool told;                                 /* it is a candidate */
	uint8_t asked;                             /* how many of: */
	net_address addresses[1 + PEER_REDIRECTS]; /* its own, and where that one sent us */
} peer_relay;

struct port_peer {
	pthread_mutex_t mutex; /* guards the core */
	peer *core;
	loop_client loop;
	void (*on_event)(void *context, const peer_event *event);
	void *context;
	port_peer_stats stats;
	bool udp[LOOP_SOCKETS]; /* which of the loop's sockets are UDP: ICE calls them by their index */
	int named;              /* ICE's names for what is none of them: counted up from LOOP_SOCKETS */
	int tcp_names[ICE_TCP_MAX]; /* IPv4, IPv6; 0: none */
	peer_tcp tcp[PEER_TCP_MAX];

	ice_servers *servers; /* NULL: none */
	bool relay_only;      /* the policy */
	uint8_t families;     /* of this machine's addresses: 1 IPv4, 2 IPv6; 0 before gathering */
	uint8_t generation;   /* counts ICE restarts */
	bool gather_due;      /* the servers are to be asked */
	bool gathering;       /* ICE has been told that there may be more candidates */
	resolution *names;    /* NULL: no look-up is under way */
	uint32_t begun;       /* bits: servers whose address was used */
	reflexive_query queries[PEER_QUERIES];
	peer_relay relays[PEER_RELAYS];
	uint8_t *relay_message; /* TURN_MESSAGE_MAX, once there are relays */
};

/* peer_sockets.c; all with the lock held: */

/** Sends what the core has to send. */
void sockets_send(port_peer *self);
/** Gives the core what has come to the ready UDP sockets. */
void sockets_receive(port_peer *self);
/** A UDP socket and a host candidate for each address that is of use; how many. */
int sockets_gather(port_peer *self, const net_address *addresses, int found,
				   ice_candidate out[ICE_LOCAL_MAX]);
/** Closes the sockets of addresses that are not among those `found`. */
void sockets_drop(port_peer *self, const net_address *addresses, int found);
/** Closes all; nobody polls them any more. */
void sockets_close(port_peer *self);

bool sockets_send_udp(port_peer *self, const ice_datagram *datagram);
/** Audio comes first (RFC 8837); a wish. */
void socket_mark(int handle, uint8_t family);
/** What a socket is bound to; false when it is none. */
bool socket_bound_to(int handle, net_address *out);
/** Whether a socket is bound to one of `addresses`, any port. */
bool socket_is_at(int handle, const net_address *addresses, int found);

/* peer_tcp.c, likewise: */

/** Active candidates for the families of `addresses`. */
void peer_tcp_gather(port_peer *self, const net_address *addresses, int found);
/** False: it could not be sent. */
bool peer_tcp_send(port_peer *self, const ice_datagram *datagram);
/** Reads, writes, and closes what is over or not used. */
void peer_tcp_run(port_peer *self, uint64_t now);
uint64_t peer_tcp_due(const port_peer *self);
/** Closes connections from addresses that are not among those `found`; all with 0. */
void peer_tcp_drop(port_peer *self, const net_address *addresses, int found);

/* peer_gather.c, likewise: */

/** Tells the owner of a candidate; NULL is ignored. */
void peer_tell_candidate(port_peer *self, const ice_candidate *candidate);
/** Looks names up and asks servers, when that is due. */
void peer_gather_run(port_peer *self, uint64_t now);
/** True when it is the answer of a STUN server. */
bool peer_gather_input(port_peer *self, int socket, const net_address *from, const uint8_t *bytes,
					   size_t length);
uint64_t peer_gather_due(const port_peer *self);
/** Nothing is asked any more. */
void peer_gather_end(port_peer *self);

/* peer_relay.c, likewise: */

void peer_relay_open(port_peer *self, const port_ice_server *server, const net_address *address,
					 uint64_t now);
/** False: it could not be sent. */
bool peer_relay_send(port_peer *self, peer_relay *relay, const ice_datagram *datagram);
/** Reads, writes, tells of what is there, and gives back what is not wanted. */
void peer_relay_run(port_peer *self, uint64_t now);
uint64_t peer_relay_due(const port_peer *self);
/** One may still become a candidate. */
bool peer_relay_busy(const port_peer *self);
/** The worker does not wake the peer any more: it is about to leave the loop. */
void peer_relay_hush(port_peer *self);
/** Gives back those that are reached from addresses that are not among those `found`; all with 0.
 */
void peer_relay_drop(port_peer *self, const net_address *addresses, int found);
/** Of those that are there. */
void peer_relay_add_stats(const port_peer *self, turn_stats *sum);

#endif
