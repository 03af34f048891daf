#include "association.h"

#include <string.h>

#include "../crypto/crypto.h"
#include "../port.h"
#include "internal.h"

#define DEFAULT_PORT 5000

static uint32_t clamp(uint32_t value, uint32_t least, uint32_t most)
{
	return value < least ? least : value > most ? most : value;
}

sctp_association *association_create(const sctp_config *config)
{
	sctp_association *self = port_alloc(sizeof *self, PORT_EXTERNAL, PORT_SCTP);

	if (self == NULL)
		return NULL;
	self->local_port = config->local_port != 0 ? config->local_port : DEFAULT_PORT;
	self->remote_port = config->remote_port != 0 ? config->remote_port : DEFAULT_PORT;
	self->max_message = config->max_message;
	for (int i = 0; i < TIMERS; i++)
		self->timers[i] = SCTP_NO_TIMEOUT;
	self->send_buffer = clamp(config->send_buffer, SCTP_BUFFER_MIN, SCTP_BUFFER_MAX);
	self->receive_buffer = clamp(config->receive_buffer, SCTP_BUFFER_MIN, SCTP_BUFFER_MAX);
	if (crypto_random((uint8_t *)&self->local_tsn, sizeof self->local_tsn) != 0 ||
		crypto_random((uint8_t *)&self->local_tag, sizeof self->local_tag) != 0 ||
		crypto_random(self->cookie_key, sizeof self->cookie_key) != 0) {
		association_free(self);
		return NULL;
	}
	self->local_tag |= self->local_tag == 0; /* RFC 9260 section 5.3.1 */
	self->next_tsn = self->reset_sequence = self->local_tsn;
	self->acked = self->forward = self->local_tsn - 1;
	self->streams_out = SCTP_STREAMS;
	self->current = SCTP_STREAMS - 1; /* stream 0 has the first turn */
	flow_start(self);
	return self;
}

void association_free(sctp_association *self)
{
	if (self == NULL)
		return;
	chain_pool_free(&self->send_pool);
	chain_pool_free(&self->receive_pool);
	port_free(self->flight);
	port_free(self->received);
	crypto_wipe(self, sizeof *self);
	port_free(self);
}

bool association_take_buffers(sctp_association *self)
{
	if (self->received != NULL || self->over)
		return !self->over;
	if (outbound_create(self) && inbound_create(self))
		return true;
	association_end(self, "no memory for data channels");
	return false;
}

void association_connect(sctp_association *self, uint64_t now)
{
	self->now = now;
	if (self->state != SCTP_CLOSED || self->over)
		return;
	self->state = SCTP_COOKIE_WAIT;
	self->pending |= PENDING_INIT;
	association_timer(self, TIMER_T1, self->rto);
}

void association_end(sctp_association *self, const char *reason)
{
	self->state = SCTP_CLOSED;
	self->over = true;
	self->reason = reason;
	self->pending = 0;
	for (int i = 0; i < TIMERS; i++)
		self->timers[i] = SCTP_NO_TIMEOUT;
}

void association_fail(sctp_association *self, cause_code cause, const char *reason)
{
	if (self->error_length == 0 || bytes_read16(self->error) != cause)
		association_report(self, cause, NULL, 0);
	association_end(self, reason);
	self->pending = PENDING_ABORT;
}

void association_refuse(sctp_association *self, uint32_t tag, bool reflected)
{
	self->refused_tag = tag;
	self->refused_reflected = reflected;
	self->pending |= PENDING_REFUSAL;
}

void association_abort(sctp_association *self, uint64_t now)
{
	self->now = now;
	if (self->over)
		return;
	bool known = self->remote_tag != 0;

	association_fail(self, CAUSE_USER_ABORT, "the association was aborted here");
	if (!known)
		self->pending = 0;
}

void association_report(sctp_association *self, cause_code cause, const uint8_t *value,
						size_t length)
{
	if (length > ERROR_MAX - PARAMETER_HEADER)
		length = ERROR_MAX - PARAMETER_HEADER;
	bytes_write16(self->error, cause);
	bytes_write16(self->error + 2, (uint32_t)(PARAMETER_HEADER + length));
	if (length > 0)
		memcpy(self->error + PARAMETER_HEADER, value, length);
	self->error_length = (uint16_t)(PARAMETER_HEADER + length);
	self->pending |= PENDING_ERROR;
}

bool association_unanswered(sctp_association *self)
{
	if (++self->errors <= RETRANSMITS_MAX)
		return true;
	association_fail(self, CAUSE_USER_ABORT, "the peer does not answer");
	return false;
}

void association_timer(sctp_association *self, sctp_timer timer, uint64_t delay)
{
	self->timers[timer] = self->now + delay;
}

void association_timer_stop(sctp_association *self, sctp_timer timer)
{
	self->timers[timer] = SCTP_NO_TIMEOUT;
}

static void on_t1(sctp_association *self)
{
	if (!association_unanswered(self))
		return;
	self->pending |= self->state == SCTP_COOKIE_WAIT ? PENDING_INIT : PENDING_COOKIE_ECHO;
	for (uint32_t tsn = self->acked + 1; tsn != self->next_tsn; tsn++)
		outbound_lose(self, tsn); /* what went with the cookie goes with it again */
	flow_back_off(self);
	association_timer(self, TIMER_T1, self->rto);
}

static void on_t2(sctp_association *self)
{
	if (!association_unanswered(self))
		return;
	self->pending |= self->state == SCTP_SHUTDOWN_SENT ? PENDING_SHUTDOWN : PENDING_SHUTDOWN_ACK;
	flow_back_off(self);
	association_timer(self, TIMER_T2, self->rto);
}

