/*
 * One RTCPeerConnection's packets, sans-IO: ICE, DTLS, SRTP, RTP, RTCP and SCTP behind one door.
 * Text (SDP, candidate lines) never comes here; TypeScript hands in fields.
 *
 * Like the agent: feed with peer_input() and peer_handle_timeout(), then drain
 * peer_poll_datagram() and peer_poll_event().
 */
#ifndef LKXS_PEER_H
#define LKXS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "dtls/dtls.h"
#include "ice/agent.h"
#include "ring.h"
#include "rtp/rtp.h"
#include "sctp/dcep.h"
#include "srtp/srtp.h"

#define PEER_SENDERS 2
#define PEER_RECEIVERS 8

typedef enum { PEER_SETUP_ACTPASS, PEER_SETUP_ACTIVE, PEER_SETUP_PASSIVE } peer_setup;

/** RTCPeerConnectionState. */
typedef enum {
	PEER_NEW,
	PEER_CONNECTING,
	PEER_CONNECTED,
	PEER_DISCONNECTED,
	PEER_FAILED,
	PEER_CLOSED
} peer_state;

typedef struct {
	bool controlling;
	const crypto_identity *identity; /* copied */
	ice_config ice;
	sctp_config data; /* send_buffer 0: no data channels */
} peer_config;

/** The remote description's transport part. */
typedef struct {
	const char *ufrag, *pwd;
	bool ice_lite;
	uint8_t fingerprint[32];
	peer_setup setup; /* the peer's: ACTIVE makes us the DTLS server */
} peer_remote;

typedef struct {
	char mid[RTP_MID_MAX + 1];
	uint32_t ssrc;
	uint8_t payload_type;
	rtp_extensions extensions;
	const char *cname;   /* copied, at most 31 bytes */
	packet_ring *source; /* records with audio_uplink_head; read by peer_pump() */
} peer_sender_config;

typedef struct {
	char mid[RTP_MID_MAX + 1];
	uint32_t
		ssrc; /* 0: learnt from the MID extension, or from the only receiver of the payload type */
	uint8_t payload_type;
	rtp_extensions extensions;
	packet_ring *sink; /* records with audio_downlink_head */
} peer_receiver_config;

typedef enum {
	PEER_EVENT_STATE, /* `state`, and `reason` when FAILED */
	PEER_EVENT_ICE_STATE,
	PEER_EVENT_DTLS_STATE,
	PEER_EVENT_FIRST_PACKET_OUT, /* `at` */
	PEER_EVENT_FIRST_PACKET_IN,
	PEER_EVENT_BYE, /* `ssrc` */
	PEER_EVENT_DATA /* `data`; whoever polls it owns its bytes */
} peer_event_type;

typedef struct {
	peer_event_type type;
	peer_state state;
	ice_state ice;
	dtls_state dtls;
	uint64_t at; /* microseconds */
	uint32_t ssrc;
	const char *reason; /* one line for people; valid as long as the peer */
	dcep_event data;
} peer_event;

typedef struct {
	ice_stats ice;
	dtls_stats dtls;
	srtp_stats srtp_out, srtp_in;
	sctp_stats sctp;
	dcep_stats dcep;
	uint32_t datagrams_in, datagrams_out;
	uint64_t bytes_in, bytes_out;
	uint32_t rtp_in, rtp_out, rtcp_in, rtcp_out;
	uint32_t nacks_in, retransmitted; /* packets asked for again; of these, sent again */
	uint32_t application_in;          /* SCTP packets out of DTLS */
	uint64_t rtp_payload_in, rtp_payload_out;
	uint32_t lost;        /* packets lost towards us, all receivers */
	uint32_t remote_lost; /* packets of ours the peer reports lost */
	uint32_t round_trip;  /* microseconds, from RTCP, 0 if unknown */
	uint32_t jitter;      /* microseconds, of the newest receiver report of ours */
	/* Drops, each packet in one: */
	uint32_t dropped_unknown_kind, dropped_before_keys, dropped_unknown_stream, dropped_malformed;
	uint32_t dropped_path, dropped_sink_full, dropped_outbox_full;
	uint32_t dropped_unsendable;  /* encoded audio that found no keys or no path */
	uint32_t dropped_application; /* of application_in: there are no data channels */
	uint32_t dropped_events;
} peer_stats;

typedef struct peer peer;

peer *peer_create(const peer_config *config, uint64_t now);
void peer_free(peer *peer);

ice_agent *peer_ice(peer *peer);
/** 0, or -1: bad credentials, or DTLS could not be created. May be called once (restarts: issue E).
 */
int peer_set_remote(peer *peer, const peer_remote *remote, uint64_t now);

/**
 * Index of the sender or receiver, or -1 when there are too many or a mid is already in use. A
 * sender with the SSRC of one that was removed continues its sequence numbers.
 */
int peer_add_sender(peer *peer, const peer_sender_config *config);
int peer_add_receiver(peer *peer, const peer_receiver_config *config);
/** Stops using the ring; it may be freed after this returns. BYE is sent for a sender. */
void peer_remove_sender(peer *peer, int index, uint64_t now);
void peer_remove_receiver(peer *peer, int index);

/*
 * Data channels, as in sctp/dcep.h; drain the datagrams after each. A channel may be opened before
 * there is a connection.
 */
int peer_open_channel(peer *peer, const dcep_options *options, uint64_t now);
sctp_send_result peer_send(peer *peer, int channel, const uint8_t *bytes, size_t length, bool text,
						   uint64_t now);
void peer_close_channel(peer *peer, int channel, uint64_t now);
/** For what changes nothing on the wire: options, bufferedAmount, low water. NULL without data. */
dcep *peer_channels(peer *peer);

void peer_input(peer *peer, int socket, const net_address *from, uint8_t *bytes, size_t length,
				uint64_t now);
/** There is something in a sender's ring: drain the datagrams to send it. */
void peer_pump(peer *peer, uint64_t now);
uint64_t peer_timeout(const peer *peer);
void peer_handle_timeout(peer *peer, uint64_t now);
bool peer_poll_datagram(peer *peer, ice_datagram *out);
/** Data channels answer here (and open their window): drain the datagrams after the events too. */
bool peer_poll_event(peer *peer, peer_event *out);
/** BYE and close_notify; drain the datagrams, then free. */
void peer_close(peer *peer, uint64_t now);
void peer_get_stats(const peer *peer, peer_stats *out);

#endif
