/* Two ICE agents on a simulated network, and the signalling between them. */
#ifndef LKXS_SIM_ICE_PAIR_H
#define LKXS_SIM_ICE_PAIR_H

#include "network.h"

typedef struct {
	ice_agent *agent;
	int endpoint;
	const ice_candidate *candidates[ICE_LOCAL_MAX];
	int count;
	ice_state state;       /* of the newest event */
	uint64_t connected_at; /* first time, 0 for never */
	uint32_t states;       /* bit n: state n has been reported */
	int selections;        /* ICE_EVENT_SELECTED so far */
} sim_ice_side;

typedef struct {
	sim_network *network;
	sim_ice_side a, b;
} sim_ice_pair;

net_address sim_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/** 2001:db8::`host` */
net_address sim_ipv6(uint8_t host, uint16_t port);

/** Two agents without addresses; NULL configurations are controlling `a`, controlled `b`. */
void sim_ice_open(sim_ice_pair *pair, uint64_t seed, sim_weather weather, const ice_config *a,
				  const ice_config *b);
void sim_ice_close(sim_ice_pair *pair);
/** A host candidate on a socket of its own that the network knows as `seen` (NULL: by itself). */
void sim_ice_address(sim_ice_pair *pair, sim_ice_side *side, net_address address,
					 const net_address *seen);
/** 10.0.0.1:5000 for `a`, 10.0.0.2:5000 for `b`. */
void sim_ice_addresses(sim_ice_pair *pair);
/** Tells `to` the credentials, and with `candidates` the candidates, of `from`. */
void sim_ice_signal(sim_ice_pair *pair, const sim_ice_side *from, sim_ice_side *to,
					bool candidates);
/** Takes both sides' events; true when both are CONNECTED. A condition for sim_run(). */
bool sim_ice_connected(void *pair);
bool sim_ice_never(void *pair);
/** Signals everything both ways and runs until connected, `most` microseconds at most. */
bool sim_ice_connect(sim_ice_pair *pair, uint64_t most);
void sim_ice_run(sim_ice_pair *pair, uint64_t microseconds);
/** True when each side's path leads to the other's socket 0 (or whichever fits). */
bool sim_ice_paths_meet(const sim_ice_pair *pair);

#endif
