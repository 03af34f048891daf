/* Packets in: checked and handed to whom they concern. Packets out: made of what is pending. */
#include <string.h>

#include "internal.h"

/* How a chunk type is handled; `states` has a bit for each state it is looked at in. */
typedef struct {
	void (*handle)(sctp_association *self, const sctp_item *chunk);
	uint16_t least; /* bytes of value */
	uint16_t states;
} chunk_handler;

#define IN(state) (1u << (state))
#define OPEN                                                                                       \
	(IN(SCTP_ESTABLISHED) | IN(SCTP_SHUTDOWN_PENDING) | IN(SCTP_SHUTDOWN_SENT) |                   \
	 IN(SCTP_SHUTDOWN_RECEIVED) | IN(SCTP_SHUTDOWN_ACK_SENT))
#define RECEIVING (IN(SCTP_ESTABLISHED) | IN(SCTP_SHUTDOWN_PENDING) | IN(SCTP_SHUTDOWN_SENT))
#define CONNECTING (IN(SCTP_COOKIE_WAIT) | IN(SCTP_COOKIE_ECHOED))

static void on_data(sctp_association *self, const sctp_item *chunk)
{
	inbound_on_data(self, chunk);
	if (self->state == SCTP_SHUTDOWN_SENT) { /* section 9.2: with each SACK, SHUTDOWN again */
		self->errors = 0;
		self->sack_at_once = true;
		self->pending |= PENDING_SHUTDOWN;
		association_timer(self, TIMER_T2, self->rto);
	}
}

static void on_heartbeat(sctp_association *self, const sctp_item *chunk)
{
	uint16_t echo;

	if (chain_blocks(0, chunk->length) > CONTROL_BLOCKS / 2 ||
		(echo = chain_make(&self->send_pool, 0, chunk->value, chunk->length)) == NO_BLOCK) {
		self->stats.dropped_unexpected++;
		return;
	}
	chain_free(&self->send_pool, self->echo);
	self->echo = echo;
	self->echo_length = (uint16_t)chunk->length;
	self->pending |= PENDING_HEARTBEAT_ACK;
}

static void on_heartbeat_ack(sctp_association *self, const sctp_item *chunk)
{
	if (self->heartbeat_at == 0 ||
		memcmp(chunk->value + PARAMETER_HEADER, self->nonce, sizeof self->nonce) != 0)
		return;
	flow_round_trip(self, self->now - self->heartbeat_at);
	self->heartbeat_at = 0;
	self->errors = 0;
}

static void on_error(sctp_association *self, const sctp_item *chunk)
{
	/* Section 5.2.6: a cookie that went stale is asked for anew. */
	if (self->state != SCTP_COOKIE_ECHOED || bytes_read16(chunk->value) != CAUSE_STALE_COOKIE)
		return;
	chain_free(&self->send_pool, self->cookie);
	self->cookie = NO_BLOCK;
	self->state = SCTP_COOKIE_WAIT;
	self->pending &= ~(uint32_t)PENDING_COOKIE_ECHO;
	self->pending |= PENDING_INIT;
}

static void on_cookie_ack(sctp_association *self, const sctp_item *chunk)
{
	(void)chunk;
	handshake_on_cookie_ack(self);
}

static const chunk_handler handlers[] = {
	[CHUNK_DATA] = {on_data, DATA_HEADER - CHUNK_HEADER, RECEIVING},
	[CHUNK_INIT_ACK] = {handshake_on_init_ack, INIT_HEADER - CHUNK_HEADER, CONNECTING | OPEN},
	[CHUNK_SACK] = {flow_on_sack, SACK_HEADER - CHUNK_HEADER, OPEN},
	[CHUNK_HEARTBEAT] = {on_heartbeat, PARAMETER_HEADER, OPEN},
	[CHUNK_HEARTBEAT_ACK] = {on_heartbeat_ack, PARAMETER_HEADER + 8, OPEN},
	[CHUNK_ERROR] = {on_error, 4, OPEN | IN(SCTP_COOKIE_ECHOED)},
	[CHUNK_SHUTDOWN] = {shutdown_on_shutdown, 4, OPEN},
	[CHUNK_COOKIE_ACK] = {on_cookie_ack, 0, CONNECTING | OPEN},
};
static const chunk_handler on_reconfig = {reset_on_reconfig, PARAMETER_HEADER + 4, OPEN};
static const chunk_handler on_forward_tsn = {inbound_on_forward_tsn, 4, RECEIVING};

static const chunk_handler *handler_of(uint16_t type)
{
	if (type == CHUNK_RE_CONFIG)
		return &on_reconfig;
	if (type == CHUNK_FORWARD_TSN)
		return &on_forward_tsn;
	return type < sizeof handlers / sizeof *handlers && handlers[type].handle != NULL
			   ? &handlers[type]
			   : NULL;
}

