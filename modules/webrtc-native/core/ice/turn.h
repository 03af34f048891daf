/*
 * A TURN client (RFC 8656): one allocation on one server, sans-IO. The owner brings messages to and
 * from the server over UDP, TCP or TLS; over the latter two `framing` cuts them.
 *
 *   ALLOCATING  success: READY. 401: again, with credentials. 440: again, for IPv6
 *   READY       refreshed before it ends. turn_close(): CLOSED, with a lifetime of 0
 *   FAILED      by any other error, and without an answer
 *
 * In all of them 438 asks again, with the new nonce.
 *
 * A peer gets a permission with the first datagram that goes to it, right before it, and a channel
 * with the first that is not STUN; until the channel is there datagrams go as Send indications.
 */
#ifndef LKXS_TURN_H
#define LKXS_TURN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../net.h"

#define TURN_USERNAME_MAX 256 /* bytes; longer ones are refused */
#define TURN_PASSWORD_MAX 256
#define TURN_PEERS 8
/** The largest message to or from a server: a datagram in an indication. */
#define TURN_MESSAGE_MAX (NET_DATAGRAM_MAX + 64)

typedef enum { TURN_ALLOCATING, TURN_READY, TURN_FAILED, TURN_CLOSED } turn_state;

typedef struct {
	const char *username, *password; /* copied */
	bool reliable;                   /* over TCP or TLS: nothing is to be sent again */
} turn_config;

typedef struct {
	uint32_t requests, retransmissions, stale_nonces;
	/* Every message that is refused is in one of these: */
	uint32_t dropped_malformed, dropped_integrity, dropped_unknown_transaction;
	uint32_t dropped_channel; /* ChannelData of a channel that is not ours */
	uint32_t dropped_peer; /* to somebody for whom there is no place, or whom the server forbids */
} turn_stats;

typedef struct turn_client turn_client;

/** NULL: no memory, no entropy, or credentials that are too long. */
turn_client *turn_create(const turn_config *config, uint64_t now);
void turn_free(turn_client *client);

turn_state turn_get_state(const turn_client *client);
/** Once READY: where peers see us, and where the server does. */
void turn_addresses(const turn_client *client, net_address *relayed, net_address *mapped);
/** Why it FAILED, in one line; "" before. */
const char *turn_error(const turn_client *client);
/**
 * True when it FAILED because the server named another one (error 300), which is to be asked the
 * same, over the same transport (RFC 8489 section 10). Not one of those that were `asked` already,
 * the newest last, of which it must have the family; nor this machine, unless that was asked.
 */
bool turn_alternate(const turn_client *client, const net_address *asked, size_t count,
					net_address *out);

/**
 * A message from the server. True when it brings a datagram of a peer: `from`, and bytes inside
 * those given.
 */
bool turn_input(turn_client *client, uint8_t *bytes, size_t length, net_address *from,
				uint8_t **data, size_t *data_length, uint64_t now);
/**
 * A datagram is to go to `to`: asks for the permission and the channel that it wants. turn_poll()
 * is to be drained before it is wrapped, so that the permission goes first.
 */
void turn_reach(turn_client *client, const net_address *to, const uint8_t *bytes, size_t length,
				uint64_t now);
/** Writes what to send to the server for that datagram: its length, or 0 when it is dropped
 * (counted). */
size_t turn_wrap(turn_client *client, const net_address *to, const uint8_t *bytes, size_t length,
				 uint8_t out[TURN_MESSAGE_MAX]);
/** Writes the next message for the server: its length, or 0 when there is none. */
size_t turn_poll(turn_client *client, uint8_t out[TURN_MESSAGE_MAX]);
uint64_t turn_timeout(const turn_client *client);
void turn_handle_timeout(turn_client *client, uint64_t now);
/** Gives the allocation back: drain turn_poll(), then free. */
void turn_close(turn_client *client);
void turn_get_stats(const turn_client *client, turn_stats *out);

#endif
