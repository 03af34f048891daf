#include "turn_internal.h"

#include <string.h>

#include "../bytes.h"
#include "../crypto/crypto.h"

#define TRANSPORT_UDP 17 /* IANA's number of the protocol */
#define FAMILY_IPV6 2    /* RFC 8656 section 18.4 */

void turn_request_start(turn_client *client, turn_request *request, uint16_t method)
{
	uint8_t tries = request->method == method ? request->tries : 0;

	*request = (turn_request){.method = method, .tries = tries, .due = true, .sent = 1};
	request->next_at = client->now + (client->reliable ? TURN_PATIENCE : TURN_RTO);
	client->stats.requests++;
	if (crypto_random(request->id, STUN_ID) != 0)
		request->due = false; /* it is given up when it is not answered */
}

bool turn_request_timeout(turn_client *client, turn_request *request)
{
	uint64_t wait = TURN_RTO;

	if (request->method == 0 || client->now < request->next_at)
		return false;
	if (client->reliable || request->sent >= TURN_TRANSMISSIONS)
		return true;
	for (uint8_t i = 0; i < request->sent && wait < TURN_RTO_MAX; i++)
		wait *= 2;
	request->next_at = client->now + (wait < TURN_RTO_MAX ? wait : TURN_RTO_MAX);
	request->sent++;
	request->due = true;
	client->stats.retransmissions++;
	return false;
}

/* ---- Out ---- */

static size_t build(const turn_client *client, const turn_request *request, const turn_peer *peer,
					uint8_t out[TURN_MESSAGE_MAX])
{
	stun_writer writer;

	stun_begin(&writer, out, TURN_MESSAGE_MAX, STUN_REQUEST, request->method, request->id);
	if (request->method == STUN_ALLOCATE)
		stun_put_u32(&writer, STUN_REQUESTED_TRANSPORT, (uint32_t)TRANSPORT_UDP << 24);
	if (request->method == STUN_ALLOCATE && client->six)
		stun_put_u32(&writer, STUN_REQUESTED_ADDRESS_FAMILY, (uint32_t)FAMILY_IPV6 << 24);
	if (request->method == STUN_ALLOCATE || request->method == STUN_REFRESH)
		stun_put_u32(&writer, STUN_LIFETIME, client->state == TURN_CLOSED ? 0 : TURN_LIFETIME);
	if (request->method == STUN_CHANNEL_BIND && peer != NULL)
		stun_put_u32(&writer, STUN_CHANNEL_NUMBER, (uint32_t)peer->channel << 16);
	if (peer != NULL)
		stun_put_xor_address(&writer, STUN_XOR_PEER_ADDRESS, &peer->address);
	if (!client->authenticated)
		return stun_end(&writer, NULL, 0);
	stun_put_bytes(&writer, STUN_USERNAME, client->username, strlen(client->username));
	stun_put_bytes(&writer, STUN_REALM, client->realm, client->realm_length);
	stun_put_bytes(&writer, STUN_NONCE, client->nonce, client->nonce_length);
	return stun_end(&writer, client->key, sizeof client->key);
}

size_t turn_poll(turn_client *client, uint8_t out[TURN_MESSAGE_MAX])
{
	turn_request *request = &client->request;
	const turn_peer *peer = NULL;

	for (int i = 0; !request->due && i < TURN_PEERS; i++) {
		peer = &client->peers[i];
		request = &client->peers[i].request;
	}
	if (!request->due)
		return 0;
	request->due = false;
	return build(client, request, peer, out);
}

/* ---- In ---- */

/* The realm and nonce of a 401 or 438. False when they are none. */
static bool take_challenge(turn_client *client, const stun_message *response)
{
	if (response->nonce.bytes == NULL || response->nonce.length > TURN_NONCE_MAX)
		return false;
	memcpy(client->nonce, response->nonce.bytes, response->nonce.length);
	client->nonce_length = response->nonce.length;
	if (client->authenticated)
		return true; /* the realm stays: a key for another one would be somebody else's */
	if (response->realm.bytes == NULL || response->realm.length > TURN_REALM_MAX)
		return false;
	memcpy(client->realm, response->realm.bytes, response->realm.length);
	client->realm_length = response->realm.length;

	/* RFC 8489 section 9.2.2. */
	static const uint8_t colon = ':';
	const uint8_t *const parts[] = {(const uint8_t *)client->username, &colon, client->realm,
									&colon, (const uint8_t *)client->password};
	const size_t lengths[] = {strlen(client->username), 1, client->realm_length, 1,
							  strlen(client->password)};

	md5(parts, lengths, 5, client->key);
	crypto_wipe(client->password, sizeof client->password);
	client->authenticated = true;
	return true;
}

/* True when the request is asked once more, with what the server wants to see. */
static bool ask_again(turn_client *client, turn_request *request, const stun_message *response)
{
	bool first = response->error_code == 401 && !client->authenticated;

	if (!first && response->error_code != 438)
		return false;
	if (request->tries >= TURN_TRIES || !take_challenge(client, response))
		return false;
	if (!first)
		client->stats.stale_nonces++;
	request->tries++;
	turn_request_start(client, request, request->method);
	return true;
}

/* Without a wish it is an IPv4 address that is given: to it all servers of media have a way, and to
 * an IPv6 address few. True when there are only such, and one is asked for. */
static bool ask_for_six(turn_client *client, turn_request *request, const stun_message *response)
{
	if (request->method != STUN_ALLOCATE || response->error_code != 440 || client->six)
		return false;
	client->six = true;
	turn_request_start(client, request, STUN_ALLOCATE);
	return true;
}

static void answered(turn_client *client, turn_request *request, turn_peer *peer,
					 const stun_message *response)
{
	uint16_t method = request->method;

	if (response->kind == STUN_ERROR &&
		(ask_again(client, request, response) || ask_for_six(client, request, response)))
		return;
	if (method == STUN_ALLOCATE && response->kind == STUN_ERROR && response->error_code == 300)
		client->alternate = response->alternate;
	*request = (turn_request){0};
	if (response->kind == STUN_ERROR && peer != NULL)
		turn_peer_refused(client, peer, method, response->error_code);
	else if (response->kind == STUN_ERROR)
		turn_fail(client, response->error_code);
	else if (peer != NULL)
		turn_peer_answered(client, peer, method);
	else
		turn_allocation_answered(client, response);
}

/* A success proves that the server knows the password. An error may come before that was settled;
 * but behind it nobody else may send us elsewhere. */
static bool is_genuine(const turn_client *client, const stun_message *response)
{
	if (!client->authenticated || (response->kind == STUN_ERROR && response->integrity_at == 0 &&
								   response->error_code != 300))
		return true;
	return stun_check_integrity(response, client->key, sizeof client->key);
}

void turn_response(turn_client *client, const stun_message *response)
{
	turn_request *request = &client->request;
	turn_peer *peer = NULL;

	for (int i = 0; i < TURN_PEERS; i++)
		if (client->peers[i].request.method != 0 &&
			crypto_equal(client->peers[i].request.id, response->id, STUN_ID)) {
			peer = &client->peers[i];
			request = &peer->request;
		}
	if (request->method == 0 || request->method != response->method ||
		!crypto_equal(request->id, response->id, STUN_ID)) {
		client->stats.dropped_unknown_transaction++;
		return;
	}
	if (!is_genuine(client, response)) {
		client->stats.dropped_integrity++;
		return;
	}
	if (response->unknown_count > 0 ||
		(response->kind == STUN_ERROR && response->error_code == 0)) {
		client->stats.dropped_malformed++;
		return;
	}
	answered(client, request, peer, response);
}
