/**
 * Our answer to the offer of a server that sends in a peer connection of its own: the same sections, in
 * which we receive or which are inactive (RFC 8866, RFC 9429).
 */

import {
	AUDIO_LEVEL_URI,
	begin,
	MID_URI,
	type OwnSide,
	pushCandidates,
	pushData,
	transport,
} from "../sdp/build";
import type { Section } from "../sdp/parse";

/** One section of the other side's offer, and what we make of it. */
export interface AnsweredSection {
	offered: Section;
	/** Opus's, when we take the track that the section carries; else it is inactive. */
	payloadType?: number;
}

export interface Answer extends OwnSide {
	/** All that were offered, in the same order. */
	sections: readonly AnsweredSection[];
}

/** The side that answers is the DTLS server ("passive"): that saves the other one's cookie trip. */
export function buildAnswer(answer: Answer): string {
	const accepted = answer.sections.filter(({ offered }) => !offered.rejected);
	const lines = begin(
		answer,
		accepted.map(({ offered }) => offered.mid),
	);
	answer.sections.forEach((section) => {
		const { offered } = section;
		if (offered.rejected) pushRejected(lines, offered);
		else if (offered.kind === "application") pushData(lines, offered.mid, answer, "passive");
		else pushAnswered(lines, section, answer);
		if (section === accepted[0]) pushCandidates(lines, answer);
	});
	return `${lines.join("\r\n")}\r\n`;
}

function pushRejected(lines: string[], { kind, mid, payloadTypes }: Section): void {
	const sctp = kind === "application";
	const formats = sctp
		? "UDP/DTLS/SCTP webrtc-datachannel"
		: `UDP/TLS/RTP/SAVPF ${payloadTypes[0] ?? 0}`;
	lines.push(`m=${kind} 0 ${formats}`, "c=IN IP4 0.0.0.0", `a=mid:${mid}`, "a=inactive");
}

/** A section of media of ours is never sent in: it is received in, or inactive. */
function pushAnswered(
	lines: string[],
	{ offered, payloadType }: AnsweredSection,
	answer: Answer,
): void {
	const { kind, mid, payloadTypes, codecs, audioLevelId, midId } = offered;
	const format = payloadType ?? payloadTypes[0] ?? 0;
	const codec = codecs.get(format);
	lines.push(
		`m=${kind} 9 UDP/TLS/RTP/SAVPF ${format}`,
		"c=IN IP4 0.0.0.0",
		`a=mid:${mid}`,
		payloadType === undefined ? "a=inactive" : "a=recvonly",
		"a=rtcp-mux",
		transport(answer, "passive"),
	);
	if (codec) {
		const { name, clockRate, fmtp } = codec;
		const channels = name === "opus" ? "/2" : "";
		lines.push(`a=rtpmap:${format} ${name}/${clockRate}${channels}`);
		if (fmtp) lines.push(`a=fmtp:${format} ${fmtp}`);
	}
	if (payloadType === undefined) return;
	lines.push(`a=rtcp-fb:${format} nack`);
	if (audioLevelId) lines.push(`a=extmap:${audioLevelId} ${AUDIO_LEVEL_URI}`);
	if (midId) lines.push(`a=extmap:${midId} ${MID_URI}`);
}
