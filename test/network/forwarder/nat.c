#include "nat.h"

#define FIRST_PORT 20000
#define PORTS 40000

const char *const nat_mode_names[NAT_MODES] = {
	[NAT_NONE] = "none",
	[NAT_FULL_CONE] = "full-cone",
	[NAT_PORT_RESTRICTED] = "port-restricted",
	[NAT_SYMMETRIC] = "symmetric",
};

static bool same(const endpoint *a, const endpoint *b)
{
	return a->address == b->address && a->port == b->port;
}

static bool translates(const packet_info *info)
{
	return !info->fragment && (info->protocol == PROTOCOL_UDP || info->protocol == PROTOCOL_TCP);
}

void nat_forget(nat_state *nat, uint8_t protocol)
{
	size_t kept = 0;
	for (size_t i = 0; i < nat->flows; i++) {
		if (protocol != 0 && nat->flow[i].protocol != protocol)
			nat->flow[kept++] = nat->flow[i];
	}
	nat->flows = kept;
}

static bool port_is_used(const nat_state *nat, uint8_t protocol, uint16_t port)
{
	for (size_t i = 0; i < nat->flows; i++) {
		if (nat->flow[i].protocol == protocol && nat->flow[i].outside_port == port)
			return true;
	}
	return false;
}

static uint16_t free_port(nat_state *nat, uint8_t protocol)
{
	uint16_t port;
	do /* ends: there are many more ports than flows */
		port = (uint16_t)(FIRST_PORT + random_next(&nat->random) % PORTS);
	while (port_is_used(nat, protocol, port));
	return port;
}

/* The flow of this packet, made when there is room; NULL when there is none. */
static const nat_flow *flow_out(nat_state *nat, const packet_info *info)
{
	const nat_flow *mapping = NULL;
	for (size_t i = 0; i < nat->flows; i++) {
		const nat_flow *flow = &nat->flow[i];
		if (flow->protocol != info->protocol || !same(&flow->inside, &info->source))
			continue;
		if (same(&flow->remote, &info->destination))
			return flow;
		if (nat->mode != NAT_SYMMETRIC)
			mapping = flow;
	}
	if (nat->flows == NAT_FLOWS)
		return NULL;
	uint16_t port = mapping != NULL ? mapping->outside_port : free_port(nat, info->protocol);
	nat_flow *flow = &nat->flow[nat->flows++];
	*flow = (nat_flow){info->protocol, port, info->source, info->destination};
	return flow;
}

bool nat_outbound(nat_state *nat, uint8_t *bytes, const packet_info *info)
{
	if (nat->mode == NAT_NONE)
		return true;
	const nat_flow *flow = translates(info) ? flow_out(nat, info) : NULL;
	if (flow == NULL)
		return false;
	packet_set_source(bytes, info, (endpoint){nat->outside, flow->outside_port});
	return true;
}

bool nat_inbound(nat_state *nat, uint8_t *bytes, const packet_info *info)
{
	if (nat->mode == NAT_NONE)
		return true;
	if (!translates(info) || info->destination.address != nat->outside)
		return false;
	for (size_t i = 0; i < nat->flows; i++) {
		const nat_flow *flow = &nat->flow[i];
		if (flow->protocol != info->protocol || flow->outside_port != info->destination.port)
			continue;
		if (nat->mode == NAT_FULL_CONE || same(&flow->remote, &info->source)) {
			packet_set_destination(bytes, info, flow->inside);
			return true;
		}
	}
	return false;
}
