/* RTP both ways: which stream a packet belongs to, sealing, and sending again. */
#include <string.h>

#include "audio/engine.h"
#include "peer_private.h"

#define FIRST_SR_DELAY 200000 /* microseconds after a sender's first packet */
#define FIRST_RR_DELAY 1000000

/* ---- Transforms ---- */

static frame_transform copied(const frame_transform *transform)
{
	return transform ? *transform : (frame_transform){0};
}

void peer_transform_sender(peer *self, int index, const frame_transform *transform)
{
	if (index >= 0 && index < PEER_SENDERS && self->senders[index].used)
		self->senders[index].transform = copied(transform);
}

void peer_transform_receiver(peer *self, int index, const frame_transform *transform)
{
	if (index >= 0 && index < PEER_RECEIVERS && self->receivers[index].used)
		self->receivers[index].transform = copied(transform);
}

/* False when the frame is dropped. */
static bool transformed(peer *self, const frame_transform *transform, transform_frame *frame)
{
	if (!transform->run || (transform->run(transform->context, frame) && frame->length > 0 &&
							frame->length <= frame->room))
		return true;
	self->stats.dropped_transform++;
	return false;
}

/* ---- Senders ---- */

static bool mid_in_use(const peer *self, const char *mid)
{
	for (size_t i = 0; i < PEER_SENDERS; i++)
		if (self->senders[i].used && strcmp(self->senders[i].mid, mid) == 0)
			return true;
	for (size_t i = 0; i < PEER_RECEIVERS; i++)
		if (self->receivers[i].used && strcmp(self->receivers[i].mid, mid) == 0)
			return true;
	return false;
}

int peer_add_sender(peer *self, const peer_sender_config *config)
{
	uint8_t random[6];
	int index = 0;

	while (index < PEER_SENDERS && self->senders[index].used)
		index++;
	if (index == PEER_SENDERS || mid_in_use(self, config->mid) ||
		crypto_random(random, sizeof(random)) != 0)
		return -1;
	sent_packet *history = port_alloc(sizeof(sent_packet) * PEER_HISTORY, PORT_EXTERNAL, PORT_RTP);
	if (!history)
		return -1;

	media_sender *sender = &self->senders[index];
	*sender = (media_sender){
		.used = true,
		.extensions = config->extensions,
		.source = config->source,
		.payload_type = config->payload_type,
		/* RFC 3550 section 5.1: random starts. Below 2^15 so that a wrap cannot come while a
		 * receiver may still miss the first packets (RFC 3711 section 3.3.1). */
		.sequence = (uint16_t)((random[0] << 8 | random[1]) & 0x7fff),
		.timestamp_offset = (uint32_t)random[2] << 24 | (uint32_t)random[3] << 16 |
							(uint32_t)random[4] << 8 | random[5],
		.sent = {.ssrc = config->ssrc},
		.history = history,
	};
	if (self->srtp_out)
		srtp_next_sequence(self->srtp_out, config->ssrc, &sender->sequence);
	memcpy(sender->mid, config->mid, sizeof(sender->mid) - 1);
	strncpy(sender->cname, config->cname, PEER_CNAME_MAX);
	return index;
}

void peer_remove_sender(peer *self, int index, uint64_t now)
{
	self->now = now;
	if (index < 0 || index >= PEER_SENDERS || !self->senders[index].used)
		return;
	media_sender *sender = &self->senders[index];
	peer_queue_bye(self, sender);
	port_free(sender->history);
	*sender = (media_sender){0};
}

media_sender *peer_sender_of(peer *self, uint32_t ssrc)
{
	for (size_t i = 0; i < PEER_SENDERS; i++)
		if (self->senders[i].used && self->senders[i].sent.ssrc == ssrc)
			return &self->senders[i];
	return NULL;
}

void peer_discard_media(peer *self)
{
	for (size_t i = 0; i < PEER_SENDERS; i++) {
		audio_uplink_head head;
		uint8_t bytes[AUDIO_PACKET_MAX];
		size_t length;

		if (!self->senders[i].used)
			continue;
		while (
			ring_read(self->senders[i].source, &head, sizeof(head), bytes, sizeof(bytes), &length))
			self->stats.dropped_unsendable++;
	}
}

