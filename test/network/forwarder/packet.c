#include "packet.h"

#include <string.h>

#define DNS_PORT 53
#define SHORTEST_MEDIA 12                /* bytes: an RTP header */
#define STUN_COOKIE UINT32_C(0x2112A442) /* RFC 8489 */
#define DTLS_MAJOR 254                   /* the version's first byte: 1's complement of 1 */

const char *const packet_kind_names[KIND_COUNT] = {
	[KIND_SYN] = "syn",
	[KIND_TCP] = "tcp",
	[KIND_STUN] = "stun",
	[KIND_DTLS] = "dtls",
	[KIND_DTLS_DATA] = "dtlsData",
	[KIND_RTP] = "rtp",
	[KIND_RTCP] = "rtcp",
	[KIND_TURN_CHANNEL] = "turnChannel",
	[KIND_DNS] = "dns",
	[KIND_UDP] = "udp",
	[KIND_ICMP] = "icmp",
	[KIND_OTHER] = "other",
};

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static void write16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void write32(uint8_t *at, uint32_t value)
{
	write16(at, (uint16_t)(value >> 16));
	write16(at + 2, (uint16_t)value);
}

/* The first byte tells the protocols of a media port apart (RFC 7983), the next that it is one. */
static packet_kind kind_of_udp(const uint8_t *payload, size_t length)
{
	if (length < SHORTEST_MEDIA)
		return KIND_UDP;
	uint8_t first = payload[0];
	if (first < 4 && length >= 20 && read32(payload + 4) == STUN_COOKIE)
		return KIND_STUN;
	if (first >= 20 && first < 64 && payload[1] == DTLS_MAJOR)
		return first == 23 ? KIND_DTLS_DATA : KIND_DTLS;
	if (first >= 64 && first < 80)
		return KIND_TURN_CHANNEL;
	if (first >= 128 && first < 192) {
		uint8_t type = payload[1] & 0x7F; /* RFC 5761 keeps 64..95 for RTCP */
		return type >= 64 && type < 96 ? KIND_RTCP : KIND_RTP;
	}
	return KIND_UDP;
}

bool packet_parse(const uint8_t *bytes, size_t length, packet_info *info)
{
	if (length < 20 || bytes[0] >> 4 != 4)
		return false;
	size_t header = (size_t)(bytes[0] & 0x0F) * 4;
	if (header < 20 || header > length || read16(bytes + 2) != length)
		return false;
	uint16_t fragment = read16(bytes + 6);
	*info = (packet_info){
		.protocol = bytes[9],
		.dont_fragment = fragment & 0x4000,
		.later_fragment = fragment & 0x1FFF,
		.fragment = fragment & 0x3FFF,
		.kind = KIND_OTHER,
		.source.address = read32(bytes + 12),
		.destination.address = read32(bytes + 16),
		.header = header,
	};
	if (info->protocol == PROTOCOL_ICMP)
		info->kind = KIND_ICMP;
	if (info->protocol != PROTOCOL_UDP && info->protocol != PROTOCOL_TCP)
		return true;
	if (info->later_fragment) {
		info->kind = info->protocol == PROTOCOL_UDP ? KIND_UDP : KIND_TCP;
		return true;
	}
	const uint8_t *body = bytes + header;
	size_t left = length - header;
	if (left < (info->protocol == PROTOCOL_UDP ? 8U : 20U))
		return false;
	info->source.port = read16(body);
	info->destination.port = read16(body + 2);
	if (info->protocol == PROTOCOL_TCP)
		info->kind = (body[13] & 0x12) == 0x02 ? KIND_SYN : KIND_TCP;
	else if (info->source.port == DNS_PORT || info->destination.port == DNS_PORT)
		info->kind =
			KIND_DNS; /* begins with a random number, which could be anything's first byte */
	else
		info->kind = kind_of_udp(body + 8, left - 8);
	return true;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xFFFF) + (sum >> 16);
	return (uint16_t)sum;
}

static void update_checksum(uint8_t *at, const endpoint *from, const endpoint *to, bool ports)
{
	/* RFC 1624: HC' = ~(~HC + ~m + m') */
	uint32_t sum = (uint16_t)~read16(at);
	sum += (uint16_t) ~(from->address >> 16) + (uint32_t)(to->address >> 16);
	sum += (uint16_t)~from->address + (uint32_t)(uint16_t)to->address;
	if (ports)
		sum += (uint16_t)~from->port + (uint32_t)to->port;
	write16(at, (uint16_t)~fold(sum));
}

static void set_end(uint8_t *bytes, const packet_info *info, size_t address_at, size_t port_at,
					const endpoint *from, const endpoint *to)
{
	uint8_t *body = bytes + info->header;
	uint8_t *sum = body + (info->protocol == PROTOCOL_TCP ? 16 : 6);
	update_checksum(bytes + 10, from, to, false);
	if (info->protocol == PROTOCOL_TCP || read16(sum) != 0) { /* UDP's 0 is "none" */
		update_checksum(sum, from, to, true);
		if (info->protocol == PROTOCOL_UDP && read16(sum) == 0)
			write16(sum, 0xFFFF);
	}
	write32(bytes + address_at, to->address);
	write16(body + port_at, to->port);
}

void packet_set_source(uint8_t *bytes, const packet_info *info, endpoint source)
{
	set_end(bytes, info, 12, 0, &info->source, &source);
}

void packet_set_destination(uint8_t *bytes, const packet_info *info, endpoint destination)
{
	set_end(bytes, info, 16, 2, &info->destination, &destination);
}

static uint16_t checksum(const uint8_t *at, size_t length)
{
	uint32_t sum = 0;
	for (size_t i = 0; i < length; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return (uint16_t)~fold(sum);
}

size_t packet_fragmentation_needed(const uint8_t *bytes, size_t size, const packet_info *info,
								   uint32_t router, uint16_t mtu, uint8_t *reply)
{
	size_t quoted = info->header + 8 < size ? info->header + 8 : size;
	size_t length = 20 + 8 + quoted;
	memset(reply, 0, 28);
	reply[0] = 0x45;
	write16(reply + 2, (uint16_t)length);
	reply[8] = 64;
	reply[9] = PROTOCOL_ICMP;
	write32(reply + 12, router);
	write32(reply + 16, info->source.address);
	write16(reply + 10, checksum(reply, 20));
	reply[20] = 3; /* destination unreachable */
	reply[21] = 4; /* fragmentation needed */
	write16(reply + 26, mtu);
	memcpy(reply + 28, bytes, quoted);
	write16(reply + 22, checksum(reply + 20, 8 + quoted));
	return length;
}