static bool has_good_checksum(const uint8_t *bytes, size_t length)
{
	uint32_t checksum = bytes_read32(bytes + 8);

	/* We say in INIT that zero will do. Those that must not use it hurt nobody if they do. */
	return checksum == 0 || checksum == sctp_crc32c(bytes, length);
}

/* Chunks that have a rule of their own for the tag (section 8.5.1) and come first. True when the
 * chunks behind may be looked at. */
static bool on_first(sctp_association *self, const sctp_item *chunk, uint32_t tag)
{
	bool reflected = chunk->flags & TAG_REFLECTED;

	switch (chunk->type) {
	case CHUNK_INIT:
		if (tag != 0 || chunk->length < INIT_HEADER - CHUNK_HEADER)
			self->stats.dropped_malformed++;
		else
			handshake_on_init(self, chunk);
		return false;
	case CHUNK_COOKIE_ECHO:
		if (self->over)
			association_refuse(self, tag, true);
		return !self->over && handshake_on_cookie_echo(self, chunk, tag);
	case CHUNK_ABORT:
	case CHUNK_SHUTDOWN_COMPLETE:
		if (tag != (reflected ? self->remote_tag : self->local_tag) || tag == 0)
			self->stats.dropped_tag++;
		else if (chunk->type == CHUNK_SHUTDOWN_COMPLETE)
			shutdown_on_complete(self);
		else if (self->state != SCTP_CLOSED)
			association_end(self, "the peer aborted the association");
		return false;
	case CHUNK_SHUTDOWN_ACK:
		if (self->state >= SCTP_ESTABLISHED && tag != self->local_tag)
			self->stats.dropped_tag++;
		else
			shutdown_on_ack(self, tag);
		return false;
	default:
		if (self->over && chunk->type != CHUNK_COOKIE_ACK && chunk->type != CHUNK_ERROR)
			association_refuse(self, tag, true); /* section 8.4: our ABORT was lost */
		if (self->state == SCTP_CLOSED)
			self->stats.dropped_unexpected++;
		else if (tag != self->local_tag)
			self->stats.dropped_tag++;
		return self->state != SCTP_CLOSED && tag == self->local_tag;
	}
}

static bool on_chunk(sctp_association *self, const sctp_item *chunk, uint32_t tag)
{
	const chunk_handler *handler = handler_of(chunk->type);

	if (handler != NULL) {
		if (!(handler->states & IN(self->state)))
			self->stats.dropped_unexpected++;
		else if (chunk->length < handler->least)
			self->stats.dropped_malformed++;
		else
			handler->handle(self, chunk);
		return !self->over;
	}
	switch (chunk->type) {
	case CHUNK_COOKIE_ECHO: /* never behind others */
		self->stats.dropped_unexpected++;
		return false;
	case CHUNK_ABORT:
	case CHUNK_SHUTDOWN_ACK:
		return on_first(self, chunk, tag);
	default:
		break;
	}
	if (chunk->type & CHUNK_UNKNOWN_REPORT)
		association_report(self, CAUSE_UNRECOGNIZED_CHUNK, chunk->value - CHUNK_HEADER,
						   CHUNK_HEADER + chunk->length);
	return chunk->type & CHUNK_UNKNOWN_SKIP;
}

/* Section 6.10. */
static bool is_to_be_alone(const sctp_item *chunk)
{
	return chunk->type == CHUNK_INIT || chunk->type == CHUNK_INIT_ACK ||
		   chunk->type == CHUNK_SHUTDOWN_COMPLETE;
}

void association_input(sctp_association *self, const uint8_t *bytes, size_t length, uint64_t now)
{
	self->now = now;
	self->burst = 0;
	self->stats.packets_in++;
	if (length < PACKET_HEADER + CHUNK_HEADER || bytes_read16(bytes) != self->remote_port ||
		bytes_read16(bytes + 2) != self->local_port) {
		self->stats.dropped_malformed++;
		return;
	}
	if (!has_good_checksum(bytes, length)) {
		self->stats.dropped_checksum++;
		return;
	}
	if (!self->over && !association_take_buffers(self))
		return;
	uint32_t tag = bytes_read32(bytes + 4);
	sctp_items items = {bytes + PACKET_HEADER, bytes + length};
	sctp_item chunk;
	bool malformed = false, first = true, go_on = true;

	while (go_on && sctp_next_chunk(&items, &chunk, &malformed)) {
		bool special = chunk.type == CHUNK_COOKIE_ECHO;

		if (is_to_be_alone(&chunk) && (!first || items.at != items.end)) {
			self->stats.dropped_malformed++;
			break;
		}
		if (first)
			go_on = on_first(self, &chunk, tag);
		if (go_on && !(first && special))
			go_on = on_chunk(self, &chunk, tag);
		first = false;
	}
	if (malformed)
		self->stats.dropped_malformed++;
	if (self->over)
		return;
	inbound_end_of_packet(self);
	reset_progress(self);
}

