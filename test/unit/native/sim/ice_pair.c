#include "ice_pair.h"

#include <assert.h>
#include <string.h>

net_address sim_ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
	return (net_address){4, {a, b, c, d}, port};
}

net_address sim_ipv6(uint8_t host, uint16_t port)
{
	return (net_address){6, {0x20, 0x01, 0x0d, 0xb8, [15] = host}, port};
}

void sim_ice_open(sim_ice_pair *pair, uint64_t seed, sim_weather weather, const ice_config *a,
				  const ice_config *b)
{
	static const ice_config controlling = {.controlling = true}, controlled = {0};

	memset(pair, 0, sizeof *pair);
	pair->network = sim_create(seed, weather);
	pair->a.agent = ice_agent_create(a != NULL ? a : &controlling);
	pair->b.agent = ice_agent_create(b != NULL ? b : &controlled);
	assert(pair->a.agent != NULL && pair->b.agent != NULL);
	pair->a.endpoint = sim_add(pair->network, &sim_ice_driver, pair->a.agent);
	pair->b.endpoint = sim_add(pair->network, &sim_ice_driver, pair->b.agent);
}

void sim_ice_close(sim_ice_pair *pair)
{
	ice_agent_free(pair->a.agent);
	ice_agent_free(pair->b.agent);
	sim_free(pair->network);
}

void sim_ice_address(sim_ice_pair *pair, sim_ice_side *side, net_address address,
					 const net_address *seen)
{
	int socket = side->count;

	sim_bind(pair->network, side->endpoint, socket, seen != NULL ? seen : &address);
	side->candidates[side->count] = ice_agent_add_local(side->agent, socket, &address);
	assert(side->candidates[side->count] != NULL);
	side->count++;
}

void sim_ice_addresses(sim_ice_pair *pair)
{
	sim_ice_address(pair, &pair->a, sim_ipv4(10, 0, 0, 1, 5000), NULL);
	sim_ice_address(pair, &pair->b, sim_ipv4(10, 0, 0, 2, 5000), NULL);
}

void sim_ice_signal(sim_ice_pair *pair, const sim_ice_side *from, sim_ice_side *to, bool candidates)
{
	uint64_t now = sim_now(pair->network);
	int set = ice_agent_set_remote(to->agent, ice_agent_local_ufrag(from->agent),
								   ice_agent_local_pwd(from->agent), false, now);

	assert(set == 0);
	(void)set;
	for (int i = 0; candidates && i < from->count; i++)
		ice_agent_add_remote(to->agent, from->candidates[i], now);
}

static void take_events(const sim_ice_pair *pair, sim_ice_side *side)
{
	ice_event event;

	while (ice_agent_poll_event(side->agent, &event)) {
		side->state = event.state;
		side->states |= 1u << event.state;
		side->selections += event.type == ICE_EVENT_SELECTED;
		if (event.state == ICE_CONNECTED && side->connected_at == 0)
			side->connected_at = sim_now(pair->network);
	}
}

bool sim_ice_connected(void *context)
{
	sim_ice_pair *pair = context;

	take_events(pair, &pair->a);
	take_events(pair, &pair->b);
	return pair->a.state == ICE_CONNECTED && pair->b.state == ICE_CONNECTED;
}

bool sim_ice_never(void *context)
{
	sim_ice_connected(context);
	return false;
}

bool sim_ice_connect(sim_ice_pair *pair, uint64_t most)
{
	sim_ice_signal(pair, &pair->a, &pair->b, true);
	sim_ice_signal(pair, &pair->b, &pair->a, true);
	return sim_run(pair->network, sim_now(pair->network) + most, sim_ice_connected, pair);
}

void sim_ice_run(sim_ice_pair *pair, uint64_t microseconds)
{
	sim_run(pair->network, sim_now(pair->network) + microseconds, sim_ice_never, pair);
}

static bool leads_to(const sim_ice_side *from, const sim_ice_side *to)
{
	int socket, back;
	net_address there, here;

	if (!ice_agent_path(from->agent, &socket, &there) || !ice_agent_path(to->agent, &back, &here))
		return false;
	return net_address_equal(&to->candidates[back]->address, &there);
}

bool sim_ice_paths_meet(const sim_ice_pair *pair)
{
	return leads_to(&pair->a, &pair->b) && leads_to(&pair->b, &pair->a);
}