static void on_sack_delay(sctp_association *self)
{
	self->pending |= PENDING_SACK;
}

/*
 * Section 8.3: to a peer that data does not ask already, and not behind SHUTDOWN or its
 * acknowledgement: who has forgotten us by then would answer with an ABORT.
 */
static void on_heartbeat_time(sctp_association *self)
{
	if (self->state == SCTP_SHUTDOWN_SENT || self->state == SCTP_SHUTDOWN_ACK_SENT)
		return;
	if (self->heartbeat_at != 0 && !association_unanswered(self))
		return;
	if (self->heartbeat_at == 0 && self->sent_at + HEARTBEAT_INTERVAL > self->now) {
		association_timer(self, TIMER_HEARTBEAT, self->sent_at + HEARTBEAT_INTERVAL - self->now);
		return;
	}
	if (crypto_random(self->nonce, sizeof self->nonce) == 0) {
		self->heartbeat_at = self->now;
		self->pending |= PENDING_HEARTBEAT;
	}
	/* Half of the RTO more or less, at random. */
	association_timer(self, TIMER_HEARTBEAT,
					  HEARTBEAT_INTERVAL + self->rto / 2 + self->rto / 256 * self->nonce[0]);
}

void association_path_back(sctp_association *self, uint64_t now)
{
	static const sctp_timer waiting[] = {TIMER_T1, TIMER_T2, TIMER_T3, TIMER_RECONFIG};

	self->now = now;
	self->errors = 0;
	flow_forget_back_off(self);
	for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
		if (self->timers[waiting[i]] != SCTP_NO_TIMEOUT)
			self->timers[waiting[i]] = now;
}

uint64_t association_timeout(const sctp_association *self)
{
	uint64_t first = SCTP_NO_TIMEOUT;

	for (int i = 0; i < TIMERS; i++)
		if (self->timers[i] < first)
			first = self->timers[i];
	return first;
}

void association_handle_timeout(sctp_association *self, uint64_t now)
{
	static void (*const handlers[TIMERS])(sctp_association *) = {
		[TIMER_T1] = on_t1,
		[TIMER_T2] = on_t2,
		[TIMER_T3] = flow_on_timeout,
		[TIMER_SACK] = on_sack_delay,
		[TIMER_HEARTBEAT] = on_heartbeat_time,
		[TIMER_RECONFIG] = reset_on_timeout,
	};

	self->now = now;
	self->burst = 0;
	for (int i = 0; i < TIMERS; i++) {
		if (self->timers[i] > now)
			continue;
		self->timers[i] = SCTP_NO_TIMEOUT;
		handlers[i](self);
	}
}

void association_tell_stream(sctp_association *self, uint16_t stream, uint8_t event)
{
	self->streams[stream].events |= event;
	self->events |= UINT64_C(1) << stream;
}

/* The streams' next event of those in `wanted`, in the order that matters to their owner. */
static bool take_stream_event(sctp_association *self, uint8_t wanted, sctp_event *out)
{
	static const struct {
		uint8_t bit;
		sctp_event_type type;
	} order[] = {{STREAM_BUFFERED_LOW, SCTP_EVENT_BUFFERED_LOW},
				 {STREAM_RESET, SCTP_EVENT_STREAM_RESET},
				 {STREAM_CLOSED, SCTP_EVENT_STREAM_CLOSED}};

	for (uint16_t number = 0; number < SCTP_STREAMS && self->events >> number != 0; number++) {
		sctp_stream *stream = &self->streams[number];

		for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
			if (!(stream->events & wanted & order[i].bit))
				continue;
			stream->events &= (uint8_t)~order[i].bit;
			*out = (sctp_event){.type = order[i].type, .stream = number};
			return true;
		}
		if (stream->events == 0)
			self->events &= ~(UINT64_C(1) << number);
	}
	return false;
}

bool association_poll_event(sctp_association *self, sctp_event *out)
{
	if (self->was_established && !self->told_established) {
		self->told_established = true;
		*out = (sctp_event){.type = SCTP_EVENT_ESTABLISHED};
		return true;
	}
	if (!self->held && inbound_take(self, out))
		return true;
	/* A message that finds no memory, or no taker: nothing of the peer's may overtake it. What is
	 * ours goes on, for who holds the memory, or does not take it, may wait for just that. */
	const bool waits = self->held || self->look;

	if (!waits && !self->over)
		reset_progress(self);
	if (take_stream_event(self, waits ? STREAM_BUFFERED_LOW : UINT8_MAX, out))
		return true;
	if (self->tell_writable && !self->over) {
		self->tell_writable = false;
		*out = (sctp_event){.type = SCTP_EVENT_WRITABLE};
		return true;
	}
	if (!waits && self->over && !self->told_closed) {
		self->told_closed = true;
		*out = (sctp_event){.type = SCTP_EVENT_CLOSED, .reason = self->reason};
		return true;
	}
	return false;
}

void association_hold(sctp_association *self, bool hold)
{
	self->held = hold;
}

bool association_starves(const sctp_association *self)
{
	return self->look;
}

sctp_state association_state(const sctp_association *self)
{
	return self->state;
}

void association_get_stats(const sctp_association *self, sctp_stats *out)
{
	*out = self->stats;
	out->round_trip = self->srtt;
	out->cwnd = self->cwnd;
	out->peer_window = self->peer_window;
}
