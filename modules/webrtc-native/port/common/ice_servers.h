/* STUN and TURN servers as the owner gave them, and their addresses. */
#ifndef LKXS_COMMON_ICE_SERVERS_H
#define LKXS_COMMON_ICE_SERVERS_H

#include <pthread.h>
#include <stdatomic.h>

#include "../transport.h"
#include "loop.h"

/** Never changed: whoever holds a reference may read it on any thread. */
typedef struct {
	atomic_int references;
	size_t size; /* of the block: it holds secrets, and is wiped */
	port_ice_config config;
	char texts[];
} ice_servers;

/** With one reference; NULL without memory. */
ice_servers *ice_servers_create(const port_ice_config *config);
ice_servers *ice_servers_hold(ice_servers *servers);
/** Gives up a reference; NULL is ignored. */
void ice_servers_release(ice_servers *servers);

typedef enum { RESOLVE_PENDING, RESOLVE_FOUND, RESOLVE_FAILED } resolve_state;

/** A look-up of all names, one after the other, on the worker: it takes one thread, not all. */
typedef struct {
	atomic_int references; /* the owner's and the job's */
	pthread_mutex_t mutex;
	loop_client *owner; /* is woken when there is news; NULL when it wants none */
	ice_servers *servers;
	resolve_state states[PORT_ICE_SERVERS];
	net_address four[PORT_ICE_SERVERS], six[PORT_ICE_SERVERS]; /* family 0: none */
} resolution;

/** NULL without memory. Addresses in text are there at once. */
resolution *resolution_start(ice_servers *servers, loop_client *owner);
resolve_state resolution_of(resolution *self, size_t server, net_address *four, net_address *six);
/** The owner wants no more; NULL is ignored. */
void resolution_end(resolution *self);

#endif
