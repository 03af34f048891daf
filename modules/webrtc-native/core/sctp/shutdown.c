/* The orderly end (RFC 9260 section 9.2). */
#include "internal.h"

void association_shutdown(sctp_association *self, uint64_t now)
{
	self->now = now;
	if (self->over)
		return;
	if (self->state < SCTP_ESTABLISHED) {
		association_abort(self, now);
	} else if (self->state == SCTP_ESTABLISHED) {
		self->state = SCTP_SHUTDOWN_PENDING;
		shutdown_progress(self);
	}
}

/* Everything was acknowledged: says that nothing more will come. */
void shutdown_progress(sctp_association *self)
{
	if (self->over || !outbound_is_empty(self))
		return;
	if (self->state == SCTP_SHUTDOWN_PENDING) {
		self->state = SCTP_SHUTDOWN_SENT;
		self->pending |= PENDING_SHUTDOWN;
	} else if (self->state == SCTP_SHUTDOWN_RECEIVED) {
		self->state = SCTP_SHUTDOWN_ACK_SENT;
		self->pending |= PENDING_SHUTDOWN_ACK;
	} else {
		return;
	}
	association_timer(self, TIMER_T2, self->rto);
}

void shutdown_on_shutdown(sctp_association *self, const sctp_item *chunk)
{
	if (self->state < SCTP_ESTABLISHED)
		return;
	flow_on_cumulative(self, bytes_read32(chunk->value));
	if (self->state == SCTP_SHUTDOWN_SENT) {
		self->state = SCTP_SHUTDOWN_ACK_SENT;
		self->pending &= ~(uint32_t)PENDING_SHUTDOWN;
		self->pending |= PENDING_SHUTDOWN_ACK;
		association_timer(self, TIMER_T2, self->rto);
	} else if (self->state == SCTP_SHUTDOWN_ACK_SENT) {
		self->pending |= PENDING_SHUTDOWN_ACK;
	} else {
		self->state = SCTP_SHUTDOWN_RECEIVED;
		shutdown_progress(self);
	}
}

void shutdown_on_ack(sctp_association *self, uint32_t tag)
{
	if (self->state == SCTP_SHUTDOWN_SENT || self->state == SCTP_SHUTDOWN_ACK_SENT) {
		association_end(self, NULL);
		self->reflected_tag = 0;
		self->pending = PENDING_SHUTDOWN_COMPLETE;
	} else if (self->state < SCTP_ESTABLISHED) {
		/* Section 8.4: our SHUTDOWN COMPLETE was lost. */
		self->reflected_tag = tag;
		self->pending |= PENDING_SHUTDOWN_COMPLETE;
	}
}

void shutdown_on_complete(sctp_association *self)
{
	if (self->state == SCTP_SHUTDOWN_ACK_SENT)
		association_end(self, NULL);
	else
		self->stats.dropped_unexpected++;
}
