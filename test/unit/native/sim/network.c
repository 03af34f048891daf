#include "network.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS 8
#define BINDINGS 64
#define FLIGHT 4096

typedef struct {
	const sim_driver *driver;
	void *object;
} sim_endpoint;

typedef struct {
	int endpoint, socket;
	net_address address;
} binding;

typedef struct {
	uint64_t at, order; /* equal times keep the order of sending */
	net_address from, to;
	uint8_t *bytes;
	size_t length;
} datagram;

struct sim_network {
	uint64_t now, random, order;
	sim_weather weather;
	sim_endpoint endpoints[ENDPOINTS];
	binding bindings[BINDINGS];
	datagram flight[FLIGHT];
	int endpoints_count, bindings_count, flight_count;
	bool (*pass)(void *context, const net_address *from, const net_address *to,
				 const uint8_t *bytes, size_t length);
	void *pass_context;
	sim_counts counts;
};

sim_network *sim_create(uint64_t seed, sim_weather weather)
{
	sim_network *network = calloc(1, sizeof *network);

	assert(network != NULL);
	network->now = SIM_START;
	network->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	network->weather = weather;
	return network;
}

void sim_free(sim_network *network)
{
	for (int i = 0; i < network->flight_count; i++)
		free(network->flight[i].bytes);
	free(network);
}

uint32_t sim_random(sim_network *network, uint32_t below)
{
	/* xorshift64* */
	network->random ^= network->random >> 12;
	network->random ^= network->random << 25;
	network->random ^= network->random >> 27;
	return below == 0 ? 0
					  : (uint32_t)((network->random * UINT64_C(0x2545f4914f6cdd1d) >> 32) % below);
}

int sim_add(sim_network *network, const sim_driver *driver, void *object)
{
	assert(network->endpoints_count < ENDPOINTS);
	network->endpoints[network->endpoints_count] = (sim_endpoint){driver, object};
	return network->endpoints_count++;
}

void sim_bind(sim_network *network, int endpoint, int socket, const net_address *address)
{
	assert(network->bindings_count < BINDINGS);
	network->bindings[network->bindings_count++] = (binding){endpoint, socket, *address};
}

void sim_set_weather(sim_network *network, sim_weather weather)
{
	network->weather = weather;
}

void sim_set_filter(sim_network *network,
					bool (*pass)(void *context, const net_address *from, const net_address *to,
								 const uint8_t *bytes, size_t length),
					void *context)
{
	network->pass = pass;
	network->pass_context = context;
}

static void fly(sim_network *network, const net_address *from, const net_address *to,
				const uint8_t *bytes, size_t length)
{
	assert(network->flight_count < FLIGHT);

	datagram *one = &network->flight[network->flight_count++];

	/* A block of its own length, so that a sanitizer sees a read behind the end. */
	*one = (datagram){
		.from = *from, .to = *to, .bytes = malloc(length + (length == 0)), .length = length};
	assert(one->bytes != NULL);
	memcpy(one->bytes, bytes, length);
	one->order = network->order++;
	one->at =
		network->now + network->weather.delay + sim_random(network, network->weather.jitter + 1);
}

void sim_send(sim_network *network, const net_address *from, const net_address *to,
			  const uint8_t *bytes, size_t length)
{
	network->counts.sent++;
	if (network->pass != NULL && !network->pass(network->pass_context, from, to, bytes, length)) {
		network->counts.filtered++;
		return;
	}
	if (sim_random(network, 1000) < network->weather.loss) {
		network->counts.lost++;
		return;
	}
	fly(network, from, to, bytes, length);
	if (sim_random(network, 1000) < network->weather.duplicate)
		fly(network, from, to, bytes, length);
}

/* Takes what the endpoints have to send. */
static void collect(sim_network *network)
{
	for (int i = 0; i < network->endpoints_count; i++) {
		ice_datagram out;

		while (network->endpoints[i].driver->poll_datagram(network->endpoints[i].object, &out)) {
			const net_address *from = NULL;

			for (int j = 0; j < network->bindings_count; j++)
				if (network->bindings[j].endpoint == i && network->bindings[j].socket == out.socket)
					from = &network->bindings[j].address;
			if (from == NULL || from->family != out.to.family)
				network->counts.unroutable++;
			else
				sim_send(network, from, &out.to, out.bytes, out.length);
		}
	}
}

static int next_datagram(const sim_network *network)
{
	int next = -1;

	for (int i = 0; i < network->flight_count; i++) {
		const datagram *one = &network->flight[i];

		if (next < 0 || one->at < network->flight[next].at ||
			(one->at == network->flight[next].at && one->order < network->flight[next].order))
			next = i;
	}
	return next;
}

static void deliver(sim_network *network, int index)
{
	datagram one = network->flight[index];

	network->flight[index] = network->flight[--network->flight_count];
	network->now = one.at > network->now ? one.at : network->now;
	for (int i = 0; i < network->bindings_count; i++) {
		const binding *to = &network->bindings[i];

		if (!net_address_equal(&to->address, &one.to))
			continue;
		network->counts.delivered++;
		network->endpoints[to->endpoint].driver->input(network->endpoints[to->endpoint].object,
													   to->socket, &one.from, one.bytes, one.length,
													   network->now);
		free(one.bytes);
		return;
	}
	network->counts.unroutable++;
	free(one.bytes);
}

bool sim_run(sim_network *network, uint64_t until, bool (*done)(void *context), void *context)
{
	uint64_t last = 0;
	int still = 0;

	for (;;) {
		collect(network);
		if (done != NULL && done(context))
			return true;

		uint64_t at = UINT64_MAX;
		int who = -1, next = next_datagram(network);

		for (int i = 0; i < network->endpoints_count; i++) {
			uint64_t timeout = network->endpoints[i].driver->timeout(network->endpoints[i].object);

			if (timeout < at) {
				at = timeout;
				who = i;
			}
		}
		if (next >= 0 && network->flight[next].at <= at) {
			at = network->flight[next].at;
			who = -1;
		}
		if (at > until) {
			network->now = until;
			return false;
		}
		/* An object that asks for the same time again and again would hang a real thread. */
		still = at <= last ? still + 1 : 0;
		last = at;
		assert(still < 10000);

		if (who < 0) {
			deliver(network, next);
		} else {
			network->now = at > network->now ? at : network->now;
			network->endpoints[who].driver->handle_timeout(network->endpoints[who].object,
														   network->now);
		}
	}
}

uint64_t sim_now(const sim_network *network)
{
	return network->now;
}

sim_counts sim_count(const sim_network *network)
{
	return network->counts;
}

static void agent_input(void *object, int socket, const net_address *from, uint8_t *bytes,
						size_t length, uint64_t now)
{
	ice_agent_input(object, socket, from, bytes, length, now);
}

static uint64_t agent_timeout(const void *object)
{
	return ice_agent_timeout(object);
}

static void agent_handle_timeout(void *object, uint64_t now)
{
	ice_agent_handle_timeout(object, now);
}

static bool agent_poll_datagram(void *object, ice_datagram *out)
{
	return ice_agent_poll_datagram(object, out);
}

const sim_driver sim_ice_driver = {agent_input, agent_timeout, agent_handle_timeout,
								   agent_poll_datagram};
