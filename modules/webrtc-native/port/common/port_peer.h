/* What peer.c (a peer's life, its owner's functions) and peer_sockets.c share. */
#ifndef LKXS_COMMON_PORT_PEER_H
#define LKXS_COMMON_PORT_PEER_H

#include <pthread.h>

#include "../transport.h"
#include "loop.h"

struct port_peer {
	pthread_mutex_t mutex; /* guards the core */
	peer *core;
	loop_client loop;
	void (*on_event)(void *context, const peer_event *event);
	void *context;
	port_peer_stats stats;
};

/* peer_sockets.c; all with the lock held: */

/** Sends what the core has to send. */
void sockets_send(port_peer *self);
/** Gives the core what has come to the ready sockets. */
void sockets_receive(port_peer *self);
/** A socket and a host candidate for each address that is of use; how many. */
int sockets_gather(port_peer *self, const net_address *addresses, int found,
				   ice_candidate out[ICE_LOCAL_MAX]);
/** Closes the sockets of addresses that are not among those `found`. */
void sockets_drop(port_peer *self, const net_address *addresses, int found);
/** Closes all; nobody polls them any more. */
void sockets_close(port_peer *self);

#endif
