/* Peer.stats: every counter of the peer and of its senders and receivers, as one flat object. */
#include <stddef.h>

#include "xs_peer.h"

typedef struct {
	const char *name;
	uint16_t offset;
	uint8_t size;
} field;

#define FIELD(type, member, name)                                                                  \
	{                                                                                              \
		name, (uint16_t)offsetof(type, member), (uint8_t)sizeof(((type *)0)->member)               \
	}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const field peer_fields[] = {
	FIELD(port_peer_stats, core.datagrams_in, "datagramsIn"),
	FIELD(port_peer_stats, core.datagrams_out, "datagramsOut"),
	FIELD(port_peer_stats, core.bytes_in, "bytesIn"),
	FIELD(port_peer_stats, core.bytes_out, "bytesOut"),
	FIELD(port_peer_stats, core.rtp_in, "rtpIn"),
	FIELD(port_peer_stats, core.rtp_out, "rtpOut"),
	FIELD(port_peer_stats, core.rtcp_in, "rtcpIn"),
	FIELD(port_peer_stats, core.rtcp_out, "rtcpOut"),
	FIELD(port_peer_stats, core.nacks_in, "nacksIn"),
	FIELD(port_peer_stats, core.retransmitted, "retransmitted"),
	FIELD(port_peer_stats, core.rtp_payload_in, "rtpPayloadIn"),
	FIELD(port_peer_stats, core.rtp_payload_out, "rtpPayloadOut"),
	FIELD(port_peer_stats, core.lost, "lost"),
	FIELD(port_peer_stats, core.remote_lost, "remoteLost"),
	FIELD(port_peer_stats, core.round_trip, "roundTrip"),
	FIELD(port_peer_stats, core.jitter, "jitter"),
	FIELD(port_peer_stats, core.dropped_unknown_kind, "droppedUnknownKind"),
	FIELD(port_peer_stats, core.dropped_before_keys, "droppedBeforeKeys"),
	FIELD(port_peer_stats, core.dropped_unknown_stream, "droppedUnknownStream"),
	FIELD(port_peer_stats, core.dropped_malformed, "droppedMalformed"),
	FIELD(port_peer_stats, core.dropped_path, "droppedPath"),
	FIELD(port_peer_stats, core.dropped_sink_full, "droppedSinkFull"),
	FIELD(port_peer_stats, core.dropped_outbox_full, "droppedOutboxFull"),
	FIELD(port_peer_stats, core.dropped_unsendable, "droppedUnsendable"),
	FIELD(port_peer_stats, core.dropped_transform, "droppedTransform"),
	FIELD(port_peer_stats, core.dropped_application, "droppedApplication"),
	FIELD(port_peer_stats, core.dropped_events, "droppedEvents"),
	FIELD(port_peer_stats, dropped_send, "droppedSend"),
	FIELD(port_peer_stats, dropped_oversize, "droppedOversize"),
	FIELD(port_peer_stats, relays_failed, "relaysFailed"),
	FIELD(port_peer_stats, turn.requests, "turnRequests"),
	FIELD(port_peer_stats, turn.retransmissions, "turnRetransmissions"),
	FIELD(port_peer_stats, turn.stale_nonces, "turnStaleNonces"),
	FIELD(port_peer_stats, turn.dropped_malformed, "turnDroppedMalformed"),
	FIELD(port_peer_stats, turn.dropped_integrity, "turnDroppedIntegrity"),
	FIELD(port_peer_stats, turn.dropped_unknown_transaction, "turnDroppedUnknownTransaction"),
	FIELD(port_peer_stats, turn.dropped_channel, "turnDroppedChannel"),
	FIELD(port_peer_stats, turn.dropped_peer, "turnDroppedPeer"),
	FIELD(port_peer_stats, core.ice.checks_sent, "iceChecksSent"),
	FIELD(port_peer_stats, core.ice.checks_received, "iceChecksReceived"),
	FIELD(port_peer_stats, core.ice.responses_received, "iceResponsesReceived"),
	FIELD(port_peer_stats, core.ice.dropped_malformed, "iceDroppedMalformed"),
	FIELD(port_peer_stats, core.ice.dropped_integrity, "iceDroppedIntegrity"),
	FIELD(port_peer_stats, core.ice.dropped_unknown_transaction, "iceDroppedUnknownTransaction"),
	FIELD(port_peer_stats, core.ice.dropped_username, "iceDroppedUsername"),
	FIELD(port_peer_stats, core.ice.role_conflicts, "iceRoleConflicts"),
	FIELD(port_peer_stats, core.ice.remote_candidates_ignored, "iceRemoteCandidatesIgnored"),
	FIELD(port_peer_stats, core.ice.rtt, "iceRtt"),
	FIELD(port_peer_stats, core.dtls.datagrams_in, "dtlsDatagramsIn"),
	FIELD(port_peer_stats, core.dtls.datagrams_out, "dtlsDatagramsOut"),
	FIELD(port_peer_stats, core.dtls.retransmissions, "dtlsRetransmissions"),
	FIELD(port_peer_stats, core.dtls.dropped, "dtlsDropped"),
	FIELD(port_peer_stats, core.srtp_out.packets, "srtpOutPackets"),
	FIELD(port_peer_stats, core.srtp_out.malformed, "srtpOutMalformed"),
	FIELD(port_peer_stats, core.srtp_out.authentication, "srtpOutAuthentication"),
	FIELD(port_peer_stats, core.srtp_out.replayed, "srtpOutReplayed"),
	FIELD(port_peer_stats, core.srtp_out.no_stream, "srtpOutNoStream"),
	FIELD(port_peer_stats, core.srtp_in.packets, "srtpInPackets"),
	FIELD(port_peer_stats, core.srtp_in.malformed, "srtpInMalformed"),
	FIELD(port_peer_stats, core.srtp_in.authentication, "srtpInAuthentication"),
	FIELD(port_peer_stats, core.srtp_in.replayed, "srtpInReplayed"),
	FIELD(port_peer_stats, core.srtp_in.no_stream, "srtpInNoStream"),
	FIELD(port_peer_stats, core.sctp.packets_in, "sctpPacketsIn"),
	FIELD(port_peer_stats, core.sctp.packets_out, "sctpPacketsOut"),
	FIELD(port_peer_stats, core.sctp.messages_in, "sctpMessagesIn"),
	FIELD(port_peer_stats, core.sctp.messages_out, "sctpMessagesOut"),
	FIELD(port_peer_stats, core.sctp.bytes_in, "sctpBytesIn"),
	FIELD(port_peer_stats, core.sctp.bytes_out, "sctpBytesOut"),
	FIELD(port_peer_stats, core.sctp.retransmitted, "sctpRetransmitted"),
	FIELD(port_peer_stats, core.sctp.timeouts, "sctpTimeouts"),
	FIELD(port_peer_stats, core.sctp.abandoned, "sctpAbandoned"),
	FIELD(port_peer_stats, core.sctp.skipped, "sctpSkipped"),
	FIELD(port_peer_stats, core.sctp.refused, "sctpRefused"),
	FIELD(port_peer_stats, core.sctp.round_trip, "sctpRoundTrip"),
	FIELD(port_peer_stats, core.sctp.cwnd, "sctpCwnd"),
	FIELD(port_peer_stats, core.sctp.peer_window, "sctpPeerWindow"),
	FIELD(port_peer_stats, core.sctp.dropped_malformed, "sctpDroppedMalformed"),
	FIELD(port_peer_stats, core.sctp.dropped_checksum, "sctpDroppedChecksum"),
	FIELD(port_peer_stats, core.sctp.dropped_tag, "sctpDroppedTag"),
	FIELD(port_peer_stats, core.sctp.dropped_unexpected, "sctpDroppedUnexpected"),
	FIELD(port_peer_stats, core.sctp.dropped_cookie, "sctpDroppedCookie"),
	FIELD(port_peer_stats, core.sctp.duplicates, "sctpDuplicates"),
	FIELD(port_peer_stats, core.sctp.dropped_no_room, "sctpDroppedNoRoom"),
	FIELD(port_peer_stats, core.sctp.dropped_stream, "sctpDroppedStream"),
	FIELD(port_peer_stats, core.dcep.refused_channels, "dcepRefusedChannels"),
	FIELD(port_peer_stats, core.dcep.dropped_malformed, "dcepDroppedMalformed"),
	FIELD(port_peer_stats, core.dcep.dropped_no_channel, "dcepDroppedNoChannel"),
	FIELD(port_peer_stats, core.dcep.dropped_ppid, "dcepDroppedPpid"),
};

