#include "sctp_pair.h"

#include <assert.h>
#include <string.h>

#include "port.h"

const sctp_config sctp_pair_config = {
	.send_buffer = 200000, .receive_buffer = 200000, .max_message = SCTP_MESSAGE_MAX};

void sctp_end_drain(sctp_end *end, uint64_t now)
{
	sctp_event event;

	while (!end->undrained && association_poll_event(end->association, &event)) {
		end->established |= event.type == SCTP_EVENT_ESTABLISHED;
		if (event.type == SCTP_EVENT_CLOSED) {
			end->closed = true;
			end->reason = event.reason;
		}
		if (end->on_event != NULL)
			end->on_event(end, &event, now);
		else
			port_free(event.bytes);
	}
}

static void on_input(void *object, int socket, const net_address *from, uint8_t *bytes,
					 size_t length, uint64_t now)
{
	sctp_end *end = object;

	(void)socket;
	(void)from;
	association_input(end->association, bytes, length, now);
	sctp_end_drain(end, now);
}

static uint64_t on_timeout(const void *object)
{
	return association_timeout(((const sctp_end *)object)->association);
}

static void on_handle_timeout(void *object, uint64_t now)
{
	sctp_end *end = object;

	association_handle_timeout(end->association, now);
	sctp_end_drain(end, now);
}

static bool on_poll_datagram(void *object, ice_datagram *out)
{
	sctp_end *end = object;
	size_t length = association_poll_datagram(end->association, end->packet, sim_now(end->network));

	if (length == 0)
		return false;
	assert(length <= SCTP_PACKET_MAX);
	end->packets++;
	end->bytes += (uint32_t)length;
	*out = (ice_datagram){.to = end->other, .bytes = end->packet, .length = length};
	return true;
}

static const sim_driver driver = {on_input, on_timeout, on_handle_timeout, on_poll_datagram};

void sctp_end_add(sctp_end *end, sim_network *network, const sctp_config *config,
				  const net_address *address, const net_address *other)
{
	end->association = association_create(config);
	assert(end->association != NULL);
	end->network = network;
	end->other = *other;
	sim_bind(network, sim_add(network, &driver, end), 0, address);
}

void sctp_pair_create(sctp_pair *pair, uint64_t seed, sim_weather weather,
					  const sctp_config *config)
{
	static const net_address addresses[] = {{4, {10, 0, 0, 1}, 5000}, {4, {10, 0, 0, 2}, 5000}};

	memset(pair, 0, sizeof *pair);
	pair->network = sim_create(seed, weather);
	for (int i = 0; i < 2; i++)
		sctp_end_add(&pair->ends[i], pair->network, config, &addresses[i], &addresses[1 - i]);
}

void sctp_pair_free(sctp_pair *pair)
{
	association_free(pair->ends[0].association);
	association_free(pair->ends[1].association);
	sim_free(pair->network);
}

static bool both_established(void *context)
{
	const sctp_pair *pair = context;

	return pair->ends[0].established && pair->ends[1].established;
}

void sctp_pair_connect(sctp_pair *pair, bool both)
{
	uint64_t now = sim_now(pair->network);

	association_connect(pair->ends[0].association, now);
	if (both)
		association_connect(pair->ends[1].association, now);
	bool connected = sim_run(pair->network, now + 60000000, both_established, pair);

	assert(connected);
	(void)connected;
}

void sctp_pair_run(sctp_pair *pair, uint64_t time)
{
	sim_run(pair->network, sim_now(pair->network) + time, NULL, NULL);
}
