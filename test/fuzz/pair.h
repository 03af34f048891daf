/*
 * Two peers that are connected through fake_dtls.c, the same way each time: ours, with a stream
 * each way, and the other one, whose keys a target uses to seal whatever it likes.
 */
#ifndef LKXS_FUZZ_PAIR_H
#define LKXS_FUZZ_PAIR_H

#include "fuzz.h"
#include "peer.h"
#include "peer_private.h"

#define PAIR_PAYLOAD_TYPE 111
#define PAIR_SSRC 0x1000 /* of what we send */
static const rtp_extensions pair_extensions = {.audio_level = 1, .mid = 4};

typedef struct {
	peer *ours, *other;
	packet_ring *source, *sink;
	uint64_t now;
} pair;

static const net_address pair_address[2] = {{4, {10, 0, 0, 1}, 5000}, {4, {10, 0, 0, 2}, 5000}};

static inline peer *pair_open_peer(const pair *self, int number)
{
	static const crypto_identity none; /* fake_dtls.c asks for none */
	const peer_config config = {
		.controlling = number == 0,
		.identity = &none,
		.ice = {.controlling = number == 0},
	};
	peer *made = peer_create(&config, self->now);

	REQUIRE(made && ice_agent_add_local(peer_ice(made), 0, &pair_address[number]));
	return made;
}

static inline void pair_signal(const pair *self, peer *to, peer *from, int number, peer_setup setup)
{
	peer_remote remote = {
		.ufrag = ice_agent_local_ufrag(peer_ice(from)),
		.pwd = ice_agent_local_pwd(peer_ice(from)),
		.setup = setup,
	};
	const ice_candidate candidate = {ICE_HOST, pair_address[number], 2130706431, "1", ICE_UDP};

	REQUIRE(peer_set_remote(to, &remote, self->now) == 0);
	REQUIRE(ice_agent_add_remote(peer_ice(to), &candidate, self->now) == 0);
}

/* Brings what `from` sends to `to`; how many datagrams that was. */
static inline size_t pair_carry(const pair *self, peer *from, peer *to)
{
	size_t count = 0;
	ice_datagram datagram;

	for (; peer_poll_datagram(from, &datagram); count++) {
		int number = from == self->ours ? 0 : 1;
		uint8_t *bytes = fuzz_exact(datagram.bytes, datagram.length);

		if (net_address_equal(&datagram.to, &pair_address[!number]))
			peer_input(to, 0, &pair_address[number], bytes, datagram.length, self->now);
		free(bytes);
		REQUIRE(count < 300);
	}
	return count;
}

static inline void pair_turn(pair *self, uint64_t microseconds)
{
	self->now += microseconds;
	peer_handle_timeout(self->ours, self->now);
	peer_handle_timeout(self->other, self->now);
	for (int i = 0; i < 20; i++)
		if (pair_carry(self, self->ours, self->other) + pair_carry(self, self->other, self->ours) ==
			0)
			return;
	REQUIRE(!"the two come to rest");
}

static inline void pair_open(pair *self)
{
	peer_receiver_config receiver = {
		.mid = "1", .payload_type = PAIR_PAYLOAD_TYPE, .extensions = pair_extensions};
	peer_sender_config sender = {.mid = "0",
								 .ssrc = PAIR_SSRC,
								 .payload_type = PAIR_PAYLOAD_TYPE,
								 .extensions = pair_extensions,
								 .cname = "cname"};

	fuzz_entropy(0);
	self->now = 1000000;
	self->ours = pair_open_peer(self, 0);
	self->other = pair_open_peer(self, 1);
	receiver.sink = self->sink = ring_create(4096, PORT_INTERNAL, PORT_AUDIO);
	sender.source = self->source = ring_create(4096, PORT_INTERNAL, PORT_AUDIO);
	REQUIRE(self->sink && self->source);
	REQUIRE(peer_add_sender(self->ours, &sender) == 0);
	REQUIRE(peer_add_receiver(self->ours, &receiver) == 0);
	pair_signal(self, self->other, self->ours, 0, PEER_SETUP_ACTPASS);
	pair_signal(self, self->ours, self->other, 1, PEER_SETUP_ACTIVE);
	for (int i = 0; i < 100 && !(self->ours->srtp_in && self->other->srtp_out); i++)
		pair_turn(self, 20000);
	REQUIRE(self->ours->srtp_in && self->other->srtp_out);
}

static inline void pair_close(pair *self)
{
	peer_free(self->ours);
	peer_free(self->other);
	ring_free(self->source);
	ring_free(self->sink);
}

#endif