static const field uplink_fields[] = {
	FIELD(audio_uplink_stats, frames_captured, "framesCaptured"),
	FIELD(audio_uplink_stats, frames_encoded, "framesEncoded"),
	FIELD(audio_uplink_stats, frames_zero, "framesZero"),
	FIELD(audio_uplink_stats, frames_muted, "framesMuted"),
	FIELD(audio_uplink_stats, frames_skipped, "framesSkipped"),
	FIELD(audio_uplink_stats, encode_errors, "encodeErrors"),
	FIELD(audio_uplink_stats, bytes_encoded, "bytesEncoded"),
};

static const field downlink_fields[] = {
	FIELD(audio_downlink_stats, frames_decoded, "framesDecoded"),
	FIELD(audio_downlink_stats, frames_concealed, "framesConcealed"),
	FIELD(audio_downlink_stats, frames_silent, "framesSilent"),
	FIELD(audio_downlink_stats, frames_shortened, "framesShortened"),
	FIELD(audio_downlink_stats, frames_unread, "framesUnread"),
	FIELD(audio_downlink_stats, decode_errors, "decodeErrors"),
	FIELD(audio_downlink_stats, jitter.accepted, "jitterAccepted"),
	FIELD(audio_downlink_stats, jitter.late, "jitterLate"),
	FIELD(audio_downlink_stats, jitter.duplicate, "jitterDuplicate"),
	FIELD(audio_downlink_stats, jitter.overflow, "jitterOverflow"),
	FIELD(audio_downlink_stats, jitter.lost, "jitterLost"),
	FIELD(audio_downlink_stats, jitter.resyncs, "jitterResyncs"),
	FIELD(audio_downlink_stats, jitter.depth, "jitterDepth"),
};

