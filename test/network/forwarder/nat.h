/* A NAT between the device and the server, in the terms of RFC 4787. */
#ifndef NETWORK_NAT_H
#define NETWORK_NAT_H

#include "packet.h"
#include "random.h"

#define NAT_FLOWS 1024

typedef enum {
	NAT_NONE,
	NAT_FULL_CONE,       /* mapping and filtering endpoint-independent */
	NAT_PORT_RESTRICTED, /* mapping endpoint-independent, filtering by address and port */
	NAT_SYMMETRIC,       /* mapping and filtering by address and port */
	NAT_MODES
} nat_mode;

extern const char *const nat_mode_names[NAT_MODES];

typedef struct {
	uint8_t protocol;
	uint16_t outside_port;
	endpoint inside;
	endpoint remote;
} nat_flow;

typedef struct {
	nat_mode mode;
	uint32_t outside; /* its own address */
	random_stream random;
	size_t flows;
	nat_flow flow[NAT_FLOWS];
} nat_state;

/* Forgets the flows of `protocol`, or of all when 0: the next packet gets a new port. */
void nat_forget(nat_state *nat, uint8_t protocol);

/*
 * Translates in place. False when there is no way through: no mapping, filtered, a fragment, ICMP,
 * or a packet from outside to the inside's own address.
 */
bool nat_outbound(nat_state *nat, uint8_t *bytes, const packet_info *info);
bool nat_inbound(nat_state *nat, uint8_t *bytes, const packet_info *info);

#endif
