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
#include "ice/turn.h"
#include "ring.h"
#include "rtp/rtp.h"
#include "rtp/transform.h"
#include "sctp/dcep.h"
#include "srtp/srtp.h"

typedef enum { PEER_SETUP_ACTPASS, PEER_SETUP_ACTIVE, PEER_SETUP_PASSIVE } peer_setup;

/** Bytes: a datagram, with what a relay puts around it. */
#define PEER_ROOM TURN_MESSAGE_MAX

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
	PEER_EVENT_BYE,            /* `ssrc` */
	PEER_EVENT_CHANNEL_OPEN,   /* `channel` */
	PEER_EVENT_CHANNEL_CLOSED, /* `channel` */
	PEER_EVENT_READABLE,     /* peer_take_message() has one, or has no memory for it; comes again */
	PEER_EVENT_WRITABLE,     /* there is room for a message that was refused */
	PEER_EVENT_BUFFERED_LOW, /* `channel`: peer_buffered() fell to its low water */
	PEER_EVENT_DATA_ENDED,   /* all channels are over; `reason` may be NULL */
	PEER_EVENT_CANDIDATE     /* `candidate`: from the port, to be signalled */
} peer_event_type;

typedef struct {
	peer_event_type type;
	peer_state state;
	ice_state ice;
	dtls_state dtls;
	uint64_t at; /* microseconds */
	uint32_t ssrc;
	int channel;
	const char *reason;             /* one line for people; valid as long as the peer */
	const ice_candidate *candidate; /* valid as long as the callback */
} peer_event;

/** Bytes, with the limits of sctp_config. */
typedef struct {
	uint32_t send_buffer, receive_buffer;
	uint32_t max_message; /* inbound; larger ones are refused and counted */
	uint16_t remote_port; /* a=sctp-port; 0 takes 5000 */
} peer_data_config;

typedef struct {
	int channel;
	uint8_t *bytes; /* the caller's, to be given to port_free(); NULL when it is empty */
	size_t length;
} peer_message;

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
	uint64_t rtp_payload_in, rtp_payload_out;
	uint32_t lost;        /* packets lost towards us, all receivers */
	uint32_t remote_lost; /* packets of ours the peer reports lost */
	uint32_t round_trip;  /* microseconds, from RTCP, 0 if unknown */
	uint32_t jitter;      /* microseconds, of the newest receiver report of ours */
	/* Drops, each packet in one: */
	uint32_t dropped_unknown_kind, dropped_before_keys, dropped_unknown_stream, dropped_malformed;
	uint32_t dropped_path, dropped_sink_full, dropped_outbox_full;
	uint32_t dropped_unsendable;  /* encoded audio or SCTP that found no keys, path or memory */
	uint32_t dropped_transform;   /* frames, either way: not wanted by their transform */
	uint32_t dropped_application; /* DTLS application data where no channels are negotiated */
	uint32_t dropped_events;
} peer_stats;

typedef struct peer peer;

peer *peer_create(const peer_config *config, uint64_t now);
void peer_free(peer *peer);

ice_agent *peer_ice(peer *peer);
/**
 * 0, or -1: bad credentials, or DTLS could not be created. Once, and once after each restart: then
 * ICE credentials are taken, and another fingerprint is refused.
 */
int peer_set_remote(peer *peer, const peer_remote *remote, uint64_t now);
/**
 * ICE restart (ice_agent_restart()) under the DTLS association, which goes on. Until ICE has a path
 * again, packets go and may come on the old one, while consent for it lasts and its socket is
 * there: else tell with peer_forget_path(). 0, or -1: closed, no remote description yet, or no
 * entropy.
 */
int peer_restart_ice(peer *peer, uint64_t now);
/** `socket` is gone, and the old path with it if that led over it. */
void peer_forget_path(peer *peer, int socket);
/** ice_agent_remove_local(). */
void peer_remove_local(peer *peer, int socket, uint64_t now);
/** Where packets go now: ICE's path, or the old one beside an ICE restart. */
bool peer_path(const peer *peer, int *socket, net_address *to);
/** The connection from `socket` to `to` broke: ice_agent_lost(). */
void peer_lost(peer *peer, int socket, const net_address *to, uint64_t now);

/**
 * Index of the sender or receiver, or -1 when there are too many or a mid is already in use. A
 * sender with the SSRC of one that was removed continues its sequence numbers.
 */
int peer_add_sender(peer *peer, const peer_sender_config *config);
int peer_add_receiver(peer *peer, const peer_receiver_config *config);
/** Stops using the ring; it may be freed after this returns. BYE is sent for a sender. */
void peer_remove_sender(peer *peer, int index, uint64_t now);
void peer_remove_receiver(peer *peer, int index);

/**
 * What all frames of the sender, or receiver, go through from now on; copied, and NULL for nothing.
 * A new one begins without.
 */
void peer_transform_sender(peer *peer, int index, const frame_transform *transform);
void peer_transform_receiver(peer *peer, int index, const frame_transform *transform);

/**
 * m=application is negotiated: connects data channels as soon as DTLS is up. The memory of their
 * buffers is taken when the peer answers: DTLS has given its handshake's back by then. Without it
 * PEER_EVENT_DATA_ENDED comes. Once. 0, or -1: a second time, closed, or no memory.
 */
int peer_open_data(peer *peer, const peer_data_config *config, uint64_t now);
/** The channel's number, or DCEP_NO_CHANNEL. May be sent on at once. */
int peer_open_channel(peer *peer, const dcep_options *options, uint64_t now);
/** The bytes are copied. After SCTP_FULL, PEER_EVENT_WRITABLE comes. */
sctp_send_result peer_send_message(peer *peer, int channel, const uint8_t *bytes, size_t length,
								   uint64_t now);
/** Bytes that wait on the channel and were never sent. */
uint32_t peer_buffered(const peer *peer, int channel);
/** The channel's label as it was opened; "" when there is no such channel. Valid until it closes.
 */
const char *peer_channel_label(const peer *peer, int channel);
/** Messages of a reliable channel that the other side has not got; see association_undelivered().
 */
uint32_t peer_undelivered(const peer *peer, int channel);
/** PEER_EVENT_BUFFERED_LOW comes when peer_buffered() falls to `bytes` from above. */
void peer_set_low_water(peer *peer, int channel, uint32_t bytes);
/** The oldest message; while messages are not taken, the sender's window closes. */
bool peer_take_message(peer *peer, peer_message *out, uint64_t now);

/**
 * Where a datagram for peer_input() can be received, so that no stack needs room for it: PEER_ROOM
 * bytes, until the next call of any function here.
 */
uint8_t *peer_room(peer *peer);
/** `bytes` are worked on in place. They may be in peer_room(). */
void peer_input(peer *peer, int socket, const net_address *from, uint8_t *bytes, size_t length,
				uint64_t now);
/** There is something in a sender's ring: drain the datagrams to send it. */
void peer_pump(peer *peer, uint64_t now);
uint64_t peer_timeout(const peer *peer);
void peer_handle_timeout(peer *peer, uint64_t now);
bool peer_poll_datagram(peer *peer, ice_datagram *out);
bool peer_poll_event(peer *peer, peer_event *out);
/** BYE and close_notify; drain the datagrams, then free. */
void peer_close(peer *peer, uint64_t now);
void peer_get_stats(const peer *peer, peer_stats *out);

#endif
