/*
 * A simulated network and clock for sans-IO objects: seeded delay, loss, duplication and reorder,
 * and no time passes but by its own account. An endpoint is anything with the four functions of
 * ice_agent or peer; it may hold several addresses, each one "socket" to it.
 */
#ifndef LKXS_SIM_NETWORK_H
#define LKXS_SIM_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ice/agent.h"
#include "net.h"

#define SIM_START UINT64_C(1000000) /* the clock does not begin at 0: 0 often means "never" */

/** What every datagram meets. */
typedef struct {
	uint32_t delay;     /* microseconds, one way */
	uint32_t jitter;    /* 0 to this is added; reorders when it exceeds the sending interval */
	uint32_t loss;      /* per mille */
	uint32_t duplicate; /* per mille */
} sim_weather;

/** How the simulation drives one object. */
typedef struct {
	void (*input)(void *object, int socket, const net_address *from, uint8_t *bytes, size_t length,
				  uint64_t now);
	uint64_t (*timeout)(const void *object);
	void (*handle_timeout)(void *object, uint64_t now);
	bool (*poll_datagram)(void *object, ice_datagram *out);
} sim_driver;

/** ice_agent as an object. */
extern const sim_driver sim_ice_driver;

typedef struct sim_network sim_network;

sim_network *sim_create(uint64_t seed, sim_weather weather);
void sim_free(sim_network *network);

/** Returns the endpoint's number. */
int sim_add(sim_network *network, const sim_driver *driver, void *object);
/**
 * Gives `endpoint` an address: what it sends from `socket` comes from there. An address other than
 * the one the endpoint believes in is a one-to-one NAT.
 */
void sim_bind(sim_network *network, int endpoint, int socket, const net_address *address);
void sim_set_weather(sim_network *network, sim_weather weather);
/** Looks at each datagram as it is sent; false drops it. NULL lets all through. */
void sim_set_filter(sim_network *network,
					bool (*pass)(void *context, const net_address *from, const net_address *to,
								 const uint8_t *bytes, size_t length),
					void *context);
/** Sends a datagram of nobody's, or of an endpoint's own making. */
void sim_send(sim_network *network, const net_address *from, const net_address *to,
			  const uint8_t *bytes, size_t length);

uint64_t sim_now(const sim_network *network);
/**
 * Runs until `done` (may be NULL) holds or the clock reaches `until`; returns whether it holds. The
 * clock stands at `until` when it does not, so that two runs follow each other without a gap.
 */
bool sim_run(sim_network *network, uint64_t until, bool (*done)(void *context), void *context);

typedef struct {
	uint32_t sent, delivered, lost, filtered, unroutable;
} sim_counts;

sim_counts sim_count(const sim_network *network);
/** Uniform in [0, below), from the network's seed. */
uint32_t sim_random(sim_network *network, uint32_t below);

#endif
