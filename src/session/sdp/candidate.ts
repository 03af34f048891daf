/** ICE candidate lines (RFC 8839, section 5.1) and the JSON they trickle in. */

import type { Candidate, CandidateType } from "webrtc-native/webrtc";

/** Why a remote candidate is not used; the session counts each. */
export type CandidateSkip =
	| "tcp" // not one that we could connect to
	| "hostname" // mDNS and other names: an address is needed
	| "component" // RTCP without rtcp-mux
	| "malformed";

const MAX_LINE = 512;
const MAX_WORDS = 32;
const MAX_INIT = 2048;

/** Only this member is read: all of the JSON would make property keys of its names, for good in XS. */
const CANDIDATE_MEMBER = /"candidate"\s*:\s*("(?:[^"\\]|\\.)*")/;

const TYPES: readonly CandidateType[] = Object.freeze(["host", "srflx", "prflx", "relay"]);

/** The value of a=candidate, without "a=". Always of component 1. */
export function formatCandidate(candidate: Candidate): string {
	const { foundation, priority, address, port, type, protocol = "udp" } = candidate;
	// What it is to our own network is nobody's affair (RFC 8839, section 5.1); but it must be said.
	const any = address.includes(":") ? "::" : "0.0.0.0";
	const related = type === "host" ? "" : ` raddr ${any} rport 9`;
	return `candidate:${foundation} 1 ${protocol} ${priority} ${address} ${port} typ ${type}${related}`;
}

/** Reads "candidate:…", with or without "a=" before it. Never throws. */
export function parseCandidate(line: string): Candidate | CandidateSkip {
	if (line.length > MAX_LINE) return "malformed";
	const start = line.startsWith("a=candidate:") ? 12 : line.startsWith("candidate:") ? 10 : 0;
	if (!start) return "malformed";
	// Foundation, component, transport, priority, address, port, "typ", type.
	const words = line.slice(start).trim().split(" ", MAX_WORDS);
	if (words.length < 8 || words[6] !== "typ") return "malformed";
	const foundation = words[0];
	const address = words[4];
	if (!/^[A-Za-z0-9+/]{1,32}$/.test(foundation)) return "malformed";
	const type = TYPES.find((name) => name === words[7]);
	const priority = parseUnsigned(words[3], 0xffffffff);
	const port = parseUnsigned(words[5], 0xffff);
	if (type === undefined || priority === undefined || port === undefined) return "malformed";
	const protocol = words[2].toLowerCase();
	// What follows are names with their values; of TCP we only connect (RFC 6544, section 4.5).
	const tcpType = words[words.indexOf("tcptype", 8) + 1];
	if (protocol !== "udp" && !(protocol === "tcp" && tcpType === "passive")) return "tcp";
	if (words[1] !== "1") return "component";
	if (!isAddress(address)) return "hostname";
	if (port === 0) return "malformed";
	return protocol === "tcp"
		? { type, protocol, address, port, priority, foundation }
		: { type, address, port, priority, foundation };
}

/** RTCIceCandidateInit in JSON, as TrickleRequest.candidateInit carries it. */
export function formatCandidateInit(candidate: Candidate, mid: string): string {
	return JSON.stringify({ candidate: formatCandidate(candidate), sdpMid: mid, sdpMLineIndex: 0 });
}

/** undefined: an empty candidate, which ends the list (RFC 8838, section 8.2). Never throws. */
export function parseCandidateInit(json: string): Candidate | CandidateSkip | undefined {
	if (json.length > MAX_INIT) return "malformed";
	const literal = CANDIDATE_MEMBER.exec(json)?.[1];
	if (literal === undefined) return "malformed";
	let line: string;
	try {
		line = JSON.parse(literal);
	} catch {
		return "malformed";
	}
	return line === "" ? undefined : parseCandidate(line);
}

/** A decimal number of at most `max`, nothing else; undefined otherwise. */
export function parseUnsigned(text: string, max: number): number | undefined {
	if (!/^[0-9]{1,10}$/.test(text)) return undefined;
	const value = Number(text);
	return value <= max ? value : undefined;
}

/** Numeric IPv4 or IPv6 by its looks; C parses it for good. */
function isAddress(text: string): boolean {
	if (/^[0-9]{1,3}(\.[0-9]{1,3}){3}$/.test(text)) return true;
	return text.length <= 45 && /^[0-9A-Fa-f:.]+$/.test(text) && text.includes(":");
}
