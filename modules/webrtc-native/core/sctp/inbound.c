/*
 * DATA from the peer: kept by TSN until whole messages come out (RFC 9260 section 6). Fragments of
 * one message have consecutive TSNs, so a message is a run of slots from B to E. What was
 * acknowledged is kept until it is handed up: there is no reneging.
 */
#include <string.h>

#include "../port.h"
#include "internal.h"

#define GONE UINT16_MAX /* a slot that came and was handed up, refused or skipped */
#define SCTP_BLOCKS_MAX (UINT16_MAX - 1)

static uint16_t *slot(const sctp_association *self, uint32_t tsn)
{
	return &self->received[tsn & self->received_mask];
}

static inbound_chunk *stored_at(const sctp_association *self, uint32_t tsn)
{
	uint16_t chain = *slot(self, tsn);

	return chain == NO_BLOCK || chain == GONE ? NULL : chain_head(&self->receive_pool, chain);
}

static uint32_t blocks_for(uint32_t buffer)
{
	/* A full packet's chunk loses a tenth of its blocks to heads and the last one's rest. */
	uint32_t blocks = buffer / BLOCK_BYTES + buffer / BLOCK_BYTES / 8 + IN_ORDER_BLOCKS;

	return blocks > SCTP_BLOCKS_MAX ? SCTP_BLOCKS_MAX : blocks;
}

bool inbound_create(sctp_association *self)
{
	uint32_t blocks = blocks_for(self->receive_buffer);
	uint32_t slots = 256;

	while (slots < 2 * blocks)
		slots *= 2;
	self->received = port_alloc(slots * sizeof *self->received, PORT_EXTERNAL, PORT_SCTP);
	self->received_mask = slots - 1;
	return self->received != NULL && chain_pool_create(&self->receive_pool, blocks);
}

void inbound_start(sctp_association *self, uint32_t tsn)
{
	self->base = tsn;
	self->cumulative = self->highest = tsn - 1;
	self->told_window = inbound_window(self);
}

uint32_t inbound_window(const sctp_association *self)
{
	/* INIT tells it before the buffer is there. */
	uint32_t blocks =
		self->received ? self->receive_pool.free_count : blocks_for(self->receive_buffer);

	blocks = blocks > IN_ORDER_BLOCKS ? blocks - IN_ORDER_BLOCKS : 0;
	return blocks * BLOCK_BYTES / 9 * 8;
}

static void release(sctp_association *self, uint32_t tsn)
{
	chain_free(&self->receive_pool, *slot(self, tsn));
	*slot(self, tsn) = GONE;
	self->stored--;
}

/* Up to the cumulative TSN a slot without a chunk is one that is done with. */
static void advance_base(sctp_association *self)
{
	if (self->stored == 0) {
		if (self->cumulative + 1 - self->base > self->received_mask)
			memset(self->received, 0, (self->received_mask + 1) * sizeof *self->received);
		else
			for (; self->base != self->cumulative + 1; self->base++)
				*slot(self, self->base) = NO_BLOCK;
		self->base = self->cumulative + 1;
		return;
	}
	while (!tsn_before(self->cumulative, self->base) && stored_at(self, self->base) == NULL)
		*slot(self, self->base++) = NO_BLOCK;
}

static void advance_cumulative(sctp_association *self)
{
	while (tsn_before(self->cumulative, self->highest) &&
		   *slot(self, self->cumulative + 1) != NO_BLOCK)
		self->cumulative++;
}

typedef struct {
	uint32_t first, last; /* TSNs */
	uint32_t length;
	enum { RUN_INCOMPLETE, RUN_BROKEN, RUN_COMPLETE } state;
} message_run;

static message_run measure(const sctp_association *self, uint32_t first, uint32_t end)
{
	const inbound_chunk *begin = stored_at(self, first), *chunk = begin;
	message_run run = {first, first, begin->length, RUN_INCOMPLETE};

	while (!(chunk->flags & DATA_END) && !begin->refused) {
		uint32_t next = run.last + 1;

		if (!tsn_before(next, end) ||
			(*slot(self, next) == NO_BLOCK && tsn_before(self->cumulative, next)))
			return run;
		chunk = stored_at(self, next);
		if (chunk == NULL || chunk->flags & DATA_BEGIN || chunk->stream != begin->stream ||
			(chunk->flags ^ begin->flags) & DATA_UNORDERED) {
			run.state = RUN_BROKEN;
			return run;
		}
		run.last = next;
		run.length += chunk->length;
	}
	run.state = RUN_COMPLETE;
	return run;
}

static void release_run(sctp_association *self, message_run run)
{
	for (uint32_t tsn = run.first; tsn != run.last + 1; tsn++)
		release(self, tsn);
}

/* Its first chunk stays, without its bytes, until the message's turn comes. The fragments that
 * follow are refused as they come: they follow one that is gone. */
static void refuse(sctp_association *self, message_run run)
{
	inbound_chunk *begin = stored_at(self, run.first);

	self->stats.refused++;
	begin->refused = true;
	chain_trim(&self->receive_pool, *slot(self, run.first));
	if (run.last != run.first) {
		run.first++;
		release_run(self, run);
	}
}

