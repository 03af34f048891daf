#include "turn_internal.h"

#include <stdio.h>
#include <string.h>

#include "../crypto/crypto.h"
#include "../port.h"

turn_client *turn_create(const turn_config *config, uint64_t now)
{
	size_t username = strlen(config->username), password = strlen(config->password);

	if (username > TURN_USERNAME_MAX || password > TURN_PASSWORD_MAX)
		return NULL;

	turn_client *client = port_alloc(sizeof *client, PORT_EXTERNAL, PORT_ICE);

	if (client == NULL)
		return NULL;
	client->now = now;
	client->error = "";
	client->reliable = config->reliable;
	client->refresh_at = TURN_NEVER;
	client->next_channel = TURN_CHANNEL_FIRST;
	memcpy(client->username, config->username, username + 1);
	memcpy(client->password, config->password, password + 1);
	turn_request_start(client, &client->request, STUN_ALLOCATE);
	if (!client->request.due) {
		turn_free(client);
		return NULL;
	}
	return client;
}

void turn_free(turn_client *client)
{
	if (client == NULL)
		return;
	crypto_wipe(client, sizeof *client);
	port_free(client);
}

turn_state turn_get_state(const turn_client *client)
{
	return client->state;
}

void turn_addresses(const turn_client *client, net_address *relayed, net_address *mapped)
{
	*relayed = client->relayed;
	*mapped = client->mapped;
}

const char *turn_error(const turn_client *client)
{
	return client->error;
}

bool turn_alternate(const turn_client *client, const net_address *asked, size_t count,
					net_address *out)
{
	const net_address *to = &client->alternate, *newest = &asked[count - 1];

	if (client->state != TURN_FAILED || to->family != newest->family || to->port == 0 ||
		(net_address_is_loopback(to) && !net_address_is_loopback(newest)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (net_address_equal(&asked[i], to))
			return false;
	*out = *to;
	return true;
}

void turn_get_stats(const turn_client *client, turn_stats *out)
{
	*out = client->stats;
}

/* ---- The allocation ---- */

/* Nothing is asked any more, and nobody reached. */
static void forget_all(turn_client *client)
{
	client->refresh_at = TURN_NEVER;
	client->request = (turn_request){0};
	for (int i = 0; i < TURN_PEERS; i++)
		client->peers[i] = (turn_peer){0};
}

void turn_fail(turn_client *client, uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *text;
	} texts[] = {
		{0, "no answer"},
		{300, "it names another server"},
		{401, "it does not accept the credentials"},
		{403, "forbidden"},
		{437, "the allocation is lost"},
		{440, "it has no addresses of a family we know"},
		{441, "it does not accept the credentials"},
		{442, "it does not relay UDP"},
		{486, "too many allocations for this user"},
		{508, "it has no room"},
	};

	if (client->state == TURN_CLOSED)
		return;
	client->state = TURN_FAILED;
	forget_all(client);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].code == code)
			client->error = texts[i].text;
	if (client->error[0] == '\0') {
		snprintf(client->error_text, sizeof client->error_text, "error %u", (unsigned)code);
		client->error = client->error_text;
	}
}

/* RFC 8656 section 7: a minute before the end; sooner when the server gives less than two. */
static uint64_t refresh_in(uint32_t lifetime)
{
	if (lifetime > TURN_LIFETIME_MAX)
		lifetime = TURN_LIFETIME_MAX;
	return (uint64_t)(lifetime >= 120 ? lifetime - 60 : lifetime / 2) * 1000000;
}

void turn_allocation_answered(turn_client *client, const stun_message *response)
{
	if (client->state == TURN_CLOSED)
		return;
	if (client->state == TURN_ALLOCATING) {
		if (response->relayed.family == 0 || response->lifetime == 0) {
			client->stats.dropped_malformed++;
			turn_fail(client, 0);
			return;
		}
		client->relayed = response->relayed;
		client->mapped = response->mapped;
		client->state = TURN_READY;
	}
	client->refresh_at =
		client->now + refresh_in(response->lifetime > 0 ? response->lifetime : TURN_LIFETIME);
}

void turn_close(turn_client *client)
{
	bool allocated = client->state == TURN_READY;

	client->state = TURN_CLOSED;
	forget_all(client);
	if (allocated)
		turn_request_start(client, &client->request, STUN_REFRESH);
}

/* ---- In and time ---- */

bool turn_input(turn_client *client, uint8_t *bytes, size_t length, net_address *from,
				uint8_t **data, size_t *data_length, uint64_t now)
{
	stun_message message;

	client->now = now;
	if (length > 0 && bytes[0] >> 6 == 1)
		return turn_channel_data(client, bytes, length, from, data, data_length);
	if (!stun_read(&message, bytes, length) || message.kind == STUN_REQUEST) {
		client->stats.dropped_malformed++;
		return false;
	}
	if (message.kind == STUN_INDICATION)
		return turn_data_indication(client, &message, from, data, data_length);
	turn_response(client, &message);
	return false;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t turn_timeout(const turn_client *client)
{
	uint64_t due = client->refresh_at;

	if (client->request.method != 0)
		due = sooner(due, client->request.next_at);
	for (int i = 0; i < TURN_PEERS; i++) {
		const turn_peer *peer = &client->peers[i];

		if (peer->address.family == 0)
			continue;
		due = sooner(due, peer->request.method != 0 ? peer->request.next_at : peer->renew_at);
	}
	return due;
}

void turn_handle_timeout(turn_client *client, uint64_t now)
{
	client->now = now;
	if (turn_request_timeout(client, &client->request)) {
		turn_fail(client, 0);
		client->request = (turn_request){0}; /* of a close that was not heard, too */
		return;
	}
	if (now >= client->refresh_at && client->request.method == 0) {
		client->refresh_at = TURN_NEVER;
		turn_request_start(client, &client->request, STUN_REFRESH);
	}
	for (int i = 0; i < TURN_PEERS; i++)
		if (client->peers[i].address.family != 0)
			turn_peer_timeout(client, &client->peers[i]);
}
