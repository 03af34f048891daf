/*
 * Data channels (RFC 8831) on an SCTP association, opened by DCEP (RFC 8832), sans-IO. The owner
 * goes on driving the association, but takes its events from here.
 */
#ifndef LKXS_SCTP_DCEP_H
#define LKXS_SCTP_DCEP_H

#include "association.h"

#define DCEP_LABEL_MAX 64 /* bytes of UTF-8; a longer label is refused */
#define DCEP_NO_CHANNEL (-1)

typedef struct {
	const char *label;
	bool unordered;
	sctp_reliability reliability;
	uint32_t limit; /* as in sctp_message */
} dcep_options;

typedef enum {
	DCEP_EVENT_CONNECTED,    /* the association is up */
	DCEP_EVENT_OPEN,         /* `channel`: ours was acknowledged, or the peer's was accepted */
	DCEP_EVENT_MESSAGE,      /* `channel`, `bytes`, `length`, `text` */
	DCEP_EVENT_BUFFERED_LOW, /* `channel` */
	DCEP_EVENT_WRITABLE,     /* there is room for a message that was refused */
	DCEP_EVENT_CLOSED,       /* `channel` is over: its number may come back */
	DCEP_EVENT_DISCONNECTED  /* the last; all channels are over, without an event each */
} dcep_event_type;

typedef struct {
	dcep_event_type type;
	int channel;
	bool text;
	uint8_t *bytes; /* the caller's, to be given to port_free(); NULL for an empty message */
	size_t length;
	const char *reason; /* DISCONNECTED; NULL after an orderly shutdown */
} dcep_event;

typedef struct {
	uint32_t refused_channels;   /* the peer's: too many, label too long, wrong parity, in use */
	uint32_t dropped_malformed;  /* DCEP messages */
	uint32_t dropped_no_channel; /* messages on a stream that is no channel */
	uint32_t dropped_ppid;       /* messages of a kind unknown here */
} dcep_stats;

typedef struct dcep dcep;

/** NULL without memory. The association is the owner's and must live longer. */
dcep *dcep_create(sctp_association *association);
void dcep_free(dcep *channels);

/** DTLS is up: connects the association. Its client has the even streams (RFC 8832 section 6). */
void dcep_connect(dcep *channels, bool dtls_client, uint64_t now);

/**
 * The channel's number, below DCEP_CHANNELS, or DCEP_NO_CHANNEL: too many, or the label too long.
 * May be called before dcep_connect(), and sent on right after it.
 */
int dcep_open(dcep *channels, const dcep_options *options, uint64_t now);
/** As association_send(); SCTP_NOT_OPEN also when there is no such channel. Length 0 is legal. */
sctp_send_result dcep_send(dcep *channels, int channel, const uint8_t *bytes, size_t length,
						   bool text, uint64_t now);
/** What was sent before still goes out. DCEP_EVENT_CLOSED follows when both sides have closed. */
void dcep_close(dcep *channels, int channel, uint64_t now);
bool dcep_poll_event(dcep *channels, dcep_event *out, uint64_t now);

/** RTCDataChannel's bufferedAmount and bufferedAmountLowThreshold, in bytes. */
uint32_t dcep_buffered(const dcep *channels, int channel);
/** association_undelivered() of the channel's stream; its OPEN is one of them. */
uint32_t dcep_undelivered(const dcep *channels, int channel, bool lost);
void dcep_set_low_water(dcep *channels, int channel, uint32_t bytes);

/** False when there is no such channel. The label is valid until the channel is closed. */
bool dcep_get_options(const dcep *channels, int channel, dcep_options *out);
void dcep_get_stats(const dcep *channels, dcep_stats *out);

#endif
