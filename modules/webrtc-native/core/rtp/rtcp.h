/*
 * RTCP (RFC 3550, RFC 4585 generic NACK, RFC 5506 reduced size) for audio: SR, RR, SDES CNAME, BYE.
 * rtcp_read() walks a compound packet and calls back per item.
 */
#ifndef LKXS_RTCP_H
#define LKXS_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
	uint32_t ssrc;           /* the stream that is reported on */
	uint8_t fraction_lost;   /* 1/256 */
	int32_t cumulative_lost; /* 24 bit signed */
	uint32_t highest_sequence;
	uint32_t jitter;                       /* RTP clock units */
	uint32_t last_sr, delay_since_last_sr; /* 1/65536 s */
} rtcp_report;

typedef struct {
	/** Any may be NULL. */
	void (*sender_report)(void *context, uint32_t ssrc, uint64_t ntp, uint32_t rtp_timestamp,
						  uint32_t packets, uint32_t octets);
	void (*report)(void *context, uint32_t from, const rtcp_report *report);
	void (*bye)(void *context, uint32_t ssrc);
	/** One lost packet the peer asks for. */
	void (*nack)(void *context, uint32_t media_ssrc, uint16_t sequence);
} rtcp_handler;

/** 0, or -1 when malformed (items before the fault have been delivered). Unknown types are skipped.
 */
int rtcp_read(const uint8_t *bytes, size_t length, const rtcp_handler *handler, void *context);

/** What a local RTP stream has sent; becomes the SR. */
typedef struct {
	uint32_t ssrc, packets, octets; /* octets: payload only */
	uint32_t last_timestamp;
	uint64_t last_sent; /* microseconds, when last_timestamp was sampled */
} rtp_sender;

/** What was received of a remote stream (RFC 3550 A.1, A.3, A.8); becomes a report block. */
typedef struct {
	uint32_t ssrc;
	uint32_t clock_rate;
	bool started;
	uint16_t base_sequence, max_sequence;
	bool restart_pending; /* a wild jump: restart_sequence next means that the sender began anew */
	uint16_t restart_sequence;
	uint32_t cycles; /* shifted by 16 */
	uint32_t received, expected_prior, received_prior;
	uint32_t jitter; /* scaled by 16 */
	bool has_transit;
	uint32_t last_transit; /* arrival minus timestamp, RTP clock units */
	uint64_t bytes;
	uint32_t last_sr;
	uint64_t last_sr_at; /* microseconds */
	uint32_t duplicates_or_late;
} rtp_receiver;

void rtp_receiver_init(rtp_receiver *receiver, uint32_t ssrc, uint32_t clock_rate);
void rtp_receiver_packet(rtp_receiver *receiver, uint16_t sequence, uint32_t timestamp,
						 size_t payload_length, uint64_t now);
void rtp_receiver_report(rtp_receiver *receiver, rtcp_report *out, uint64_t now);
uint32_t rtp_receiver_lost(const rtp_receiver *receiver);

/**
 * Compound packet: SR when `sender` has sent anything, else RR with `ssrc`; report blocks (at most
 * 31); SDES with `cname`; BYE for `ssrc` when `bye`. The length, or 0 when `room` is too small.
 */
size_t rtcp_write(uint32_t ssrc, const rtp_sender *sender, uint32_t clock_rate,
				  const rtcp_report *reports, size_t count, const char *cname, bool bye,
				  uint8_t *out, size_t room, uint64_t now);

#endif
