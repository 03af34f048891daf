/* What peer.c (a peer's life, its owner's functions), peer_sockets.c and peer_tcp.c share. */
#ifndef LKXS_COMMON_PORT_PEER_H
#define LKXS_COMMON_PORT_PEER_H

#include <pthread.h>

#include "../transport.h"
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

#endif
