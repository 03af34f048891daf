#include "reflexive.h"

#include <string.h>

#include "../crypto/crypto.h"

/* Microseconds. */
#define RTO 250000u
#define TRANSMISSIONS 5 /* 7.75 s in all: ICE has long given up on what is slower */

bool reflexive_start(reflexive_query *query, int socket, const net_address *server, uint64_t now)
{
	*query = (reflexive_query){.socket = socket, .due = true, .sent = 1, .next_at = now + RTO};
	if (crypto_random(query->id, STUN_ID) != 0)
		return false;
	query->server = *server;
	return true;
}

bool reflexive_input(reflexive_query *query, int socket, const net_address *from,
					 const uint8_t *bytes, size_t length, net_address *mapped)
{
	stun_message message;

	if (query->server.family == 0 || query->socket != socket ||
		!net_address_equal(&query->server, from) || !stun_read(&message, bytes, length) ||
		message.method != STUN_BINDING ||
		(message.kind != STUN_SUCCESS && message.kind != STUN_ERROR) ||
		!crypto_equal(message.id, query->id, STUN_ID))
		return false;
	*mapped = message.kind == STUN_SUCCESS ? message.mapped : (net_address){0};
	*query = (reflexive_query){0};
	return true;
}

size_t reflexive_poll(reflexive_query *query, uint8_t out[REFLEXIVE_REQUEST])
{
	stun_writer writer;

	if (query->server.family == 0 || !query->due)
		return 0;
	query->due = false;
	stun_begin(&writer, out, REFLEXIVE_REQUEST, STUN_REQUEST, STUN_BINDING, query->id);
	return stun_end(&writer, NULL, 0);
}

uint64_t reflexive_timeout(const reflexive_query *query)
{
	return query->server.family == 0 ? UINT64_MAX : query->next_at;
}

void reflexive_handle_timeout(reflexive_query *query, uint64_t now)
{
	if (query->server.family == 0 || now < query->next_at)
		return;
	if (query->sent == TRANSMISSIONS) {
		*query = (reflexive_query){0};
		return;
	}
	query->next_at = now + ((uint64_t)RTO << query->sent);
	query->sent++;
	query->due = true;
}
