/* What the binding's files for Peer share: xs_peer.c, xs_peer_{signal,ice,media,data,stats}.c,
 * xs_tap.c. */
#ifndef LKXS_XS_PEER_H
#define LKXS_XS_PEER_H

#include "xs_audio.h"

#include "../port/transport.h"

typedef struct {
	audio_uplink *uplink; /* NULL: a free place */
	microphone_object *microphone;
} sender_binding;

typedef struct tap_object tap_object;

typedef struct {
	audio_downlink *downlink; /* NULL: a free place */
	speaker_object *speaker;
	tap_object *taps[AUDIO_TAPS_MAX];
} receiver_binding;

typedef struct {
	xs_link link;
	port_peer *port;         /* NULL after close */
	packet_ring *events;     /* peer_event, and its reason as the body */
	atomic_uint data_events; /* bits by peer_event_type: READABLE, WRITABLE */
	bool holds_messages;     /* READABLE waits */
	size_t max_message;      /* bytes of the largest message in a data channel */
	uint32_t receive_buffer;
	size_t message_memory; /* bytes of native messages at which XS must look for garbage */
	bool loopback;
	uint32_t candidates_refused;
	sender_binding senders[PEER_SENDERS];       /* by core's index, which is the handle */
	receiver_binding receivers[PEER_RECEIVERS]; /* likewise */
} peer_object;

/** "host", "srflx", "prflx", "relay" by ice_candidate_type. */
extern const char *const candidate_type_names[ICE_RELAYED + 1];
/** Makes a Candidate of webrtc.ts. */
void candidate_to_object(xsMachine *the, xsSlot *out, const ice_candidate *candidate);

/** The object behind `this`; throws when it is closed. */
peer_object *open_peer(xsMachine *the);
/** Calls onChannelOpen. */
void deliver_channel_open(xsMachine *the, peer_object *object, const peer_event *event);
/** As open_peer(), behind `slot`. */
peer_object *peer_of(xsMachine *the, xsSlot *slot);
/** Calls onMessage or onWritable, if either is due, and sees to it that the rest follows. */
void deliver_data(xsMachine *the, peer_object *object);
/** Says BYE for all senders and takes senders and receivers off their devices. */
void remove_media(peer_object *object);

/** xs_peer_media.c: the receiver with that handle; RangeError when there is none. */
receiver_binding *receiver_of(xsMachine *the, peer_object *object, int index);
/** xs_tap.c: the receiver's taps come to their end; what they hold can still be read. */
void end_taps(receiver_binding *receiver);

/** "AB:CD:…" with its end. */
#define FINGERPRINT_TEXT 96

void fingerprint_format(const uint8_t fingerprint[32], char out[FINGERPRINT_TEXT]);
/** False unless `text` is 32 pairs of hexadecimal digits, of any case, with colons between. */
bool fingerprint_parse(uint8_t out[32], const char *text);

#endif
