/*
 * How a STUN server sees a socket of ours (RFC 8489 section 2): one Binding request and its answer,
 * sans-IO.
 */
#ifndef LKXS_REFLEXIVE_H
#define LKXS_REFLEXIVE_H

#include "../net.h"
#include "stun.h"

#define REFLEXIVE_REQUEST (STUN_HEADER + 8) /* bytes */

/** All zero: none. */
typedef struct {
	int socket;
	net_address server; /* family 0: none, or over */
	uint8_t id[STUN_ID];
	uint8_t sent;
	bool due;
	uint64_t next_at;
} reflexive_query;

/** False without entropy. */
bool reflexive_start(reflexive_query *query, int socket, const net_address *server, uint64_t now);
/** True when `bytes` are the answer; then it is over, and `mapped` may have family 0. */
bool reflexive_input(reflexive_query *query, int socket, const net_address *from,
					 const uint8_t *bytes, size_t length, net_address *mapped);
/** The request, when it is to be sent; its length, or 0. */
size_t reflexive_poll(reflexive_query *query, uint8_t out[REFLEXIVE_REQUEST]);
uint64_t reflexive_timeout(const reflexive_query *query);
void reflexive_handle_timeout(reflexive_query *query, uint64_t now);

#endif
