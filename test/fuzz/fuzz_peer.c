/* Fuzzes a connected peer: what a server may send, that has the keys, and what anybody may. */
#include <string.h>

#include "audio/engine.h"
#include "bytes.h"
#include "pair.h"

/* RTP, RTCP, DATA: sealed by the other peer. RAW: as it is, from the other's address; STRAY: not.
 */
enum { RTP, RTCP, DATA, RAW, STRAY, SPEAK, TIME, STREAMS, CLOSE, KINDS };

static uint32_t media_allocations(void)
{
	return port_memory_of(PORT_SRTP).allocations + port_memory_of(PORT_RTP).allocations +
		   port_memory_of(PORT_AUDIO).allocations + port_memory_of(PORT_PEER).allocations;
}

/* Everything that came, by what became of it. */
static uint32_t accounted(const pair *self)
{
	peer_stats stats;

	peer_get_stats(self->ours, &stats);
	return stats.rtp_in + stats.rtcp_in + stats.dropped_unknown_kind + stats.dropped_before_keys +
		   stats.dropped_unknown_stream + stats.dropped_malformed + stats.dropped_path +
		   stats.srtp_in.malformed + stats.srtp_in.authentication + stats.srtp_in.replayed;
}

static void input_media(pair *self, const net_address *from, uint8_t *bytes, size_t length)
{
	uint32_t before = accounted(self), allocations = media_allocations();

	peer_input(self->ours, 0, from, bytes, length, self->now);
	REQUIRE(accounted(self) != before);
	REQUIRE(media_allocations() == allocations);
}

static void input_sealed(pair *self, bool rtcp, const uint8_t *plain, size_t length)
{
	size_t room = length + SRTCP_OVERHEAD;

	if (length == 0 || plain[0] >> 6 != 2 || room > NET_DATAGRAM_MAX || !self->other->srtp_out)
		return;
	uint8_t *bytes = malloc(room);
	REQUIRE(bytes != NULL);
	memcpy(bytes, plain, length);
	srtp_result result = rtcp ? srtcp_seal(self->other->srtp_out, bytes, &length, room)
							  : srtp_seal(self->other->srtp_out, bytes, &length, room);
	if (result == SRTP_OK)
		input_media(self, &pair_address[1], bytes, length);
	free(bytes);
}

static void speak(pair *self, const uint8_t *bytes, size_t length)
{
	static const uint8_t some[40] = {0};
	audio_uplink_head head = {.level = 30, .voice = true};

	if (length >= 4)
		head.timestamp = bytes_read32(bytes);
	ring_write(self->source, &head, sizeof head, some, sizeof some);
	peer_pump(self->ours, self->now);
}

/* What TypeScript does meanwhile: streams come and go. */
static void change_streams(pair *self, const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length && i < 8; i++) {
		peer_receiver_config config = {.mid = {(char)bytes[i]},
									   .payload_type = PAIR_PAYLOAD_TYPE,
									   .extensions = pair_extensions,
									   .sink = self->sink};

		if (bytes[i] < 0x10)
			peer_remove_receiver(self->ours, bytes[i]);
		else
			peer_add_receiver(self->ours, &config);
	}
}

static void hear(pair *self)
{
	audio_downlink_head head;
	uint8_t payload[NET_DATAGRAM_MAX];
	size_t length;

	while (ring_read(self->sink, &head, sizeof head, payload, sizeof payload, &length))
		REQUIRE(length > 0);
}

static void drain(pair *self)
{
	peer_event event;

	pair_carry(self, self->ours, self->other);
	pair_carry(self, self->other, self->ours);
	while (peer_poll_event(self->ours, &event))
		REQUIRE(event.type <= PEER_EVENT_BYE);
	while (peer_poll_event(self->other, &event))
		;
}

static void step(void *context, uint8_t kind, uint8_t *bytes, size_t length)
{
	static const net_address stranger = {4, {10, 0, 0, 3}, 5000};
	pair *self = context;
	bool media = length > 0 && bytes[0] >> 6 == 2;

	switch (kind % KINDS) {
	case RTP:
	case RTCP:
		input_sealed(self, kind % KINDS == RTCP, bytes, length);
		break;
	case DATA:
		if (self->other->dtls)
			dtls_send(self->other->dtls, bytes, length, self->now);
		break;
	case RAW:
	case STRAY:
		if (media)
			input_media(self, kind % KINDS == RAW ? &pair_address[1] : &stranger, bytes, length);
		else
			peer_input(self->ours, 0, kind % KINDS == RAW ? &pair_address[1] : &stranger, bytes,
					   length, self->now);
		break;
	case SPEAK:
		speak(self, bytes, length);
		break;
	case TIME:
		hear(self);
		pair_turn(self, length > 0 ? bytes[0] * UINT64_C(10000) : 0);
		break;
	case STREAMS:
		change_streams(self, bytes, length);
		break;
	case CLOSE:
		if (length > 0 && bytes[0] & 1)
			peer_close(self->ours, self->now);
		else
			peer_close(self->other, self->now);
		break;
	}
	drain(self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	pair self;

	pair_open(&self);
	fuzz_steps(data, size, step, &self);
	pair_close(&self);
	return 0;
}
