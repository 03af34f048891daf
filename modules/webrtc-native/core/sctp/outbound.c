/*
 * Messages on their way out: cut into chunks when they are taken from the owner, queued by stream,
 * given TSN and SSN when first sent, kept until acknowledged or abandoned (RFC 3758).
 */
#include <string.h>

#include "../port.h"
#include "internal.h"

#define BLOCKS_MAX UINT16_MAX

bool outbound_create(sctp_association *self)
{
	uint32_t blocks = self->send_buffer / BLOCK_BYTES;
	uint32_t slots = 64;

	blocks += blocks / 8 + CONTROL_BLOCKS;
	if (blocks > BLOCKS_MAX)
		blocks = BLOCKS_MAX;
	while (slots < blocks + 1) /* each chunk has a block at least, whatever became of it */
		slots *= 2;
	self->flight = port_alloc(slots * sizeof *self->flight, PORT_EXTERNAL, PORT_SCTP);
	self->flight_mask = slots - 1;
	return self->flight != NULL && chain_pool_create(&self->send_pool, blocks);
}

void outbound_start(sctp_association *self, uint32_t window)
{
	self->peer_window = window;
	self->ssthresh = UINT32_MAX;
}

static outbound_chunk *chunk_of(const sctp_association *self, uint16_t chain)
{
	return chain_head(&self->send_pool, chain);
}

static size_t blocks_for(size_t length)
{
	size_t blocks = length / DATA_MAX * chain_blocks(sizeof(outbound_chunk), DATA_MAX);

	if (length % DATA_MAX != 0)
		blocks += chain_blocks(sizeof(outbound_chunk), length % DATA_MAX);
	return blocks;
}

static void enqueue(sctp_association *self, const sctp_message *message)
{
	sctp_stream *stream = &self->streams[message->stream];
	uint64_t expires = message->reliability == SCTP_LIFETIME
						   ? self->now + (uint64_t)message->limit * 1000
						   : SCTP_NO_TIMEOUT;

	for (size_t at = 0; at < message->length; at += DATA_MAX) {
		size_t length = message->length - at < DATA_MAX ? message->length - at : DATA_MAX;
		uint16_t chain =
			chain_make(&self->send_pool, sizeof(outbound_chunk), message->bytes + at, length);

		*chunk_of(self, chain) = (outbound_chunk){
			.expires = expires,
			.ppid = message->ppid,
			.retransmits_max =
				message->reliability == SCTP_MAX_RETRANSMITS ? message->limit : UINT32_MAX,
			.stream = message->stream,
			.length = (uint16_t)length,
			.flags = (uint8_t)((at == 0 ? DATA_BEGIN : 0) |
							   (at + length == message->length ? DATA_END : 0) |
							   (message->unordered ? DATA_UNORDERED : 0)),
			.limited = message->reliability != SCTP_RELIABLE,
		};
		if (stream->first == NO_BLOCK)
			stream->first = chain;
		else
			chunk_of(self, stream->last)->next = chain;
		stream->last = chain;
	}
	stream->buffered += (uint32_t)message->length;
	self->waiting |= UINT64_C(1) << message->stream;
}

sctp_send_result association_send(sctp_association *self, const sctp_message *message, uint64_t now)
{
	size_t blocks = blocks_for(message->length);

	self->now = now;
	if (self->state < SCTP_COOKIE_WAIT || self->state > SCTP_ESTABLISHED || message->length == 0 ||
		message->stream >= SCTP_STREAMS ||
		(self->was_established && message->stream >= self->streams_out) ||
		(self->reset_wanted | self->reset_asked) >> message->stream & 1)
		return SCTP_NOT_OPEN;
	if (!association_take_buffers(self))
		return SCTP_NOT_OPEN;
	if (message->length > SCTP_MESSAGE_MAX || blocks + CONTROL_BLOCKS > self->send_pool.count)
		return SCTP_TOO_LARGE;
	if (self->send_pool.free_count < blocks + CONTROL_BLOCKS) {
		self->wanted_room = (uint32_t)blocks + CONTROL_BLOCKS;
		return SCTP_FULL;
	}
	enqueue(self, message);
	self->stats.messages_out++;
	self->stats.bytes_out += message->length;
	return SCTP_SENT;
}

uint32_t association_buffered(const sctp_association *self, uint16_t stream)
{
	return stream < SCTP_STREAMS ? self->streams[stream].buffered : 0;
}

