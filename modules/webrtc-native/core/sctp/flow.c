/*
 * SACKs, round-trip time and congestion control (RFC 9260 sections 6.2.1, 6.3 and 7.2), of the one
 * path there is.
 */
#include <string.h>

#include "internal.h"

#define MISSING_REPORTS 3

static uint32_t max32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void flow_start(sctp_association *self)
{
	self->cwnd = max32(2 * CHUNK_MAX, 4404);
	self->rto = RTO_INITIAL;
}

/* RFC 9260 section 6.3.1, from what is known of the path. */
static void set_rto(sctp_association *self)
{
	self->rto = max32(self->srtt + 4 * self->rttvar, RTO_MIN);
	if (self->rto > RTO_MAX)
		self->rto = RTO_MAX;
}

void flow_forget_back_off(sctp_association *self)
{
	if (self->srtt == 0)
		self->rto = RTO_INITIAL;
	else
		set_rto(self);
}

/* Section 7.2.1: what the window knows of the path grows old. */
void flow_after_pause(sctp_association *self)
{
	uint64_t pause = self->sent_at != 0 ? self->now - self->sent_at : 0;

	if (pause < self->rto || self->cwnd <= 4 * CHUNK_MAX)
		return;
	self->ssthresh = self->cwnd;
	for (; pause >= self->rto && self->cwnd > 4 * CHUNK_MAX; pause -= self->rto)
		self->cwnd = max32(self->cwnd / 2, 4 * CHUNK_MAX);
}

void flow_round_trip(sctp_association *self, uint64_t time)
{
	uint32_t sample = time > RTO_MAX ? RTO_MAX : (uint32_t)time;

	if (self->srtt == 0) {
		self->srtt = sample;
		self->rttvar = sample / 2;
	} else {
		uint32_t error = sample > self->srtt ? sample - self->srtt : self->srtt - sample;

		self->rttvar = self->rttvar - self->rttvar / 4 + error / 4;
		self->srtt = self->srtt - self->srtt / 8 + sample / 8;
	}
	set_rto(self);
}

void flow_back_off(sctp_association *self)
{
	self->rto = self->rto * 2 < RTO_MAX ? self->rto * 2 : RTO_MAX;
}

/* Sections 7.2.1 and 7.2.2. `moved`: the cumulative TSN did; `used`: the window was full when this
 * arrived. */
static void grow(sctp_association *self, uint32_t acked, bool moved, bool used)
{
	if (self->cwnd <= self->ssthresh) {
		if (moved && used && !self->fast_recovery)
			self->cwnd += acked < CHUNK_MAX ? acked : CHUNK_MAX;
		return;
	}
	self->partial_acked += acked;
	if (self->partial_acked < self->cwnd)
		return;
	self->partial_acked = used ? self->partial_acked - self->cwnd : self->cwnd;
	self->cwnd += used ? CHUNK_MAX : 0;
}

static void shrink(sctp_association *self)
{
	self->ssthresh = max32(self->cwnd / 2, 4 * CHUNK_MAX);
	self->partial_acked = 0;
}

static void cumulative_moved(sctp_association *self, uint32_t tsn, uint32_t *bytes)
{
	if (self->timing && !tsn_before(tsn, self->timed_tsn)) {
		self->timing = false;
		flow_round_trip(self, self->now - self->timed_at);
	}
	*bytes += outbound_acknowledge(self, tsn);
	if (self->fast_recovery && !tsn_before(tsn, self->recovery_exit))
		self->fast_recovery = false;
}

typedef struct {
	const uint8_t *blocks;
	size_t count;
} gap_blocks;

/* Section 6.2.1 D iii and reneging. Returns the highest TSN newly acknowledged, or `acked`. */
static uint32_t mark_gaps(sctp_association *self, gap_blocks gaps, uint32_t *bytes)
{
	uint32_t newest = self->acked, tsn = self->acked + 1;
	uint32_t outstanding = self->next_tsn - 1 - self->acked;

	for (size_t i = 0; i <= gaps.count; i++) {
		bool last = i == gaps.count;
		uint32_t start = last ? outstanding + 1 : bytes_read16(gaps.blocks + 4 * i);
		uint32_t end = last ? outstanding : bytes_read16(gaps.blocks + 4 * i + 2);

		if (end > outstanding && !last)
			break;
		for (; tsn - self->acked < start && tsn != self->next_tsn; tsn++) {
			outbound_chunk *chunk = outbound_at(self, tsn);

			if (chunk->state == OUT_ACKED) { /* reneged, or an older SACK came late */
				chunk->state = OUT_FLYING;
				self->flying += outbound_size(chunk);
			}
		}
		for (; tsn - self->acked <= end && tsn != self->next_tsn; tsn++) {
			outbound_chunk *chunk = outbound_at(self, tsn);

			if (chunk->state == OUT_FLYING) {
				self->flying -= outbound_size(chunk);
			} else if (chunk->state == OUT_LOST) {
				self->lost--;
			} else {
				continue;
			}
			*bytes += outbound_size(chunk);
			chunk->state = OUT_ACKED;
			newest = tsn;
			if (self->timing && tsn == self->timed_tsn) {
				self->timing = false;
				flow_round_trip(self, self->now - self->timed_at);
			}
		}
	}
	return newest;
}

