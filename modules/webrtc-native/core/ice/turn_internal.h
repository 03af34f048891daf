/* What turn.c (the allocation), turn_request.c (requests and their answers) and turn_peers.c
 * (permissions, channels, data) share. */
#ifndef LKXS_TURN_INTERNAL_H
#define LKXS_TURN_INTERNAL_H

#include "../crypto/md5.h"
#include "stun.h"
#include "turn.h"

#define TURN_NEVER UINT64_MAX
#define TURN_REALM_MAX 256 /* bytes of what the server may send: RFC 8489 has 128 characters */
#define TURN_NONCE_MAX 256

/* Microseconds. */
#define TURN_RTO 250000u
#define TURN_RTO_MAX 1600000u
#define TURN_TRANSMISSIONS 7
#define TURN_PATIENCE 8000000u /* for an answer over TCP, where nothing is sent again */
#define TURN_RENEW 240000000u  /* of permissions, which last 300 s, and channels: 600 s */

#define TURN_LIFETIME 600 /* seconds asked for */
#define TURN_LIFETIME_MAX 3600
#define TURN_CHANNEL_FIRST 0x4000u
#define TURN_CHANNEL_LAST 0x4fffu
/* A request has at most so much around a username, a realm and a nonce. */
_Static_assert(STUN_HEADER + TURN_USERNAME_MAX + TURN_REALM_MAX + TURN_NONCE_MAX + 128 <=
				   TURN_MESSAGE_MAX,
			   "room for any request");
#define TURN_TRIES 4 /* of one request with other credentials */

/* A request that waits for its answer; method 0: none. */
typedef struct {
	uint8_t id[STUN_ID];
	uint16_t method;
	uint8_t sent, tries;
	bool due;         /* leaves with the next polls */
	uint64_t next_at; /* when to send again, or to give up */
} turn_request;

typedef struct {
	net_address address; /* family 0: a free place */
	uint16_t channel;    /* 0: none asked for */
	bool bound;          /* the server knows the channel */
	bool refused;        /* the server does not let us send there */
	bool used;           /* since the permission was renewed */
	uint64_t renew_at;
	uint64_t used_at;
	turn_request request; /* CreatePermission or ChannelBind */
} turn_peer;

struct turn_client {
	uint64_t now;
	turn_state state;
	const char *error;
	char error_text[24];
	bool reliable, authenticated;
	bool six; /* it relays no IPv4 */
	net_address relayed, mapped, alternate;
	uint64_t refresh_at;
	uint16_t next_channel;
	turn_request request; /* Allocate or Refresh */
	turn_peer peers[TURN_PEERS];
	turn_stats stats;

	uint16_t realm_length, nonce_length;
	uint8_t key[MD5_SIZE];
	char username[TURN_USERNAME_MAX + 1], password[TURN_PASSWORD_MAX + 1];
	uint8_t realm[TURN_REALM_MAX], nonce[TURN_NONCE_MAX];
};

/* turn.c */
/** There is no allocation, or no more: the server's error code, or 0 when it did not answer. */
void turn_fail(turn_client *client, uint16_t code);
void turn_allocation_answered(turn_client *client, const stun_message *response);

/* turn_request.c */
void turn_request_start(turn_client *client, turn_request *request, uint16_t method);
/** Sends it again or gives it up; true when it was given up. */
bool turn_request_timeout(turn_client *client, turn_request *request);
void turn_response(turn_client *client, const stun_message *response);

/* turn_peers.c */
void turn_peer_answered(turn_client *client, turn_peer *peer, uint16_t method);
void turn_peer_refused(turn_client *client, turn_peer *peer, uint16_t method, uint16_t code);
void turn_peer_timeout(turn_client *client, turn_peer *peer);
bool turn_channel_data(turn_client *client, uint8_t *bytes, size_t length, net_address *from,
					   uint8_t **data, size_t *data_length);
bool turn_data_indication(turn_client *client, const stun_message *message, net_address *from,
						  uint8_t **data, size_t *data_length);

#endif