static double value_of(const field *which, const void *from)
{
	const uint8_t *at = (const uint8_t *)from + which->offset;

	return which->size == 8 ? (double)*(const uint64_t *)at : (double)*(const uint32_t *)at;
}

static void set_peer(xsMachine *the, peer_object *object)
{
	port_peer_stats stats;

	port_peer_get_stats(object->port, &stats);
	for (size_t i = 0; i < COUNT(peer_fields); i++)
		xs_set_number(the, &xsResult, peer_fields[i].name, value_of(&peer_fields[i], &stats));
	xs_set_number(the, &xsResult, "candidatesRefused", object->candidates_refused);
	xs_set_number(the, &xsResult, "droppedReports", ring_dropped(object->events));
}

static void set_uplinks(xsMachine *the, peer_object *object)
{
	double sums[COUNT(uplink_fields)] = {0};

	for (int i = 0; i < PEER_SENDERS; i++) {
		audio_uplink_stats stats;
		if (!object->senders[i].uplink)
			continue;
		audio_uplink_get_stats(object->senders[i].uplink, &stats);
		for (size_t j = 0; j < COUNT(uplink_fields); j++)
			sums[j] += value_of(&uplink_fields[j], &stats);
	}
	for (size_t j = 0; j < COUNT(uplink_fields); j++)
		xs_set_number(the, &xsResult, uplink_fields[j].name, sums[j]);
}

static void set_downlinks(xsMachine *the, peer_object *object)
{
	double sums[COUNT(downlink_fields)] = {0};

	for (int i = 0; i < PEER_RECEIVERS; i++) {
		audio_downlink_stats stats;
		if (!object->receivers[i].downlink)
			continue;
		audio_downlink_get_stats(object->receivers[i].downlink, &stats);
		for (size_t j = 0; j < COUNT(downlink_fields); j++)
			sums[j] += value_of(&downlink_fields[j], &stats);
	}
	for (size_t j = 0; j < COUNT(downlink_fields); j++)
		xs_set_number(the, &xsResult, downlink_fields[j].name, sums[j]);
}

void xs_peer_get_captured(xsMachine *the)
{
	const peer_object *object = open_peer(the);
	double frames = 0;
	double silent = 0;

	for (int i = 0; i < PEER_SENDERS; i++) {
		audio_uplink_stats stats;
		if (!object->senders[i].uplink)
			continue;
		audio_uplink_get_stats(object->senders[i].uplink, &stats);
		frames += stats.frames_encoded;
		silent += stats.frames_zero;
	}
	xsmcSetNewObject(xsResult);
	xs_set_number(the, &xsResult, "frames", frames);
	xs_set_number(the, &xsResult, "silent", silent);
}

void xs_peer_get_stats(xsMachine *the)
{
	peer_object *object = open_peer(the);

	xsmcSetNewObject(xsResult);
	set_peer(the, object);
	set_uplinks(the, object);
	set_downlinks(the, object);
}
