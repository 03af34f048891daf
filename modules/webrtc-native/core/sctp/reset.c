/*
 * Stream reset (RFC 6525), as far as RFC 8831 needs it: each side resets its own direction. All
 * else that a peer can ask is denied.
 */
#include <string.h>

#include "internal.h"

enum {
	RESULT_NOTHING_TO_DO = 0,
	RESULT_PERFORMED = 1,
	RESULT_DENIED = 2,
	RESULT_BAD_SEQUENCE = 5,
	RESULT_IN_PROGRESS = 6
};

#define REQUEST_HEADER 12 /* value of an outgoing reset request, before the stream ids */

void association_reset_stream(sctp_association *self, uint16_t stream, uint64_t now)
{
	self->now = now;
	if (stream >= SCTP_STREAMS || self->over || self->state > SCTP_ESTABLISHED)
		return;
	self->reset_wanted |= (UINT64_C(1) << stream) & ~self->reset_asked;
	reset_progress(self);
}

static void tell(sctp_association *self, uint64_t streams, uint8_t event)
{
	for (uint16_t stream = 0; streams != 0; stream++, streams >>= 1) {
		if (!(streams & 1))
			continue;
		if (event == STREAM_CLOSED)
			self->streams[stream].ssn_in = 0;
		else
			self->streams[stream].ssn_out = 0;
		association_tell_stream(self, stream, event);
	}
}

/* When all that was sent on them is acknowledged: a peer that has to wait for data answers "in
 * progress", and libusrsctp then holds back what comes after. */
static void ask(sctp_association *self)
{
	uint64_t ready = self->reset_wanted & ~self->waiting;

	if (self->state != SCTP_ESTABLISHED || self->reset_asked != 0)
		return;
	for (uint32_t tsn = self->acked + 1; ready != 0 && tsn != self->next_tsn; tsn++)
		ready &= ~(UINT64_C(1) << outbound_at(self, tsn)->stream);
	if (ready == 0)
		return;
	self->reset_wanted &= ~ready;
	if (!self->reconfig) {
		tell(self, ready, STREAM_RESET);
		return;
	}
	self->reset_asked = ready;
	self->reset_last_tsn = self->next_tsn - 1;
	self->pending |= PENDING_RESET_REQUEST;
	association_timer(self, TIMER_RECONFIG, self->rto);
}

/* One answer for each request; without room the newest ones stay. */
static void respond(sctp_association *self, uint32_t sequence, uint32_t result)
{
	reset_response *list = self->reset_responses;
	uint8_t at = 0;

	if (!(self->pending & PENDING_RESET_RESPONSE))
		self->reset_responses_count = 0;
	while (at < self->reset_responses_count && list[at].sequence != sequence)
		at++;
	if (at == RESET_REQUESTS) {
		at--;
		memmove(list, list + 1, at * sizeof *list);
	} else if (at == self->reset_responses_count) {
		self->reset_responses_count++;
	}
	list[at] = (reset_response){sequence, result};
	self->pending |= PENDING_RESET_RESPONSE;
}

/* The result of a request that may come again. */
static void conclude(sctp_association *self, uint32_t sequence, uint32_t result)
{
	uint32_t age = self->peer_reset_next - 1 - sequence;

	if (age < RESET_REQUESTS)
		self->peer_reset_results[age] = result;
	respond(self, sequence, result);
}

/* Performed when all that was sent before was handed up, so that the event comes behind it. */
static void perform(sctp_association *self)
{
	if (self->peer_reset == 0 || !tsn_before(self->peer_reset_last_tsn, self->base))
		return;
	tell(self, self->peer_reset, STREAM_CLOSED);
	self->peer_reset = 0;
	conclude(self, self->peer_reset_sequence, RESULT_PERFORMED);
}

void reset_progress(sctp_association *self)
{
	ask(self);
	perform(self);
}

