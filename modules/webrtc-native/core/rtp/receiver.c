/* What a receiver knows of a stream: RFC 3550 appendix A.1 (sequence), A.3 (loss), A.8 (jitter). */
#include <string.h>

#include "rtcp.h"

#define MAX_DROPOUT 3000 /* forward jumps up to this are loss */
#define MAX_MISORDER 100 /* backward jumps up to this are reordering */

void rtp_receiver_init(rtp_receiver *receiver, uint32_t ssrc, uint32_t clock_rate)
{
	memset(receiver, 0, sizeof *receiver);
	receiver->ssrc = ssrc;
	receiver->clock_rate = clock_rate;
}

static void start_sequence(rtp_receiver *receiver, uint16_t sequence)
{
	receiver->started = true;
	receiver->base_sequence = receiver->max_sequence = sequence;
	receiver->cycles = 0;
	receiver->received = receiver->received_prior = receiver->expected_prior = 0;
	receiver->restart_pending = false;
	receiver->has_transit = false;
}

/* False when the packet is to be left out of the figures: the first after a wild jump. */
static bool update_sequence(rtp_receiver *receiver, uint16_t sequence)
{
	uint16_t ahead = (uint16_t)(sequence - receiver->max_sequence);

	if (!receiver->started) {
		start_sequence(receiver, sequence);
	} else if (ahead > 0 && ahead < MAX_DROPOUT) {
		if (sequence < receiver->max_sequence)
			receiver->cycles += 0x10000;
		receiver->max_sequence = sequence;
	} else if (ahead == 0 || ahead > 0x10000 - MAX_MISORDER) {
		receiver->duplicates_or_late++;
	} else if (receiver->restart_pending && sequence == receiver->restart_sequence) {
		start_sequence(receiver, sequence); /* two in a row: the sender began anew */
	} else {
		receiver->restart_pending = true;
		receiver->restart_sequence = (uint16_t)(sequence + 1);
		return false;
	}
	receiver->received++;
	return true;
}

void rtp_receiver_packet(rtp_receiver *receiver, uint16_t sequence, uint32_t timestamp,
						 size_t payload_length, uint64_t now)
{
	receiver->bytes += payload_length;
	if (!update_sequence(receiver, sequence))
		return;

	uint32_t transit = (uint32_t)(now * receiver->clock_rate / 1000000) - timestamp;
	if (receiver->has_transit) {
		int32_t change = (int32_t)(transit - receiver->last_transit);
		uint32_t distance = change < 0 ? 0u - (uint32_t)change : (uint32_t)change;

		receiver->jitter += distance - ((receiver->jitter + 8) >> 4);
	}
	receiver->last_transit = transit;
	receiver->has_transit = true;
}

static uint32_t highest_sequence(const rtp_receiver *receiver)
{
	return receiver->cycles + receiver->max_sequence;
}

static uint32_t expected(const rtp_receiver *receiver)
{
	return receiver->started ? highest_sequence(receiver) - receiver->base_sequence + 1 : 0;
}

void rtp_receiver_report(rtp_receiver *receiver, rtcp_report *out, uint64_t now)
{
	uint32_t total = expected(receiver);
	int32_t lost = (int32_t)(total - receiver->received);
	uint32_t expected_interval = total - receiver->expected_prior;
	uint32_t received_interval = receiver->received - receiver->received_prior;
	int32_t lost_interval = (int32_t)(expected_interval - received_interval);

	receiver->expected_prior = total;
	receiver->received_prior = receiver->received;

	if (lost > 0x7fffff)
		lost = 0x7fffff;
	if (lost < -0x800000)
		lost = -0x800000;
	memset(out, 0, sizeof *out);
	out->ssrc = receiver->ssrc;
	if (expected_interval > 0 && lost_interval > 0) {
		uint64_t fraction = ((uint64_t)lost_interval << 8) / expected_interval;

		out->fraction_lost = fraction > 255 ? 255 : (uint8_t)fraction;
	}
	out->cumulative_lost = lost;
	out->highest_sequence = highest_sequence(receiver);
	out->jitter = receiver->jitter >> 4;
	if (receiver->last_sr) {
		out->last_sr = receiver->last_sr;
		out->delay_since_last_sr = (uint32_t)(((now - receiver->last_sr_at) << 16) / 1000000);
	}
}

uint32_t rtp_receiver_lost(const rtp_receiver *receiver)
{
	int32_t lost = (int32_t)(expected(receiver) - receiver->received);

	return lost > 0 ? (uint32_t)lost : 0;
}