/* Section 7.2.4. */
static void count_missing(sctp_association *self, uint32_t newest)
{
	bool lost = false;

	for (uint32_t tsn = self->acked + 1; tsn_before(tsn, newest); tsn++) {
		outbound_chunk *chunk = outbound_at(self, tsn);

		if (chunk->state != OUT_FLYING || chunk->fast_retransmitted ||
			++chunk->missing < MISSING_REPORTS)
			continue;
		chunk->fast_retransmitted = true;
		outbound_lose(self, tsn);
		lost = true;
	}
	if (!lost)
		return;
	if (!self->fast_recovery) {
		shrink(self);
		self->cwnd = self->ssthresh;
		self->fast_recovery = true;
		self->recovery_exit = self->next_tsn - 1;
	}
	self->fast_retransmit = self->lost != 0;
}

static void acknowledged(sctp_association *self, uint32_t bytes, bool moved, bool used)
{
	if (bytes != 0 || moved)
		self->errors = 0;
	if (bytes != 0)
		grow(self, bytes, moved, used);
	if (self->acked + 1 == self->next_tsn) {
		self->partial_acked = 0;
		association_timer_stop(self, TIMER_T3);
	} else if (moved) {
		association_timer(self, TIMER_T3, self->rto);
	}
	outbound_advance(self);
}

void flow_on_sack(sctp_association *self, const sctp_item *chunk)
{
	uint32_t tsn = bytes_read32(chunk->value), window = bytes_read32(chunk->value + 4);
	gap_blocks gaps = {chunk->value + SACK_HEADER - CHUNK_HEADER, bytes_read16(chunk->value + 8)};
	uint32_t bytes = 0, was_flying = self->flying;

	if (chunk->length < SACK_HEADER - CHUNK_HEADER + 4 * gaps.count || tsn_before(tsn, self->acked))
		return; /* cut short, or overtaken by a newer one */
	if (!tsn_before(tsn, self->next_tsn)) {
		association_fail(self, CAUSE_PROTOCOL_VIOLATION,
						 "the peer acknowledged data that was never sent");
		return;
	}
	bool moved = tsn != self->acked, recovering = self->fast_recovery;

	cumulative_moved(self, tsn, &bytes);
	uint32_t newest = mark_gaps(self, gaps, &bytes);

	/* In fast recovery, an advance makes all that is reported missing count (7.2.4). */
	if (recovering && moved && gaps.count > 0) {
		uint32_t end = self->acked + bytes_read16(gaps.blocks + 4 * gaps.count - 2);

		if (tsn_before(end, self->next_tsn))
			newest = end;
	}
	count_missing(self, newest);
	self->peer_window = window > self->flying ? window - self->flying : 0;
	if (self->flying != 0 && self->peer_window == 0)
		self->errors = 0; /* section 6.1: a peer without room is alive all the same */
	acknowledged(self, bytes, moved, was_flying >= self->cwnd);
	shutdown_progress(self);
}

void flow_on_cumulative(sctp_association *self, uint32_t tsn)
{
	uint32_t bytes = 0, was_flying = self->flying;

	if (!tsn_before(self->acked, tsn) || !tsn_before(tsn, self->next_tsn))
		return;
	cumulative_moved(self, tsn, &bytes);
	acknowledged(self, bytes, true, was_flying >= self->cwnd);
}

void flow_on_timeout(sctp_association *self)
{
	self->stats.timeouts++;
	if (!association_unanswered(self))
		return;
	shrink(self);
	self->cwnd = LOSS_WINDOW;
	self->fast_recovery = false;
	flow_back_off(self);
	for (uint32_t tsn = self->acked + 1; tsn != self->next_tsn; tsn++)
		outbound_lose(self, tsn);
	outbound_advance(self);
	association_timer(self, TIMER_T3, self->rto);
}
