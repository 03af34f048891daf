#include "turn_internal.h"

#include <string.h>

#include "../bytes.h"
#include "../crypto/crypto.h"

#define CHANNEL_HEADER 4

/* ---- Permissions and channels ---- */

static turn_peer *find(turn_client *client, const net_address *address)
{
	for (int i = 0; i < TURN_PEERS; i++)
		if (net_address_equal(&client->peers[i].address, address))
			return &client->peers[i];
	return NULL;
}

/* A free place, or that of whom nothing has been sent to for longest. */
static turn_peer *make_place(turn_client *client)
{
	turn_peer *oldest = &client->peers[0];

	for (int i = 0; i < TURN_PEERS; i++) {
		turn_peer *peer = &client->peers[i];

		if (peer->address.family == 0)
			return peer;
		if (peer->used_at < oldest->used_at)
			oldest = peer;
	}
	return oldest;
}

static turn_peer *peer_at(turn_client *client, const net_address *address)
{
	turn_peer *peer = find(client, address);

	if (peer == NULL) {
		peer = make_place(client);
		*peer = (turn_peer){.address = *address, .renew_at = TURN_NEVER};
		turn_request_start(client, &peer->request, STUN_CREATE_PERMISSION);
	}
	peer->used = true;
	peer->used_at = client->now;
	return peer;
}

static void bind_channel(turn_client *client, turn_peer *peer)
{
	if (peer->channel == 0 && client->next_channel <= TURN_CHANNEL_LAST)
		peer->channel = client->next_channel++; /* never one that was another peer's */
	if (peer->channel != 0)
		turn_request_start(client, &peer->request, STUN_CHANNEL_BIND);
}

void turn_peer_answered(turn_client *client, turn_peer *peer, uint16_t method)
{
	if (method == STUN_CHANNEL_BIND)
		peer->bound = true;
	peer->used = false;
	peer->renew_at = client->now + TURN_RENEW;
}

void turn_peer_refused(turn_client *client, turn_peer *peer, uint16_t method, uint16_t code)
{
	if (code == 437) { /* RFC 8656 section 5: the server knows no allocation of ours */
		turn_fail(client, code);
		return;
	}
	if (method == STUN_CHANNEL_BIND && !peer->bound && code != 403) {
		/* Then without. */
		peer->channel = 0;
		client->next_channel = TURN_CHANNEL_LAST + 1;
		return;
	}
	peer->refused = true;
	peer->bound = false;
	peer->renew_at = client->now + TURN_RENEW; /* then it may be tried again */
	peer->used = false;
}

void turn_peer_timeout(turn_client *client, turn_peer *peer)
{
	if (peer->request.method != 0) {
		if (turn_request_timeout(client, &peer->request))
			*peer = (turn_peer){0}; /* the next datagram asks anew */
		return;
	}
	if (client->now < peer->renew_at)
		return;
	if (!peer->used || peer->refused)
		*peer = (turn_peer){0};
	else if (peer->bound)
		bind_channel(client, peer); /* renews the permission, too */
	else
		turn_request_start(client, &peer->request, STUN_CREATE_PERMISSION);
}

/* ---- Data ---- */

void turn_reach(turn_client *client, const net_address *to, const uint8_t *bytes, size_t length,
				uint64_t now)
{
	client->now = now;
	if (client->state != TURN_READY || to->family != client->relayed.family)
		return;

	turn_peer *peer = peer_at(client, to);

	/* What is not STUN goes to the path that was chosen. */
	if (length > 0 && bytes[0] > 3 && !peer->bound && !peer->refused && peer->request.method == 0)
		bind_channel(client, peer);
}

static size_t indication(const net_address *to, const uint8_t *bytes, size_t length,
						 uint8_t out[TURN_MESSAGE_MAX])
{
	uint8_t id[STUN_ID];
	stun_writer writer;

	if (crypto_random(id, sizeof id) != 0)
		return 0;
	stun_begin(&writer, out, TURN_MESSAGE_MAX, STUN_INDICATION, STUN_SEND, id);
	stun_put_xor_address(&writer, STUN_XOR_PEER_ADDRESS, to);
	stun_put_bytes(&writer, STUN_DATA_VALUE, bytes, length);
	return writer.overflow ? 0 : writer.length;
}

size_t turn_wrap(turn_client *client, const net_address *to, const uint8_t *bytes, size_t length,
				 uint8_t out[TURN_MESSAGE_MAX])
{
	const turn_peer *peer = client->state == TURN_READY ? find(client, to) : NULL;

	if (peer == NULL || peer->refused || length > NET_DATAGRAM_MAX) {
		client->stats.dropped_peer++;
		return 0;
	}
	if (!peer->bound)
		return indication(to, bytes, length, out);
	bytes_write16(out, peer->channel);
	bytes_write16(out + 2, (uint32_t)length);
	memcpy(out + CHANNEL_HEADER, bytes, length);
	return CHANNEL_HEADER + length;
}

bool turn_channel_data(turn_client *client, uint8_t *bytes, size_t length, net_address *from,
					   uint8_t **data, size_t *data_length)
{
	size_t size = length < CHANNEL_HEADER ? 0 : bytes_read16(bytes + 2);

	if (length < CHANNEL_HEADER || size > length - CHANNEL_HEADER) {
		client->stats.dropped_malformed++;
		return false;
	}

	uint16_t channel = bytes_read16(bytes);

	for (int i = 0; i < TURN_PEERS; i++) {
		turn_peer *peer = &client->peers[i];

		if (peer->address.family == 0 || peer->channel != channel)
			continue;
		*from = peer->address;
		*data = bytes + CHANNEL_HEADER;
		*data_length = size;
		return true;
	}
	client->stats.dropped_channel++;
	return false;
}

bool turn_data_indication(turn_client *client, const stun_message *message, net_address *from,
						  uint8_t **data, size_t *data_length)
{
	if (message->method != STUN_DATA || message->peer.family == 0 || message->data.bytes == NULL ||
		client->state != TURN_READY) {
		client->stats.dropped_malformed++;
		return false;
	}
	*from = message->peer;
	/* Into the bytes that turn_input() was given, which are not constant. */
	*data = (uint8_t *)(uintptr_t)message->data.bytes;
	*data_length = message->data.length;
	return true;
}