static bool in_turn(const sctp_association *self, const inbound_chunk *begin, uint32_t last)
{
	/* When all TSNs up to it came or were skipped, no message is left that could precede it. */
	return begin->flags & DATA_UNORDERED || begin->ssn == self->streams[begin->stream].ssn_in ||
		   !tsn_before(self->cumulative, last);
}

static void pass_turn(sctp_association *self, const inbound_chunk *begin)
{
	sctp_stream *stream = &self->streams[begin->stream];

	if (!(begin->flags & DATA_UNORDERED) && (int16_t)(begin->ssn - stream->ssn_in) >= 0)
		stream->ssn_in = (uint16_t)(begin->ssn + 1);
}

/* Finds the first message that can be handed up, and clears away what never can be. */
static bool find_message(sctp_association *self, message_run *out)
{
	uint32_t end = self->highest + 1;

	if (end - self->base > self->received_mask + 1)
		end = self->base + self->received_mask + 1;
	for (uint32_t tsn = self->base; tsn_before(tsn, end);) {
		inbound_chunk *begin = stored_at(self, tsn);

		if (begin == NULL) {
			tsn++;
			continue;
		}
		if (!(begin->flags & DATA_BEGIN)) {
			/* Its message's beginning was skipped or refused. */
			const inbound_chunk *before = tsn == self->base ? NULL : stored_at(self, tsn - 1);

			if (tsn == self->base ||
				(before == NULL &&
				 (*slot(self, tsn - 1) == GONE || !tsn_before(self->cumulative, tsn - 1))) ||
				(before != NULL && before->refused))
				release(self, tsn);
			tsn++;
			continue;
		}
		message_run run = measure(self, tsn, end);

		if (!begin->refused && run.state != RUN_BROKEN && run.length > self->max_message)
			refuse(self, run);
		if (run.state == RUN_BROKEN) {
			release_run(self, run);
		} else if (begin->refused) {
			if (in_turn(self, begin, run.first)) {
				pass_turn(self, begin);
				release(self, run.first);
			}
		} else if (run.state == RUN_COMPLETE && in_turn(self, begin, run.last)) {
			*out = run;
			return true;
		}
		tsn = run.last + 1;
	}
	return false;
}

bool inbound_take(sctp_association *self, sctp_event *out)
{
	message_run run;

	if (!self->look)
		return false;
	if (!find_message(self, &run)) {
		self->look = false;
		advance_base(self);
		return false;
	}
	uint8_t *bytes = port_alloc(run.length, PORT_EXTERNAL, PORT_SCTP);

	if (bytes == NULL)
		return false;
	const inbound_chunk *begin = stored_at(self, run.first);

	*out = (sctp_event){.type = SCTP_EVENT_MESSAGE,
						.stream = begin->stream,
						.ppid = begin->ppid,
						.bytes = bytes,
						.length = run.length};
	pass_turn(self, begin);
	for (uint32_t tsn = run.first; tsn != run.last + 1; tsn++) {
		const inbound_chunk *chunk = stored_at(self, tsn);

		chain_copy(&self->receive_pool, *slot(self, tsn), sizeof *chunk, bytes, chunk->length);
		bytes += chunk->length;
	}
	release_run(self, run);
	advance_base(self);
	self->stats.messages_in++;
	self->stats.bytes_in += run.length;
	/* A peer that was told of little room waits to hear of more. */
	if (self->told_window < 2 * DATA_MAX && inbound_window(self) >= 4 * DATA_MAX)
		self->pending |= PENDING_SACK;
	return true;
}

/* The next chunk in order has no room, and nothing can be handed up to make some: the message that
 * holds all is cut into more pieces than we can keep. */
static void make_room(sctp_association *self)
{
	message_run run;

	if (find_message(self, &run))
		return;
	advance_base(self);
	if (stored_at(self, self->base) != NULL) {
		run = measure(self, self->base, self->cumulative + 1);
		if (run.last == self->cumulative && run.state == RUN_INCOMPLETE)
			refuse(self, run);
	}
	self->look = true;
}

static bool has_room(const sctp_association *self, size_t blocks, bool in_order)
{
	return self->receive_pool.free_count >= blocks + (in_order ? 0 : IN_ORDER_BLOCKS);
}

static void note_duplicate(sctp_association *self, uint32_t tsn)
{
	self->stats.duplicates++;
	self->sack_at_once = true;
	if (self->duplicates_count < DUPLICATES_MAX)
		self->duplicates[self->duplicates_count++] = tsn;
}