static void remember(media_sender *sender, uint16_t sequence, const uint8_t *bytes, size_t length)
{
	sent_packet *slot = &sender->history[sequence % PEER_HISTORY];

	slot->length = 0;
	if (length > PEER_HISTORY_BYTES)
		return;
	slot->sequence = sequence;
	slot->length = (uint16_t)length;
	memcpy(slot->bytes, bytes, length);
}

/* The oldest frame that is to be sent. */
static bool next_frame(peer *self, media_sender *sender, audio_uplink_head *head,
					   transform_frame *frame)
{
	while (ring_read(sender->source, head, sizeof(*head), frame->bytes, AUDIO_PACKET_MAX,
					 &frame->length)) {
		frame->timestamp = head->timestamp + sender->timestamp_offset;
		if (transformed(self, &sender->transform, frame))
			return true;
	}
	return false;
}

static size_t send_new(peer *self, media_sender *sender)
{
	audio_uplink_head head;
	uint8_t payload[AUDIO_PACKET_MAX + TRANSFORM_GROWTH_MAX];
	transform_frame frame = {.bytes = payload, .room = sizeof(payload), .ssrc = sender->sent.ssrc};

	if (!next_frame(self, sender, &head, &frame))
		return 0;
	rtp_packet packet = {
		.marker = head.marker,
		.payload_type = sender->payload_type,
		.sequence = sender->sequence++,
		.timestamp = frame.timestamp,
		.ssrc = frame.ssrc,
		.has_level = true,
		.voice = head.voice,
		.level = head.level,
		.mid = sender->mid,
		.mid_length = (uint8_t)strlen(sender->mid),
		.payload = payload,
		.payload_length = frame.length,
	};
	size_t length =
		rtp_write(&packet, &sender->extensions, self->scratch, NET_DATAGRAM_MAX - SRTP_TAG);
	if (length == 0 ||
		srtp_seal(self->srtp_out, self->scratch, &length, NET_DATAGRAM_MAX) != SRTP_OK) {
		self->stats.dropped_unsendable++;
		return 0;
	}
	remember(sender, packet.sequence, self->scratch, length);

	sender->sent.packets++;
	sender->sent.octets += (uint32_t)frame.length;
	sender->sent.last_timestamp = packet.timestamp;
	sender->sent.last_sent = self->now;
	self->stats.rtp_out++;
	self->stats.rtp_payload_out += frame.length;
	if (sender->sent.packets == 1)
		peer_rtcp_start(self, FIRST_SR_DELAY);
	if (!self->sent_media) {
		self->sent_media = true;
		peer_emit(self, (peer_event){.type = PEER_EVENT_FIRST_PACKET_OUT});
	}
	return length;
}

/* The very packet again: it was sealed once, and under a new seal its index would repeat. */
static size_t send_again(peer *self, media_sender *sender)
{
	while (sender->wanted_count > 0) {
		uint16_t sequence = sender->wanted[--sender->wanted_count];
		const sent_packet *slot = &sender->history[sequence % PEER_HISTORY];
		if (slot->length > 0 && slot->sequence == sequence) {
			memcpy(self->scratch, slot->bytes, slot->length);
			self->stats.retransmitted++;
			return slot->length;
		}
	}
	return 0;
}

size_t peer_next_rtp(peer *self)
{
	for (size_t i = 0; i < PEER_SENDERS; i++) {
		media_sender *sender = &self->senders[i];
		if (!sender->used)
			continue;
		size_t length = send_again(self, sender);
		if (length == 0)
			length = send_new(self, sender);
		if (length > 0)
			return length;
	}
	return 0;
}

void peer_ask_again(peer *self, uint32_t ssrc, uint16_t sequence)
{
	media_sender *sender = peer_sender_of(self, ssrc);

	self->stats.nacks_in++;
	if (sender && sender->wanted_count < PEER_WANTED)
		sender->wanted[sender->wanted_count++] = sequence;
}

/* ---- Receivers ---- */

int peer_add_receiver(peer *self, const peer_receiver_config *config)
{
	int index = 0;

	while (index < PEER_RECEIVERS && self->receivers[index].used)
		index++;
	if (index == PEER_RECEIVERS || mid_in_use(self, config->mid))
		return -1;
	media_receiver *receiver = &self->receivers[index];
	*receiver = (media_receiver){
		.used = true,
		.payload_type = config->payload_type,
		.sink = config->sink,
	};
	memcpy(receiver->mid, config->mid, sizeof(receiver->mid) - 1);
	rtp_receiver_init(&receiver->received, config->ssrc, AUDIO_RTP_CLOCK);
	/* RFC 8843 section 7.1.3: an id means the same in all of a bundle. */
	if (config->extensions.mid)
		self->extensions_in.mid = config->extensions.mid;
	if (config->extensions.audio_level)
		self->extensions_in.audio_level = config->extensions.audio_level;
	return index;
}

