/**
 * Our offers (RFC 8866, RFC 9429): BUNDLE, one microphone per sendonly section, one remote track per
 * recvonly section, and one section of data channels (RFC 8841).
 *
 * Directions are not shared in one sendrecv section: the server may bind any remote track to such a
 * section, so that unpublishing the microphone would have to renegotiate somebody else's audio.
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

/** For both sides; what an answer may change is read from it. */
export const SCTP_PORT = 5000;
/**
 * What SCTP can put together, not what the board wants: the server drops what is larger without a
 * word, while the core counts what it refuses.
 */
const MAX_MESSAGE_SIZE = 65_535;

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

/** An audio section, or the data channels'. A mid never changes its place once offered (RFC 9429, section 5.2.2). */
export interface OfferedSection {
	mid: string;
	/** The data channels' section. */
	data?: boolean;
	/** Present: sendonly. Absent: recvonly. */
	track?: OfferedTrack;
	/**
	 * The first offer in which the track is not sent any more. The section stays sendonly, without a
	 * track: pion spoils one that is offered as inactive twice, and never ends what it receives there next.
	 */
	idle?: number;
}

/** What offers and answers have in common. */
export interface OwnSide {
	/** The o= line's session id: the same in all descriptions of a peer connection. */
	sessionId: number;
	/** The o= line's version: one more in each. */
	version: number;
	ufrag: string;
	pwd: string;
	/** SHA-256, "AB:CD:…". */
	fingerprint: string;
	candidates: readonly Candidate[];
}

export interface Offer extends OwnSide {
	sections: readonly OfferedSection[];
	/** Also offers RFC 2198 redundancy. The server then sends RED, so only for who can decode it. */
	red?: boolean;
}

export function buildOffer(offer: Offer): string {
	const lines = begin(
		offer,
		offer.sections.map(({ mid }) => mid),
	);
	offer.sections.forEach((section) => {
		if (section.data) pushData(lines, section.mid, offer, "actpass");
		else pushAudio(lines, section, offer);
		if (section === offer.sections[0]) pushCandidates(lines, offer);
	});
	return `${lines.join("\r\n")}\r\n`;
}

export function pushCandidates(lines: string[], side: OwnSide): void {
	side.candidates.forEach((candidate) => lines.push(`a=${formatCandidate(candidate)}`));
}

/** The lines before the first section; `mids` are those of the bundle. */
export function begin(side: OwnSide, mids: readonly string[]): string[] {
	return [
		"v=0",
		`o=- ${side.sessionId} ${side.version} IN IP4 0.0.0.0`,
		"s=-",
		"t=0 0",
		`a=group:BUNDLE ${mids.join(" ")}`,
		"a=extmap-allow-mixed",
		"a=msid-semantic: WMS *",
		"a=ice-options:trickle",
	];
}

/** Lines of each section that is not rejected. */
export function transport(side: OwnSide, setup: "actpass" | "passive"): string {
	const credentials = `a=ice-ufrag:${side.ufrag}\r\na=ice-pwd:${side.pwd}`;
	return `a=setup:${setup}\r\n${credentials}\r\na=fingerprint:sha-256 ${side.fingerprint}`;
}

export function pushData(
	lines: string[],
	mid: string,
	own: OwnSide,
	setup: "actpass" | "passive",
): void {
	lines.push(
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
		"c=IN IP4 0.0.0.0",
		`a=mid:${mid}`,
		transport(own, setup),
		`a=sctp-port:${SCTP_PORT}`,
		`a=max-message-size:${MAX_MESSAGE_SIZE}`,
	);
}

function pushAudio(lines: string[], section: OfferedSection, offer: Offer): void {
	const { mid, track, idle } = section;
	const direction = track ? "sendonly" : "recvonly";
	const formats = offer.red ? `${OPUS_PAYLOAD_TYPE} ${RED_PAYLOAD_TYPE}` : `${OPUS_PAYLOAD_TYPE}`;
	lines.push(
		`m=audio 9 UDP/TLS/RTP/SAVPF ${formats}`,
		"c=IN IP4 0.0.0.0",
		`a=mid:${mid}`,
		`a=${direction}`,
		"a=rtcp-mux",
		transport(offer, "actpass"),
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
	if (track && idle === undefined) {
		lines.push(`a=msid:${track.stream} ${track.cid}`, `a=ssrc:${track.ssrc} cname:${track.cname}`);
	}
}