typedef struct {
	uint8_t *bytes;
	size_t length;
} packet_writer;

static size_t room_in(const packet_writer *packet)
{
	return SCTP_PACKET_MAX / 4 * 4 - packet->length;
}

/* Where the value of the next chunk goes; put() makes it one. */
static uint8_t *value_in(const packet_writer *packet)
{
	return packet->bytes + packet->length + CHUNK_HEADER;
}

static void put(packet_writer *packet, chunk_type type, uint8_t flags, size_t length)
{
	uint8_t *chunk = packet->bytes + packet->length;

	chunk[0] = (uint8_t)type;
	chunk[1] = flags;
	bytes_write16(chunk + 2, (uint32_t)(CHUNK_HEADER + length));
	memset(chunk + CHUNK_HEADER + length, 0, PAD4(length) - length);
	packet->length += CHUNK_HEADER + PAD4(length);
}

static bool take(sctp_association *self, uint32_t what)
{
	bool pending = self->pending & what;

	self->pending &= ~what;
	return pending;
}

/* Chunks that are to have a packet for themselves. The tag goes into it; false without any. */
static bool write_alone(sctp_association *self, packet_writer *packet, uint32_t *tag)
{
	*tag = self->remote_tag;
	if (take(self, PENDING_INIT_ACK)) {
		size_t length = handshake_write(self, value_in(packet), true);

		if (length > 0)
			put(packet, CHUNK_INIT_ACK, 0, length);
		*tag = self->answer.peer.tag;
	} else if (take(self, PENDING_ABORT)) {
		memcpy(value_in(packet), self->error, self->error_length);
		put(packet, CHUNK_ABORT, 0, self->error_length);
	} else if (take(self, PENDING_INIT)) {
		put(packet, CHUNK_INIT, 0, handshake_write(self, value_in(packet), false));
		*tag = 0;
	} else if (take(self, PENDING_STALE_COOKIE)) {
		memcpy(value_in(packet), self->error, self->error_length);
		put(packet, CHUNK_ERROR, 0, self->error_length);
		*tag = self->reflected_tag;
	} else if (take(self, PENDING_REFUSAL)) {
		put(packet, CHUNK_ABORT, self->refused_reflected ? TAG_REFLECTED : 0, 0);
		*tag = self->refused_tag;
	} else if (take(self, PENDING_SHUTDOWN_COMPLETE)) {
		bool reflected = self->reflected_tag != 0;

		put(packet, CHUNK_SHUTDOWN_COMPLETE, reflected ? TAG_REFLECTED : 0, 0);
		if (reflected)
			*tag = self->reflected_tag;
	}
	return packet->length > PACKET_HEADER;
}

static bool wants_to_send(const sctp_association *self)
{
	return self->lost > 0 || (self->waiting != 0 && self->flying < self->cwnd);
}

static void write_control(sctp_association *self, packet_writer *packet)
{
	if (take(self, PENDING_COOKIE_ACK))
		put(packet, CHUNK_COOKIE_ACK, 0, 0);
	if (self->timers[TIMER_SACK] != SCTP_NO_TIMEOUT && wants_to_send(self))
		self->pending |= PENDING_SACK;
	if (take(self, PENDING_SACK)) {
		size_t room = room_in(packet) - CHUNK_HEADER;

		put(packet, CHUNK_SACK, 0, inbound_write_sack(self, value_in(packet), room));
	}
	if (take(self, PENDING_HEARTBEAT_ACK)) {
		if (PAD4(self->echo_length) + CHUNK_HEADER <= room_in(packet)) {
			chain_copy(&self->send_pool, self->echo, 0, value_in(packet), self->echo_length);
			put(packet, CHUNK_HEARTBEAT_ACK, 0, self->echo_length);
		}
		chain_free(&self->send_pool, self->echo);
		self->echo = NO_BLOCK;
	}
	if (room_in(packet) < 256) /* the rest, each smaller than this in sum, may wait */
		return;
	if (take(self, PENDING_ERROR)) {
		memcpy(value_in(packet), self->error, self->error_length);
		put(packet, CHUNK_ERROR, 0, self->error_length);
	}
	if (take(self, PENDING_HEARTBEAT)) {
		uint8_t *value = value_in(packet);

		bytes_write16(value, 1); /* Heartbeat Info */
		bytes_write16(value + 2, PARAMETER_HEADER + sizeof self->nonce);
		memcpy(value + PARAMETER_HEADER, self->nonce, sizeof self->nonce);
		put(packet, CHUNK_HEARTBEAT, 0, PARAMETER_HEADER + sizeof self->nonce);
	}
	if (take(self, PENDING_RESET_RESPONSE))
		put(packet, CHUNK_RE_CONFIG, 0, reset_write_response(self, value_in(packet)));
	if (take(self, PENDING_RESET_REQUEST))
		put(packet, CHUNK_RE_CONFIG, 0, reset_write_request(self, value_in(packet)));
	if (take(self, PENDING_SHUTDOWN)) {
		bytes_write32(value_in(packet), self->cumulative);
		put(packet, CHUNK_SHUTDOWN, 0, 4);
	}
	if (take(self, PENDING_SHUTDOWN_ACK))
		put(packet, CHUNK_SHUTDOWN_ACK, 0, 0);
}

