/**
 * The offer of a single peer connection (RFC 8866, RFC 9429): BUNDLE, one microphone per sendonly
 * section, one remote track per recvonly section.
 *
 * Directions are not shared in one sendrecv section: the server may bind any remote track to such a
 * section, so that unpublishing the microphone would have to renegotiate somebody else's audio.
 *
 * Before issue B there is no m=application: the server withholds reliable data only from peers whose
 * first offer had one, and waits for its channels before it takes the participant for connected.
 */

import type { Candidate, ExtensionIds } from "webrtc-native/webrtc";
import { formatCandidate } from "./candidate";

export const OPUS_PAYLOAD_TYPE = 111;
export const RED_PAYLOAD_TYPE = 63;

/** The ids of a=extmap in every offer. */
export const EXTENSIONS: Readonly<Required<ExtensionIds>> = Object.freeze({
	audioLevel: 1,
	mid: 2,
});

export const AUDIO_LEVEL_URI = "urn:ietf:params:rtp-hdrext:ssrc-audio-level";
export const MID_URI = "urn:ietf:params:rtp-hdrext:sdes:mid";

/** What a sendonly section sends. */
export interface OfferedTrack {
	/** First token of a=msid. */
	stream: string;
	/** Second token of a=msid: how the server finds the AddTrackRequest with this cid. */
	cid: string;
	ssrc: number;
	cname: string;
}

/** An audio section. A mid never changes its place once offered (RFC 9429, section 5.2.2). */
export interface OfferedSection {
	mid: string;
	/** Present: sendonly. Absent: recvonly, or inactive once a track was unpublished. */
	track?: OfferedTrack;
	inactive?: boolean;
}

export interface Offer {
	/** The o= line's session id: the same in all offers of a session. */
	sessionId: number;
	/** The o= line's version: one more in each offer. */
	version: number;
	ufrag: string;
	pwd: string;
	/** SHA-256, "AB:CD:…". */
	fingerprint: string;
	candidates: readonly Candidate[];
	sections: readonly OfferedSection[];
	/** Also offers RFC 2198 redundancy. The server then sends RED, so only for who can decode it. */
	red?: boolean;
}

export function buildOffer(offer: Offer): string {
	const lines = [
		"v=0",
		`o=- ${offer.sessionId} ${offer.version} IN IP4 0.0.0.0`,
		"s=-",
		"t=0 0",
		`a=group:BUNDLE ${offer.sections.map((section) => section.mid).join(" ")}`,
		"a=extmap-allow-mixed",
		"a=msid-semantic: WMS *",
		"a=ice-options:trickle",
	];
	for (const section of offer.sections) {
		pushSection(lines, section, offer);
	}
	return `${lines.join("\r\n")}\r\n`;
}

function pushSection(lines: string[], section: OfferedSection, offer: Offer): void {
	const { mid, track, inactive } = section;
	const direction = inactive ? "inactive" : track ? "sendonly" : "recvonly";
	const formats = offer.red ? `${OPUS_PAYLOAD_TYPE} ${RED_PAYLOAD_TYPE}` : `${OPUS_PAYLOAD_TYPE}`;
	lines.push(
		`m=audio 9 UDP/TLS/RTP/SAVPF ${formats}`,
		"c=IN IP4 0.0.0.0",
		`a=mid:${mid}`,
		`a=${direction}`,
		"a=rtcp-mux",
		"a=setup:actpass",
		`a=ice-ufrag:${offer.ufrag}`,
		`a=ice-pwd:${offer.pwd}`,
		`a=fingerprint:sha-256 ${offer.fingerprint}`,
		`a=rtpmap:${OPUS_PAYLOAD_TYPE} opus/48000/2`,
		`a=fmtp:${OPUS_PAYLOAD_TYPE} minptime=10;useinbandfec=1`,
		`a=rtcp-fb:${OPUS_PAYLOAD_TYPE} nack`,
	);
	if (offer.red) {
		lines.push(
			`a=rtpmap:${RED_PAYLOAD_TYPE} red/48000/2`,
			`a=fmtp:${RED_PAYLOAD_TYPE} ${OPUS_PAYLOAD_TYPE}/${OPUS_PAYLOAD_TYPE}`,
		);
	}
	lines.push(`a=extmap:${EXTENSIONS.audioLevel} ${AUDIO_LEVEL_URI}`);
	lines.push(`a=extmap:${EXTENSIONS.mid} ${MID_URI}`);
	if (track && !inactive) {
		lines.push(`a=msid:${track.stream} ${track.cid}`, `a=ssrc:${track.ssrc} cname:${track.cname}`);
	}
	if (section === offer.sections[0]) {
		for (const candidate of offer.candidates) lines.push(`a=${formatCandidate(candidate)}`);
	}
}