static void on_request(sctp_association *self, const sctp_item *parameter)
{
	uint32_t sequence = bytes_read32(parameter->value);
	uint32_t age = self->peer_reset_next - 1 - sequence;

	if (age < RESET_REQUESTS) { /* again; maybe performed meanwhile */
		respond(self, sequence, self->peer_reset_results[age]);
		return;
	}
	if (sequence != self->peer_reset_next) {
		respond(self, sequence, RESULT_BAD_SEQUENCE);
		return;
	}
	self->peer_reset_next++;
	for (int i = RESET_REQUESTS - 1; i > 0; i--)
		self->peer_reset_results[i] = self->peer_reset_results[i - 1];
	if (parameter->type != PARAMETER_OUTGOING_RESET || parameter->length < REQUEST_HEADER) {
		conclude(self, sequence, RESULT_DENIED);
		return;
	}
	/* No list means all. Streams that cannot be are none of ours. */
	uint64_t streams = parameter->length == REQUEST_HEADER ? UINT64_MAX : 0;

	for (size_t at = REQUEST_HEADER; at + 2 <= parameter->length; at += 2) {
		uint16_t stream = bytes_read16(parameter->value + at);

		if (stream < SCTP_STREAMS)
			streams |= UINT64_C(1) << stream;
	}
	self->peer_reset |= streams;
	self->peer_reset_last_tsn = bytes_read32(parameter->value + 8);
	self->peer_reset_sequence = sequence;
	conclude(self, sequence, streams != 0 ? RESULT_IN_PROGRESS : RESULT_NOTHING_TO_DO);
}

static void on_response(sctp_association *self, const sctp_item *parameter)
{
	uint64_t streams = self->reset_asked;

	if (parameter->length < 8 || streams == 0 ||
		bytes_read32(parameter->value) != self->reset_sequence)
		return;
	uint32_t result = bytes_read32(parameter->value + 4);

	self->errors = 0;
	if (result == RESULT_IN_PROGRESS) {
		association_timer(self, TIMER_RECONFIG, self->rto);
		return;
	}
	/* Whatever the answer, asking again would not change it. */
	self->reset_asked = 0;
	self->reset_sequence++;
	self->pending &= ~(uint32_t)PENDING_RESET_REQUEST;
	association_timer_stop(self, TIMER_RECONFIG);
	tell(self, streams, STREAM_RESET);
}

void reset_on_reconfig(sctp_association *self, const sctp_item *chunk)
{
	sctp_items items = {chunk->value, chunk->value + chunk->length};
	sctp_item parameter;
	bool malformed;

	while (sctp_next_parameter(&items, &parameter, &malformed)) {
		if (parameter.length < 4)
			continue;
		switch (parameter.type) {
		case PARAMETER_RECONFIG_RESPONSE:
			on_response(self, &parameter);
			break;
		case PARAMETER_OUTGOING_RESET:
		case PARAMETER_INCOMING_RESET:
		case PARAMETER_TSN_RESET:
		case PARAMETER_ADD_OUTGOING:
		case PARAMETER_ADD_INCOMING:
			on_request(self, &parameter);
			break;
		default:
			break;
		}
	}
	reset_progress(self);
}

void reset_on_timeout(sctp_association *self)
{
	if (self->reset_asked == 0 || !association_unanswered(self))
		return;
	self->pending |= PENDING_RESET_REQUEST;
	flow_back_off(self);
	association_timer(self, TIMER_RECONFIG, self->rto);
}

size_t reset_write_request(const sctp_association *self, uint8_t *out)
{
	size_t length = PARAMETER_HEADER + REQUEST_HEADER;

	for (uint16_t stream = 0; stream < SCTP_STREAMS; stream++) {
		if (self->reset_asked >> stream & 1) {
			bytes_write16(out + length, stream);
			length += 2;
		}
	}
	bytes_write16(out, PARAMETER_OUTGOING_RESET);
	bytes_write16(out + 2, (uint32_t)length);
	bytes_write32(out + 4, self->reset_sequence);
	bytes_write32(out + 8, self->peer_reset_next - 1);
	bytes_write32(out + 12, self->reset_last_tsn);
	if (length % 4 != 0)
		bytes_write16(out + length, 0);
	return PAD4(length);
}

size_t reset_write_response(const sctp_association *self, uint8_t *out)
{
	size_t length = 0;

	for (uint8_t i = 0; i < self->reset_responses_count; i++, length += PARAMETER_HEADER + 8) {
		bytes_write16(out + length, PARAMETER_RECONFIG_RESPONSE);
		bytes_write16(out + length + 2, PARAMETER_HEADER + 8);
		bytes_write32(out + length + 4, self->reset_responses[i].sequence);
		bytes_write32(out + length + 8, self->reset_responses[i].result);
	}
	return length;
}