static void write_forward_tsn(sctp_association *self, packet_writer *packet)
{
	if (room_in(packet) < 64 || !take(self, PENDING_FORWARD_TSN))
		return;
	put(packet, CHUNK_FORWARD_TSN, 0,
		outbound_write_forward_tsn(self, value_in(packet), room_in(packet) - CHUNK_HEADER));
	if (self->timers[TIMER_T3] == SCTP_NO_TIMEOUT)
		association_timer(self, TIMER_T3, self->rto);
}

static void write_data(sctp_association *self, packet_writer *packet)
{
	uint32_t tsn;
	uint16_t chain;
	bool any = false, earliest = false;

	if (self->burst >= MAX_BURST) /* section 6.1 D */
		return;
	if (self->acked + 1 == self->next_tsn)
		flow_after_pause(self);
	while ((chain = outbound_next(self, room_in(packet), &tsn)) != NO_BLOCK) {
		const outbound_chunk *chunk = chain_head(&self->send_pool, chain);
		uint8_t *value = value_in(packet);

		bytes_write32(value, tsn);
		bytes_write16(value + 4, chunk->stream);
		bytes_write16(value + 6, chunk->flags & DATA_UNORDERED ? 0 : chunk->ssn);
		bytes_write32(value + 8, chunk->ppid);
		chain_copy(&self->send_pool, chain, sizeof *chunk, value + DATA_HEADER - CHUNK_HEADER,
				   chunk->length);
		put(packet, CHUNK_DATA, chunk->flags, DATA_HEADER - CHUNK_HEADER + chunk->length);
		any = true;
		earliest |= tsn == self->acked + 1;
	}
	if (!any)
		return;
	self->burst++;
	self->sent_at = self->now;
	/* Section 7.2.4, 4: T3 is not put off while the earliest chunk waits for it. */
	if (self->timers[TIMER_T3] == SCTP_NO_TIMEOUT || (self->fast_retransmit && earliest))
		association_timer(self, TIMER_T3, self->rto);
	self->fast_retransmit = false;
}

static void finish(const sctp_association *self, packet_writer *packet, uint32_t tag, bool checksum)
{
	uint8_t *bytes = packet->bytes;

	bytes_write16(bytes, self->local_port);
	bytes_write16(bytes + 2, self->remote_port);
	bytes_write32(bytes + 4, tag);
	bytes_write32(bytes + 8,
				  checksum || !self->zero_checksum ? sctp_crc32c(bytes, packet->length) : 0);
}

size_t association_poll_datagram(sctp_association *self, uint8_t out[SCTP_PACKET_MAX], uint64_t now)
{
	packet_writer packet = {out, PACKET_HEADER};
	uint32_t tag;

	self->now = now;
	bool checksum = write_alone(self, &packet, &tag);

	if (!checksum && self->state == SCTP_COOKIE_ECHOED && take(self, PENDING_COOKIE_ECHO)) {
		chain_copy(&self->send_pool, self->cookie, 0, value_in(&packet), self->cookie_length);
		put(&packet, CHUNK_COOKIE_ECHO, 0, self->cookie_length);
		write_data(self, &packet);
		checksum = true; /* RFC 9653 section 5.2 */
	} else if (!checksum && self->state >= SCTP_ESTABLISHED) {
		write_control(self, &packet);
		if (self->state < SCTP_SHUTDOWN_SENT || self->state == SCTP_SHUTDOWN_RECEIVED) {
			write_forward_tsn(self, &packet); /* control goes before DATA (section 6.10) */
			write_data(self, &packet);
			if (packet.length == PACKET_HEADER) /* all that was to be sent has been given up */
				write_forward_tsn(self, &packet);
			reset_progress(self);
		}
	}
	if (packet.length == PACKET_HEADER)
		return 0;
	finish(self, &packet, tag, checksum);
	self->stats.packets_out++;
	return packet.length;
}
