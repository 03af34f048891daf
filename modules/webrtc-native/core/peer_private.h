/* What peer.c (life, demultiplexing) and peer_{state,media,rtcp,data}.c share. */
#ifndef LKXS_PEER_PRIVATE_H
#define LKXS_PEER_PRIVATE_H

#include "peer.h"
#include "rtp/rtcp.h"

#define PEER_NEVER UINT64_MAX
#define PEER_CNAME_MAX 31
#define PEER_EVENTS 16
/* Microseconds: a path without a sign of life is asked; an old path is used beside an ICE restart.
 */
#define PEER_QUIET 800000u
#define PEER_OLD_PATH 15000000u
#define PEER_WANTED 16 /* retransmissions asked for and not sent yet */

typedef struct {
	uint16_t sequence, length; /* length 0: empty */
	uint8_t bytes[PEER_HISTORY_BYTES];
} sent_packet;

typedef struct {
	bool used;
	char mid[RTP_MID_MAX + 1];
	char cname[PEER_CNAME_MAX + 1];
	rtp_extensions extensions;
	packet_ring *source;
	frame_transform transform; /* run NULL: none */
	uint8_t payload_type;
	uint16_t sequence;
	uint32_t timestamp_offset;
	rtp_sender sent;
	uint32_t lost; /* as the peer reports */

	bool sr_due;
	uint32_t last_sr; /* middle 32 bits of its NTP time */
	uint64_t last_sr_at;

	sent_packet *history; /* by sequence modulo PEER_HISTORY */
	uint16_t wanted[PEER_WANTED];
	uint8_t wanted_count;
} media_sender;

typedef struct {
	bool used;
	char mid[RTP_MID_MAX + 1];
	uint8_t payload_type;
	packet_ring *sink;
	frame_transform transform;
	rtp_receiver received; /* ssrc 0: not known yet */
} media_receiver;

struct peer {
	uint64_t now; /* of the call we are in */
	peer_state state;
	char reason[128];
	bool was_connected;
	uint32_t random;

	ice_agent *ice;
	dtls_transport *dtls;
	dtls_state dtls_state; /* as last reported */
	bool dtls_server;
	crypto_identity *identity;
	srtp_context *srtp_out, *srtp_in; /* exist only while DTLS is connected */
	/* DTLS that came before the answer or before ICE had the path: most often a ClientHello, which
	 * the peer would repeat only after a second. The newest one. */
	struct {
		uint8_t *bytes;
		size_t length;
		int socket;
		net_address from;
	} early;

	bool restarting;         /* ICE waits for the peer's next description */
	uint8_t fingerprint[32]; /* the peer's, once there is `dtls` */
	/* Where packets went before an ICE restart, until ICE knows better. */
	struct {
		uint64_t until; /* 0: nowhere */
		int socket;
		net_address to;
	} old_path;

	media_sender senders[PEER_SENDERS];
	media_receiver receivers[PEER_RECEIVERS];
	rtp_extensions extensions_in;
	bool sent_media, received_media;

	sctp_association *association; /* NULL until data channels are negotiated */
	dcep *channels;
	bool data_started;
	bool has_message;
	uint64_t hungry_until; /* no other word on a message that finds no memory before */
	peer_message message;  /* the one to be taken next */

	uint64_t rtcp_due;
	bool rr_due;
	uint32_t rtcp_ssrc; /* of reports while nothing is sent */
	char rtcp_cname[17];

	peer_event events[PEER_EVENTS];
	size_t event_first, event_count;
	size_t outbox_start, outbox_end;
	uint8_t outbox[PEER_OUTBOX]; /* two bytes of length, then the datagram; repeated */
	/* The one datagram that is worked on: as it came in, DTLS's data decrypted over it, or as it is
	 * made when polled. */
	uint8_t scratch[PEER_ROOM];
	peer_stats stats;
};

/* peer.c */
/** Has a datagram sent by the next polls; full, it is dropped and counted. */
void peer_queue(peer *self, const uint8_t *bytes, size_t length);
uint32_t peer_random(peer *self);

/* peer_state.c */
void peer_emit(peer *self, peer_event event);
dtls_transport *peer_create_dtls(peer *self, const peer_remote *remote);
/** Starts DTLS when ICE has a path, and brings all states up to date. After all that happens. */
void peer_progress(peer *self);
void peer_free_srtp(peer *self);
void peer_drop_early(peer *self);

/* peer_media.c */
void peer_rtp_input(peer *self, uint8_t *bytes, size_t length);
/** The next RTP packet, new or again, sealed in `scratch`; 0 when there is none. */
size_t peer_next_rtp(peer *self);
/** Empties the rings of senders that cannot send, so that nothing stale is sent later. */
void peer_discard_media(peer *self);
void peer_ask_again(peer *self, uint32_t ssrc, uint16_t sequence);
media_receiver *peer_receiver_of(peer *self, uint32_t ssrc);
media_sender *peer_sender_of(peer *self, uint32_t ssrc);

/* peer_data.c */
void peer_data_input(peer *self, const uint8_t *bytes, size_t length);
/** Connects when DTLS is up, and makes events of what happened. */
void peer_data_progress(peer *self);
/** Tells the owner of a message that finds no memory: it may hold others that it needs no more. */
void peer_data_hunger(peer *self);
uint64_t peer_data_timeout(const peer *self);
/** Gives the next SCTP packet to DTLS, which queues it; false when there is none. */
bool peer_next_data(peer *self);
void peer_data_free(peer *self);

/* peer_rtcp.c */
void peer_rtcp_input(peer *self, uint8_t *bytes, size_t length);
/** Media flows: reports are due within `delay` microseconds. */
void peer_rtcp_start(peer *self, uint64_t delay);
void peer_rtcp_timeout(peer *self);
/** The next report, sealed in `scratch`; 0 when none is due. */
size_t peer_next_rtcp(peer *self);
void peer_queue_bye(peer *self, media_sender *sender);

#endif
