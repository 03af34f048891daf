/* Transport addresses as the core sees them. Text forms belong to the port. */
#ifndef LKXS_NET_H
#define LKXS_NET_H

#include <stdbool.h>
#include <stdint.h>

/** An IPv4 or IPv6 transport address. `ip` holds 4 or 16 bytes in network order, rest zero. */
typedef struct {
	uint8_t family; /* 4, 6, or 0 for none */
	uint8_t ip[16];
	uint16_t port; /* host order */
} net_address;

/** Largest datagram the core builds or accepts: fits IPv6 over Ethernet and pion's MTU. */
#define NET_DATAGRAM_MAX 1472

bool net_address_equal(const net_address *a, const net_address *b);
/** True for loopback (127/8, ::1). */
bool net_address_is_loopback(const net_address *address);
/** True for link-local (169.254/16, fe80::/10). */
bool net_address_is_link_local(const net_address *address);

#endif