static void store(sctp_association *self, const sctp_item *chunk, uint32_t tsn)
{
	uint16_t stream = bytes_read16(chunk->value + 4);
	size_t length = chunk->length - (DATA_HEADER - CHUNK_HEADER);
	bool in_order = tsn == self->cumulative + 1;

	if (stream >= SCTP_STREAMS) {
		uint8_t cause[4] = {chunk->value[4], chunk->value[5]};

		association_report(self, CAUSE_INVALID_STREAM, cause, sizeof cause);
		self->stats.dropped_stream++;
		*slot(self, tsn) = GONE;
	} else {
		size_t blocks = chain_blocks(sizeof(inbound_chunk), length);

		if (in_order && !has_room(self, blocks, true))
			make_room(self);
		if (!has_room(self, blocks, in_order)) {
			self->stats.dropped_no_room++;
			self->sack_at_once = true;
			return;
		}
		*slot(self, tsn) = chain_make(&self->receive_pool, sizeof(inbound_chunk),
									  chunk->value + DATA_HEADER - CHUNK_HEADER, length);
		*stored_at(self, tsn) = (inbound_chunk){.ppid = bytes_read32(chunk->value + 8),
												.stream = stream,
												.ssn = bytes_read16(chunk->value + 6),
												.length = (uint16_t)length,
												.flags = chunk->flags};
		self->stored++;
	}
	if (tsn_before(self->highest, tsn))
		self->highest = tsn;
	self->look = true;
	advance_cumulative(self);
	if (self->stored == 0)
		advance_base(self);
}

void inbound_on_data(sctp_association *self, const sctp_item *chunk)
{
	uint32_t tsn = bytes_read32(chunk->value);

	if (chunk->length == DATA_HEADER - CHUNK_HEADER) {
		uint8_t cause[4];

		bytes_write32(cause, tsn);
		association_report(self, CAUSE_NO_USER_DATA, cause, sizeof cause);
		association_fail(self, CAUSE_NO_USER_DATA, "the peer sent DATA without bytes");
		return;
	}
	self->packet_had_data = true;
	if (chunk->flags & DATA_IMMEDIATE)
		self->sack_at_once = true;
	if (!tsn_before(self->cumulative, tsn))
		note_duplicate(self, tsn);
	else if (tsn - self->base > self->received_mask)
		self->stats.dropped_no_room++;
	else if (*slot(self, tsn) != NO_BLOCK)
		note_duplicate(self, tsn);
	else
		store(self, chunk, tsn);
}

void inbound_on_forward_tsn(sctp_association *self, const sctp_item *chunk)
{
	uint32_t tsn = bytes_read32(chunk->value);

	self->packet_had_data = self->sack_at_once = true;
	if (!tsn_before(self->cumulative, tsn))
		return;
	self->stats.skipped += tsn - self->cumulative;
	for (uint32_t at = self->cumulative + 1;
		 at - self->base <= self->received_mask && !tsn_before(tsn, at); at++)
		if (*slot(self, at) != NO_BLOCK)
			self->stats.skipped--;
	self->cumulative = tsn;
	if (tsn_before(self->highest, tsn))
		self->highest = tsn;
	for (size_t at = 4; at + 4 <= chunk->length; at += 4) {
		uint16_t stream = bytes_read16(chunk->value + at);
		uint16_t next = (uint16_t)(bytes_read16(chunk->value + at + 2) + 1);

		if (stream < SCTP_STREAMS && (int16_t)(next - self->streams[stream].ssn_in) > 0)
			self->streams[stream].ssn_in = next;
	}
	self->look = true;
	advance_cumulative(self);
	advance_base(self);
}

void inbound_end_of_packet(sctp_association *self)
{
	if (!self->packet_had_data)
		return;
	self->packet_had_data = false;
	/* Sections 6.2 and 6.7: at once about gaps, duplicates and on wish; else every second packet.
	 */
	if (self->sack_at_once || self->cumulative != self->highest || ++self->unsacked_packets >= 2)
		self->pending |= PENDING_SACK;
	else if (self->timers[TIMER_SACK] == SCTP_NO_TIMEOUT)
		association_timer(self, TIMER_SACK, SACK_DELAY);
}

size_t inbound_write_sack(sctp_association *self, uint8_t *out, size_t room)
{
	uint32_t tsn = self->cumulative + 2; /* cumulative + 1 is missing */
	size_t length = SACK_HEADER - CHUNK_HEADER;
	uint32_t gaps = 0, duplicates = 0;

	self->told_window = inbound_window(self);
	bytes_write32(out, self->cumulative);
	bytes_write32(out + 4, self->told_window);
	while (!tsn_before(self->highest, tsn) && length + 4 <= room) {
		while (!tsn_before(self->highest, tsn) && *slot(self, tsn) == NO_BLOCK)
			tsn++;
		if (tsn_before(self->highest, tsn))
			break;
		uint32_t start = tsn - self->cumulative;

		while (!tsn_before(self->highest, tsn) && *slot(self, tsn) != NO_BLOCK)
			tsn++;
		if (tsn - 1 - self->cumulative > UINT16_MAX)
			break;
		bytes_write16(out + length, start);
		bytes_write16(out + length + 2, tsn - 1 - self->cumulative);
		length += 4;
		gaps++;
	}
	for (; duplicates < self->duplicates_count && length + 4 <= room; duplicates++, length += 4)
		bytes_write32(out + length, self->duplicates[duplicates]);
	bytes_write16(out + 8, gaps);
	bytes_write16(out + 10, duplicates);

	self->duplicates_count = 0;
	self->unsacked_packets = 0;
	self->sack_at_once = false;
	association_timer_stop(self, TIMER_SACK);
	return length;
}
