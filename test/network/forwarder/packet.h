/* IPv4 packets as the forwarder reads, rewrites and answers them. */
#ifndef NETWORK_PACKET_H
#define NETWORK_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_MAX 1500

enum { PROTOCOL_ICMP = 1, PROTOCOL_TCP = 6, PROTOCOL_UDP = 17 };

/* What a packet carries, as far as it shows from outside (UDP by RFC 7983). */
typedef enum {
	KIND_SYN, /* a TCP connection being opened */
	KIND_TCP,
	KIND_STUN,
	KIND_DTLS,      /* handshake and alerts */
	KIND_DTLS_DATA, /* application data: SCTP */
	KIND_RTP,
	KIND_RTCP,
	KIND_TURN_CHANNEL,
	KIND_DNS,
	KIND_UDP, /* anything else over UDP, and fragments after the first */
	KIND_ICMP,
	KIND_OTHER,
	KIND_COUNT
} packet_kind;

extern const char *const packet_kind_names[KIND_COUNT];

/* Addresses and ports in host byte order. */
typedef struct {
	uint32_t address;
	uint16_t port;
} endpoint;

typedef struct {
	uint8_t protocol;
	bool dont_fragment;
	bool later_fragment; /* has no ports */
	bool fragment;       /* first or later */
	packet_kind kind;
	endpoint source;
	endpoint destination;
	size_t header; /* length of the IP header */
} packet_info;

/* False when it is not a whole IPv4 packet; `bytes` is then not to be forwarded. */
bool packet_parse(const uint8_t *bytes, size_t length, packet_info *info);

/* Change an end of a UDP or TCP packet that has its ports, with its checksums. */
void packet_set_source(uint8_t *bytes, const packet_info *info, endpoint source);
void packet_set_destination(uint8_t *bytes, const packet_info *info, endpoint destination);

/*
 * RFC 1191: makes "fragmentation needed" from `router` to the source of `bytes`, in `reply`, which
 * has room for PACKET_ICMP_MAX. Gives its length.
 */
#define PACKET_ICMP_MAX (20 + 8 + 60 + 8)
size_t packet_fragmentation_needed(const uint8_t *bytes, size_t size, const packet_info *info,
								   uint32_t router, uint16_t mtu, uint8_t *reply);

#endif