uint32_t association_undelivered(const sctp_association *self, uint16_t stream, bool lost)
{
	uint32_t count = 0;

	if (stream >= SCTP_STREAMS)
		return 0;
	for (uint32_t tsn = self->acked + 1; tsn != self->next_tsn; tsn++) {
		const outbound_chunk *chunk = outbound_at(self, tsn);

		if (chunk->stream != stream)
			continue;
		/* Behind it nothing is delivered, acknowledged by a gap block or not. */
		lost = lost || chunk->state == OUT_LOST || chunk->sends > 1;
		count += lost && (chunk->flags & DATA_END);
	}
	for (uint16_t at = self->streams[stream].first; at != NO_BLOCK; at = chunk_of(self, at)->next)
		count += (chunk_of(self, at)->flags & DATA_END) != 0;
	return count;
}

void association_set_low_water(sctp_association *self, uint16_t stream, uint32_t bytes)
{
	if (stream < SCTP_STREAMS)
		self->streams[stream].low_water = bytes;
}

bool outbound_is_empty(const sctp_association *self)
{
	return self->waiting == 0 && self->acked + 1 == self->next_tsn;
}

static void free_chunk(sctp_association *self, uint16_t chain)
{
	chain_free(&self->send_pool, chain);
	if (self->wanted_room != 0 && self->send_pool.free_count >= self->wanted_room) {
		self->wanted_room = 0;
		self->tell_writable = true;
	}
}

/* Takes the first chunk out of the stream's queue. */
static uint16_t dequeue(sctp_association *self, uint16_t number)
{
	sctp_stream *stream = &self->streams[number];
	uint16_t chain = stream->first;
	const outbound_chunk *chunk = chunk_of(self, chain);
	bool above = stream->buffered > stream->low_water;

	stream->first = chunk->next;
	stream->buffered -= chunk->length;
	if (above && stream->buffered <= stream->low_water)
		association_tell_stream(self, number, STREAM_BUFFERED_LOW);
	if (stream->first == NO_BLOCK)
		self->waiting &= ~(UINT64_C(1) << number);
	return chain;
}

/* The rest of a message that was never sent. */
static void drop_queued(sctp_association *self, uint16_t stream)
{
	bool end = false;

	while (!end) {
		uint16_t chain = dequeue(self, stream);

		end = chunk_of(self, chain)->flags & DATA_END;
		free_chunk(self, chain);
	}
}

static void abandon_one(sctp_association *self, uint32_t tsn)
{
	outbound_chunk *chunk = outbound_at(self, tsn);

	if (chunk->state == OUT_FLYING)
		self->flying -= outbound_size(chunk);
	else if (chunk->state == OUT_LOST)
		self->lost--;
	chunk->state = OUT_ABANDONED;
	if (self->timing && tsn == self->timed_tsn)
		self->timing = false; /* what acknowledges it answers FORWARD TSN */
	chain_trim(&self->send_pool, self->flight[tsn & self->flight_mask]);
}

/* RFC 3758 section 3.5 A3: all fragments of the message, sent or not. */
static void abandon(sctp_association *self, uint32_t tsn)
{
	uint32_t at = tsn;
	uint16_t stream = outbound_at(self, tsn)->stream;

	self->stats.abandoned++;
	while (!(outbound_at(self, at)->flags & DATA_BEGIN) && at != self->acked + 1)
		at--;
	for (;; at++) {
		if (at == self->next_tsn) {
			drop_queued(self, stream);
			self->in_message = false;
			break;
		}
		abandon_one(self, at);
		if (outbound_at(self, at)->flags & DATA_END)
			break;
	}
}

static bool is_given_up(const sctp_association *self, const outbound_chunk *chunk)
{
	return chunk->limited && self->forward_tsn &&
		   (chunk->sends > chunk->retransmits_max || self->now >= chunk->expires);
}

void outbound_lose(sctp_association *self, uint32_t tsn)
{
	outbound_chunk *chunk = outbound_at(self, tsn);

	if (chunk->state != OUT_FLYING)
		return;
	self->flying -= outbound_size(chunk);
	self->lost++;
	chunk->state = OUT_LOST;
	chunk->missing = 0;
	if (self->timing && tsn == self->timed_tsn)
		self->timing = false; /* Karn: its answer could be for either transmission */
	if (is_given_up(self, chunk))
		abandon(self, tsn);
}

void outbound_advance(sctp_association *self)
{
	if (tsn_before(self->forward, self->acked))
		self->forward = self->acked;
	/* Past acknowledged chunks too where the application does without them, should the peer have
	 * reneged: else every gap between two abandoned messages costs a round trip. */
	for (uint32_t tsn = self->forward + 1; tsn != self->next_tsn; tsn++) {
		const outbound_chunk *chunk = outbound_at(self, tsn);

		if (chunk->state == OUT_ABANDONED)
			self->forward = tsn;
		else if (chunk->state != OUT_ACKED || !chunk->limited)
			break;
	}
	if (self->forward != self->acked)
		self->pending |= PENDING_FORWARD_TSN;
	else
		self->pending &= ~(uint32_t)PENDING_FORWARD_TSN;
}