void peer_remove_receiver(peer *self, int index)
{
	if (index < 0 || index >= PEER_RECEIVERS || !self->receivers[index].used)
		return;
	if (self->srtp_in)
		srtp_forget(self->srtp_in, self->receivers[index].received.ssrc);
	self->receivers[index] = (media_receiver){0};
}

media_receiver *peer_receiver_of(peer *self, uint32_t ssrc)
{
	for (size_t i = 0; i < PEER_RECEIVERS; i++)
		if (self->receivers[i].used && self->receivers[i].received.ssrc == ssrc)
			return &self->receivers[i];
	return NULL;
}

static bool has_mid(const media_receiver *receiver, const rtp_packet *packet)
{
	return packet->mid_length > 0 && strlen(receiver->mid) == packet->mid_length &&
		   memcmp(receiver->mid, packet->mid, packet->mid_length) == 0;
}

/* For a new SSRC: the receiver its MID names, else the only one of its payload type without SSRC.
 */
static media_receiver *claim(peer *self, const rtp_packet *packet)
{
	media_receiver *sole = NULL;
	size_t candidates = 0;

	for (size_t i = 0; i < PEER_RECEIVERS; i++) {
		media_receiver *receiver = &self->receivers[i];
		if (!receiver->used || receiver->payload_type != packet->payload_type)
			continue;
		if (has_mid(receiver, packet))
			return receiver;
		if (receiver->received.ssrc == 0) {
			sole = receiver;
			candidates++;
		}
	}
	return candidates == 1 && packet->mid_length == 0 ? sole : NULL;
}

static media_receiver *receiver_for(peer *self, const rtp_packet *packet)
{
	/* 0 marks a receiver whose SSRC is not known, and so cannot be one. */
	media_receiver *receiver = packet->ssrc ? peer_receiver_of(self, packet->ssrc) : NULL;

	if (receiver || packet->ssrc == 0)
		return receiver && receiver->payload_type == packet->payload_type ? receiver : NULL;
	receiver = claim(self, packet);
	if (receiver) {
		if (receiver->received.ssrc)
			srtp_forget(self->srtp_in, receiver->received.ssrc);
		rtp_receiver_init(&receiver->received, packet->ssrc, AUDIO_RTP_CLOCK);
	}
	return receiver;
}

void peer_rtp_input(peer *self, uint8_t *bytes, size_t length)
{
	rtp_packet packet;

	if (srtp_open(self->srtp_in, bytes, &length) != SRTP_OK)
		return; /* counted there, by reason */
	ice_agent_alive(self->ice, self->now);
	if (rtp_read(&packet, bytes, length, &self->extensions_in) != 0) {
		self->stats.dropped_malformed++;
		return;
	}
	media_receiver *receiver = receiver_for(self, &packet);
	if (!receiver) {
		self->stats.dropped_unknown_stream++;
		return;
	}
	if (!receiver->received.started)
		peer_rtcp_start(self, FIRST_RR_DELAY);
	rtp_receiver_packet(&receiver->received, packet.sequence, packet.timestamp,
						packet.payload_length, self->now);
	self->stats.rtp_in++;
	self->stats.rtp_payload_in += packet.payload_length;
	if (!self->received_media) {
		self->received_media = true;
		peer_emit(self, (peer_event){.type = PEER_EVENT_FIRST_PACKET_IN});
	}
	/* Padding alone probes the path or keeps a muted track alive. */
	if (packet.payload_length == 0)
		return;
	transform_frame frame = {
		.bytes = bytes + (packet.payload - bytes),
		.length = packet.payload_length,
		.room = packet.payload_length,
		.ssrc = packet.ssrc,
		.timestamp = packet.timestamp,
	};
	if (!transformed(self, &receiver->transform, &frame))
		return;
	audio_downlink_head head = {
		.sequence = packet.sequence,
		.timestamp = packet.timestamp,
		.arrived = self->now,
	};
	if (!ring_write(receiver->sink, &head, sizeof(head), frame.bytes, frame.length))
		self->stats.dropped_sink_full++;
}
