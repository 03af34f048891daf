/* Two DTLS transports over a simulated network and clock: loss, delay and reordering by a seed. */
#ifndef LKXS_TEST_DTLS_LINK_H
#define LKXS_TEST_DTLS_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dtls/dtls.h"
#include "net.h"

#define LINK_FLIGHT 256

typedef struct {
	uint64_t at;
	size_t length;
	uint8_t bytes[2048];
} link_datagram;

typedef struct link_end {
	struct link *link;
	struct link_end *peer;
	dtls_transport *dtls;
	crypto_identity identity;
	uint8_t fingerprint[32];
	link_datagram flight[LINK_FLIGHT]; /* towards this end */
	size_t in_flight;
	size_t largest; /* datagram sent by this end */
	uint8_t room[NET_DATAGRAM_MAX];
	uint8_t received[4096];
	size_t received_length, messages;
	/* Changes or drops what this end sends: false drops it. */
	bool (*tamper)(struct link_end *end, uint8_t *bytes, size_t *length);
	unsigned sent;
} link_end;

typedef struct link {
	uint64_t now;
	uint32_t random;
	unsigned loss;  /* percent */
	uint32_t delay; /* microseconds, of each direction, plus up to as much again */
	link_end server, client;
} link;

static uint32_t link_random(link *net)
{
	net->random ^= net->random << 13;
	net->random ^= net->random >> 17;
	net->random ^= net->random << 5;
	return net->random;
}

static void link_send(void *context, const uint8_t *datagram, size_t length)
{
	link_end *end = context;
	link *net = end->link;
	uint8_t bytes[2048];
	memcpy(bytes, datagram, length);
	if (length > end->largest)
		end->largest = length;
	end->sent++;
	if (end->tamper && !end->tamper(end, bytes, &length))
		return;
	link_end *to = end->peer;
	if (link_random(net) % 100 < net->loss || to->in_flight == LINK_FLIGHT)
		return;
	link_datagram *slot = &to->flight[to->in_flight++];
	slot->at = net->now + net->delay + (net->delay ? link_random(net) % net->delay : 0);
	slot->length = length;
	memcpy(slot->bytes, bytes, length);
}

static void link_receive(void *context, const uint8_t *bytes, size_t length)
{
	link_end *end = context;
	end->messages++;
	if (length <= sizeof end->received) {
		memcpy(end->received, bytes, length);
		end->received_length = length;
	}
}

static bool link_create_end(link_end *end, bool server, const uint8_t peer_fingerprint[32])
{
	dtls_config config = {
		.server = server,
		.identity = &end->identity,
		.send = link_send,
		.room = end->room,
		.receive = link_receive,
		.context = end,
	};
	memcpy(config.peer_fingerprint, peer_fingerprint, 32);
	end->dtls = dtls_create(&config, end->link->now);
	return end->dtls != NULL;
}

/* Identities are made once per process: they are slow. */
static link *link_create(uint32_t seed)
{
	static crypto_identity identities[2];
	if (identities[0].length == 0 && (crypto_identity_generate(&identities[0]) != 0 ||
									  crypto_identity_generate(&identities[1]) != 0))
		return NULL;
	link *net = calloc(1, sizeof *net);
	net->now = 1000000;
	net->random = seed * 2654435761u + 1;
	net->delay = 10000;
	net->server.link = net->client.link = net;
	net->server.peer = &net->client;
	net->client.peer = &net->server;
	net->server.identity = identities[0];
	net->client.identity = identities[1];
	crypto_identity_fingerprint(&identities[0], net->server.fingerprint);
	crypto_identity_fingerprint(&identities[1], net->client.fingerprint);
	if (!link_create_end(&net->server, true, net->client.fingerprint) ||
		!link_create_end(&net->client, false, net->server.fingerprint))
		return NULL;
	return net;
}

static void link_free(link *net)
{
	dtls_free(net->server.dtls);
	dtls_free(net->client.dtls);
	free(net);
}

static uint64_t link_next(const link_end *end)
{
	uint64_t next = dtls_timeout(end->dtls);
	for (size_t i = 0; i < end->in_flight; i++)
		if (end->flight[i].at < next)
			next = end->flight[i].at;
	return next;
}

static void link_deliver(link_end *end)
{
	for (size_t i = 0; i < end->in_flight; i++) {
		if (end->flight[i].at > end->link->now)
			continue;
		link_datagram datagram = end->flight[i];
		memmove(&end->flight[i], &end->flight[i + 1],
				(end->in_flight - i - 1) * sizeof *end->flight);
		end->in_flight--;
		i--;
		dtls_input(end->dtls, datagram.bytes, datagram.length, end->link->now);
	}
	if (dtls_timeout(end->dtls) <= end->link->now)
		dtls_handle_timeout(end->dtls, end->link->now);
}

/* Runs until both ends are in `state`, nothing is left to do, or `duration` (us) is over. */
static bool link_run(link *net, dtls_state state, uint64_t duration)
{
	uint64_t end = net->now + duration;
	for (;;) {
		if (dtls_get_state(net->server.dtls) == state && dtls_get_state(net->client.dtls) == state)
			return true;
		uint64_t server = link_next(&net->server), client = link_next(&net->client);
		uint64_t next = server < client ? server : client;
		if (next > end) {
			net->now = end;
			return false;
		}
		if (next > net->now)
			net->now = next;
		link_deliver(&net->server);
		link_deliver(&net->client);
	}
}

/* Both started, and run until connected. */
static bool link_connect(link *net)
{
	dtls_start(net->server.dtls, net->now);
	dtls_start(net->client.dtls, net->now);
	return link_run(net, DTLS_CONNECTED, 30000000);
}

#endif