size_t outbound_write_forward_tsn(sctp_association *self, uint8_t *out, size_t room)
{
	uint64_t skipped = 0;
	uint16_t newest[SCTP_STREAMS];
	size_t length = 4;

	for (uint32_t tsn = self->acked + 1; tsn != self->forward + 1; tsn++) {
		const outbound_chunk *chunk = outbound_at(self, tsn);

		if (chunk->state == OUT_ABANDONED && !(chunk->flags & DATA_UNORDERED)) {
			skipped |= UINT64_C(1) << chunk->stream;
			newest[chunk->stream] = chunk->ssn;
		}
	}
	bytes_write32(out, self->forward);
	for (uint16_t stream = 0; stream < SCTP_STREAMS && length + 4 <= room; stream++) {
		if (skipped >> stream & 1) {
			bytes_write16(out + length, stream);
			bytes_write16(out + length + 2, newest[stream]);
			length += 4;
		}
	}
	return length;
}

uint32_t outbound_acknowledge(sctp_association *self, uint32_t tsn)
{
	uint32_t bytes = 0;

	while (self->acked != tsn) {
		uint16_t *chain = &self->flight[++self->acked & self->flight_mask];
		const outbound_chunk *chunk = chunk_of(self, *chain);

		if (chunk->state == OUT_FLYING) {
			self->flying -= outbound_size(chunk);
			bytes += outbound_size(chunk);
		} else if (chunk->state == OUT_LOST) {
			self->lost--;
			bytes += outbound_size(chunk);
		}
		free_chunk(self, *chain);
		*chain = NO_BLOCK;
	}
	return bytes;
}

/* Message by message, each stream in its turn. */
static bool choose_stream(sctp_association *self)
{
	if (self->in_message)
		return true;
	while (self->waiting != 0) {
		uint16_t stream = self->current;

		do
			stream = (uint16_t)((stream + 1) % SCTP_STREAMS);
		while (!(self->waiting >> stream & 1));
		if (stream >= self->streams_out ||
			is_given_up(self, chunk_of(self, self->streams[stream].first))) {
			self->stats.abandoned++;
			drop_queued(self, stream);
			continue;
		}
		self->current = stream;
		return true;
	}
	return false;
}

static bool may_send_new(const sctp_association *self, uint16_t length)
{
	if (self->next_tsn - self->acked > self->flight_mask)
		return false;
	if (self->flying == 0 && self->lost == 0)
		return true; /* RFC 9260 section 6.1 A: probes a window of zero */
	return self->flying < self->cwnd && length <= self->peer_window;
}

static void note_sent(sctp_association *self, outbound_chunk *chunk, uint32_t tsn)
{
	chunk->state = OUT_FLYING;
	chunk->sends++;
	self->flying += outbound_size(chunk);
	self->peer_window -= chunk->length < self->peer_window ? chunk->length : self->peer_window;
	if (chunk->sends > 1) {
		self->stats.retransmitted++;
	} else if (!self->timing) {
		self->timing = true;
		self->timed_tsn = tsn;
		self->timed_at = self->now;
	}
}

/* Reliability is looked at where a chunk is marked as lost, but its time may be over since. */
static uint16_t next_lost(sctp_association *self, size_t room, uint32_t *tsn)
{
	for (uint32_t at = self->acked + 1; self->lost != 0 && at != self->next_tsn; at++) {
		outbound_chunk *chunk = outbound_at(self, at);

		if (chunk->state != OUT_LOST)
			continue;
		if (is_given_up(self, chunk)) {
			abandon(self, at);
			outbound_advance(self);
			continue;
		}
		if (DATA_HEADER + chunk->length > room ||
			(self->flying >= self->cwnd && !self->fast_retransmit))
			return NO_BLOCK;
		self->lost--;
		note_sent(self, chunk, at);
		*tsn = at;
		return self->flight[at & self->flight_mask];
	}
	return NO_BLOCK;
}

uint16_t outbound_next(sctp_association *self, size_t room, uint32_t *tsn)
{
	uint16_t chain = next_lost(self, room, tsn);

	if (chain != NO_BLOCK || self->lost != 0 || !choose_stream(self))
		return chain;

	sctp_stream *stream = &self->streams[self->current];
	outbound_chunk *chunk = chunk_of(self, stream->first);

	if (DATA_HEADER + chunk->length > room || !may_send_new(self, chunk->length))
		return NO_BLOCK;
	chain = dequeue(self, self->current);
	self->in_message = !(chunk->flags & DATA_END);
	if (!(chunk->flags & DATA_UNORDERED)) {
		if (chunk->flags & DATA_BEGIN)
			stream->ssn_out++;
		chunk->ssn = (uint16_t)(stream->ssn_out - 1);
	}
	*tsn = self->next_tsn++;
	self->flight[*tsn & self->flight_mask] = chain;
	note_sent(self, chunk, *tsn);
	return chain;
}
