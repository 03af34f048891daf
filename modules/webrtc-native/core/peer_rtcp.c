/* RTCP: when reports are due (RFC 3550 section 6.2, with fixed intervals), and what comes in. */
#include <string.h>

#include "audio/codec.h"
#include "peer_private.h"

#define REPORT_INTERVAL 1000000 /* microseconds, mean; randomised by 0.75 to 1.25 */
#define SR_INTERVAL 2750000     /* at least; every third report or so */

static uint64_t next_interval(peer *self)
{
	return REPORT_INTERVAL * 3 / 4 + peer_random(self) % (REPORT_INTERVAL / 2);
}

void peer_rtcp_start(peer *self, uint64_t delay)
{
	if (self->rtcp_due > self->now + delay)
		self->rtcp_due = self->now + delay;
}

void peer_rtcp_timeout(peer *self)
{
	self->rr_due = false;
	for (size_t i = 0; i < PEER_RECEIVERS; i++)
		self->rr_due |= self->receivers[i].used && self->receivers[i].received.started;
	for (size_t i = 0; i < PEER_SENDERS; i++) {
		media_sender *sender = &self->senders[i];
		sender->sr_due = sender->used && sender->sent.packets > 0 &&
						 (!sender->last_sr_at || self->now - sender->last_sr_at >= SR_INTERVAL);
	}
	self->rtcp_due = self->now + next_interval(self);
}

/* Report blocks go with whichever report comes first; asking for them starts a new interval. */
static size_t take_reports(peer *self, rtcp_report out[PEER_RECEIVERS])
{
	size_t count = 0;

	if (!self->rr_due)
		return 0;
	self->rr_due = false;
	for (size_t i = 0; i < PEER_RECEIVERS; i++)
		if (self->receivers[i].used && self->receivers[i].received.started)
			rtp_receiver_report(&self->receivers[i].received, &out[count++], self->now);
	if (count > 0) {
		/* From the clock's units without overflow: 48 ticks are 1,000 microseconds. */
		uint32_t jitter = out[count - 1].jitter;
		self->stats.jitter = (uint32_t)((uint64_t)jitter * 1000 / (AUDIO_RTP_CLOCK / 1000));
	}
	return count;
}

static size_t write_compound(peer *self, uint32_t ssrc, const rtp_sender *sent, const char *cname,
							 bool bye)
{
	rtcp_report reports[PEER_RECEIVERS];
	size_t count = bye ? 0 : take_reports(self, reports);
	size_t length = rtcp_write(ssrc, sent, AUDIO_RTP_CLOCK, reports, count, cname, bye,
							   self->scratch, NET_DATAGRAM_MAX - SRTCP_OVERHEAD, self->now);
	return length;
}

static size_t seal(peer *self, size_t length)
{
	if (length == 0 ||
		srtcp_seal(self->srtp_out, self->scratch, &length, NET_DATAGRAM_MAX) != SRTP_OK)
		return 0;
	self->stats.rtcp_out++;
	return length;
}

static size_t write_sender_report(peer *self, media_sender *sender)
{
	size_t length = write_compound(self, sender->sent.ssrc, &sender->sent, sender->cname, false);
	/* The NTP time is at bytes 8 to 15 (RFC 3550 section 6.4.1); receivers answer its middle. */
	if (length >= 16) {
		const uint8_t *middle = self->scratch + 10;
		sender->last_sr = (uint32_t)middle[0] << 24 | (uint32_t)middle[1] << 16 |
						  (uint32_t)middle[2] << 8 | middle[3];
		sender->last_sr_at = self->now;
	}
	return seal(self, length);
}

size_t peer_next_rtcp(peer *self)
{
	const media_sender *first = NULL;

	for (size_t i = 0; i < PEER_SENDERS; i++) {
		media_sender *sender = &self->senders[i];
		if (sender->sr_due) {
			sender->sr_due = false;
			return write_sender_report(self, sender);
		}
		if (sender->used && !first)
			first = sender;
	}
	if (!self->rr_due)
		return 0;
	return seal(self, write_compound(self, first ? first->sent.ssrc : self->rtcp_ssrc, NULL,
									 first ? first->cname : self->rtcp_cname, false));
}

void peer_queue_bye(peer *self, media_sender *sender)
{
	if (!self->srtp_out || sender->sent.packets == 0)
		return;
	size_t length =
		seal(self, write_compound(self, sender->sent.ssrc, &sender->sent, sender->cname, true));
	if (length > 0)
		peer_queue(self, self->scratch, length);
}

/* ---- In ---- */

static void on_sender_report(void *context, uint32_t ssrc, uint64_t ntp, uint32_t rtp_timestamp,
							 uint32_t packets, uint32_t octets)
{
	peer *self = context;
	media_receiver *receiver = ssrc ? peer_receiver_of(self, ssrc) : NULL;

	(void)rtp_timestamp, (void)packets, (void)octets;
	if (receiver) {
		receiver->received.last_sr = (uint32_t)(ntp >> 16);
		receiver->received.last_sr_at = self->now;
	}
}

static void on_report(void *context, uint32_t from, const rtcp_report *report)
{
	peer *self = context;
	media_sender *sender = peer_sender_of(self, report->ssrc);

	(void)from;
	if (!sender)
		return;
	sender->lost = report->cumulative_lost > 0 ? (uint32_t)report->cumulative_lost : 0;
	if (!sender->last_sr_at || report->last_sr != sender->last_sr)
		return;
	uint64_t held = (uint64_t)report->delay_since_last_sr * 1000000 / 65536;
	uint64_t passed = self->now - sender->last_sr_at;
	if (passed >= held)
		self->stats.round_trip = (uint32_t)(passed - held);
}

static void on_bye(void *context, uint32_t ssrc)
{
	peer *self = context;

	peer_emit(self, (peer_event){.type = PEER_EVENT_BYE, .ssrc = ssrc});
}

static void on_nack(void *context, uint32_t ssrc, uint16_t sequence)
{
	peer_ask_again(context, ssrc, sequence);
}

void peer_rtcp_input(peer *self, uint8_t *bytes, size_t length)
{
	static const rtcp_handler handler = {
		.sender_report = on_sender_report,
		.report = on_report,
		.bye = on_bye,
		.nack = on_nack,
	};

	if (srtcp_open(self->srtp_in, bytes, &length) != SRTP_OK)
		return; /* counted there, by reason */
	ice_agent_alive(self->ice, self->now);
	self->stats.rtcp_in++;
	if (rtcp_read(bytes, length, &handler, self) != 0)
		self->stats.dropped_malformed++;
}
