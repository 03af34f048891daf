/**
 * Reads an SDP answer (RFC 8866) into fields. The text comes from outside: its length, lines and
 * sections are bounded before anything is kept, and what is refused throws SdpError.
 */

import type { Candidate } from "webrtc-native/webrtc";
import { AUDIO_LEVEL_URI, MID_URI } from "./build";
import { type CandidateSkip, parseCandidate, parseUnsigned } from "./candidate";

export const LIMITS = Object.freeze({
	/** Characters of the whole text. */
	length: 32_768,
	lines: 1_024,
	line: 1_024,
	sections: 32,
	/** Candidates kept; more are counted as skipped. */
	candidates: 32,
});

export class SdpError extends Error {
	override get name(): string {
		return "SdpError";
	}
}

export type Direction = "sendrecv" | "sendonly" | "recvonly" | "inactive";
export type Setup = "actpass" | "active" | "passive";

/** What sections of a bundle share; a section's own wins over the session's. */
interface Transport {
	ufrag?: string;
	pwd?: string;
	/** SHA-256, upper case, "AB:CD:…". */
	fingerprint?: string;
	setup?: Setup;
}

export interface Codec {
	/** Lower case: "opus". */
	name: string;
	clockRate: number;
	fmtp: string;
}

export interface Section extends Transport {
	/** "audio", "video", "application". */
	kind: string;
	mid: string;
	/** Port 0: the other side refused the section. */
	rejected: boolean;
	/** Of the side that wrote the description. */
	direction: Direction;
	payloadTypes: number[];
	codecs: Map<number, Codec>;
	/** a=extmap ids of the extensions we know; 0 when absent. */
	audioLevelId: number;
	midId: number;
	/** The first a=ssrc. */
	ssrc?: number;
	/** The second token of a=msid: for LiveKit the track's sid. */
	trackId?: string;
	/** a=sctp-port. */
	sctpPort?: number;
	/** a=max-message-size in bytes; 0: any. */
	maxMessageSize?: number;
}

export interface Description extends Required<Transport> {
	iceLite: boolean;
	sections: Section[];
	candidates: Candidate[];
	/** Candidates that were not kept, by reason. */
	skipped: Partial<Record<CandidateSkip | "excess", number>>;
	/** a=end-of-candidates was there. */
	complete: boolean;
}

/** What the lines are read into; `section` is undefined before the first m= line. */
interface Reading {
	session: Transport;
	section?: Section;
	into: Pick<Description, "iceLite" | "sections" | "candidates" | "skipped" | "complete">;
}

type Read = (value: string, reading: Reading, name: string) => void;

/** a= lines; others are ignored, as RFC 8866 asks. */
const readers: Readonly<Record<string, Read>> = Object.freeze({
	"ice-ufrag": (value, at) => {
		if (!/^[A-Za-z0-9+/]{4,256}$/.test(value)) throw new SdpError("a=ice-ufrag is malformed");
		transport(at).ufrag = value;
	},
	"ice-pwd": (value, at) => {
		if (!/^[A-Za-z0-9+/]{22,256}$/.test(value)) throw new SdpError("a=ice-pwd is malformed");
		transport(at).pwd = value;
	},
	"ice-lite": (_value, at) => {
		at.into.iceLite = true;
	},
	fingerprint: (value, at) => {
		const words = value.split(" ", 2); // hash, digits
		// Others may be offered beside it (RFC 8122); without a SHA-256 one the description is refused.
		if (words[0].toLowerCase() !== "sha-256") return;
		if (!/^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){31}$/.test(words[1])) {
			throw new SdpError("a=fingerprint is not a SHA-256");
		}
		transport(at).fingerprint = words[1].toUpperCase();
	},
	setup: (value, at) => {
		if (value !== "actpass" && value !== "active" && value !== "passive") {
			throw new SdpError("a=setup is not one of actpass, active, passive");
		}
		transport(at).setup = value;
	},
	candidate: (value, { into }) => {
		const candidate = parseCandidate(`candidate:${value}`);
		const skip =
			typeof candidate === "string"
				? candidate
				: into.candidates.length === LIMITS.candidates
					? "excess"
					: undefined;
		if (skip) into.skipped[skip] = (into.skipped[skip] ?? 0) + 1;
		else into.candidates.push(candidate as Candidate);
	},
	"end-of-candidates": (_value, { into }) => {
		into.complete = true;
	},
	mid: (value, { section }) => {
		if (!section) return;
		if (!/^[\x21-\x7e]{1,16}$/.test(value)) throw new SdpError("a=mid is malformed");
		section.mid = value;
	},
	sendrecv: direction,
	sendonly: direction,
	recvonly: direction,
	inactive: direction,
	rtpmap: (value, { section }) => {
		const words = value.split(" ", 2); // format, encoding
		const encoding = (words[1] ?? "").split("/", 2); // name, clock rate
		const type = parseUnsigned(words[0], 127);
		const rate = parseUnsigned(encoding[1], 1_000_000);
		if (!section || type === undefined || rate === undefined) return;
		if (!section.payloadTypes.includes(type)) return;
		section.codecs.set(type, { name: encoding[0].toLowerCase(), clockRate: rate, fmtp: "" });
	},
	fmtp: (value, { section }) => {
		const space = value.indexOf(" ");
		const codec = section?.codecs.get(parseUnsigned(value.slice(0, space), 127) ?? -1);
		if (codec) codec.fmtp = value.slice(space + 1);
	},
	extmap: (value, { section }) => {
		const words = value.split(" ", 2); // id and direction, URI
		const uri = words[1];
		const id = parseUnsigned(words[0].split("/", 1)[0], 14);
		if (!section || !id) return;
		if (uri === AUDIO_LEVEL_URI) section.audioLevelId = id;
		if (uri === MID_URI) section.midId = id;
	},
	ssrc: (value, { section }) => {
		if (section) section.ssrc ??= parseUnsigned(value.split(" ", 1)[0], 0xffffffff);
	},
	msid: (value, { section }) => {
		const track = value.split(" ", 2)[1];
		if (section && track) section.trackId = track;
	},
	"sctp-port": (value, { section }) => {
		if (section) section.sctpPort = parseUnsigned(value, 0xffff) || undefined;
	},
	"max-message-size": (value, { section }) => {
		if (section) section.maxMessageSize = parseUnsigned(value, 0xffffffff);
	},
});

/** To look a name up in an object makes it a property key, and XS never frees those. */
const attributes: ReadonlyMap<string, Read> = new Map(Object.entries(readers));

/** Throws SdpError. Missing credentials, fingerprint or setup are errors: the answer has them. */
export function parseDescription(text: string): Description {
	if (text.length > LIMITS.length) throw new SdpError(`longer than ${LIMITS.length} characters`);
	if (countLines(text) > LIMITS.lines) throw new SdpError(`more than ${LIMITS.lines} lines`);
	if (!/^v=0\s*(?:\n|$)/.test(text)) throw new SdpError("does not begin with v=0");

	const reading: Reading = {
		session: {},
		into: { iceLite: false, sections: [], candidates: [], skipped: {}, complete: false },
	};
	// Line by line: all of them at once would be as much memory again as the text.
	for (let start = 0; start < text.length; ) {
		const end = endOfLine(text, start);
		const line = text.slice(start, text[end - 1] === "\r" ? end - 1 : end);
		if (line.length > LIMITS.line) throw new SdpError(`a line of over ${LIMITS.line} characters`);
		// An answer repeats what was offered: it would have one line more.
		if (/[\r\0]/.test(line)) throw new SdpError("a line with a carriage return or NUL in it");
		if (line.startsWith("m=")) readMedia(line.slice(2), reading);
		else if (line.startsWith("a=")) readAttribute(line.slice(2), reading);
		start = end + 1;
	}
	return finish(reading);
}

function endOfLine(text: string, start: number): number {
	const end = text.indexOf("\n", start);
	return end < 0 ? text.length : end;
}

/** As split("\n") would make. */
function countLines(text: string): number {
	let count = 1;
	for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) count++;
	return count;
}

function readAttribute(line: string, reading: Reading): void {
	const colon = line.indexOf(":");
	const name = colon < 0 ? line : line.slice(0, colon);
	attributes.get(name)?.(colon < 0 ? "" : line.slice(colon + 1).trim(), reading, name);
}

function readMedia(value: string, reading: Reading): void {
	const { sections } = reading.into;
	if (sections.length === LIMITS.sections) {
		throw new SdpError(`more than ${LIMITS.sections} media sections`);
	}
	const words = value.split(" ", 64); // kind, port, protocol, formats
	const kind = words[0];
	const port = parseUnsigned((words[1] ?? "").split("/", 1)[0], 0xffff);
	if (!/^[a-z]{1,16}$/.test(kind) || port === undefined) throw new SdpError("m= is malformed");
	const payloadTypes = words
		.slice(3)
		.map((format) => parseUnsigned(format, 127))
		.filter((type) => type !== undefined);
	reading.section = {
		kind,
		mid: "",
		rejected: port === 0,
		direction: "sendrecv", // without an attribute (RFC 8866, section 6.7)
		payloadTypes,
		codecs: new Map(),
		audioLevelId: 0,
		midId: 0,
	};
	sections.push(reading.section);
}

function direction(_value: string, at: Reading, name: string): void {
	if (at.section) at.section.direction = name as Direction;
}

function transport(at: Reading): Transport {
	return at.section ?? at.session;
}

/** The bundle's transport is its first accepted section's (RFC 9143, section 7.3.1). */
function finish({ session, into }: Reading): Description {
	const mids = new Set<string>();
	into.sections.forEach(({ mid }) => {
		if (!mid) throw new SdpError("a media section has no a=mid");
		if (mids.has(mid)) throw new SdpError("two media sections have the same a=mid");
		mids.add(mid);
	});
	const first = into.sections.find((section) => !section.rejected);
	if (!first) throw new SdpError("no media section was accepted");
	const ufrag = first.ufrag ?? session.ufrag;
	const pwd = first.pwd ?? session.pwd;
	const fingerprint = first.fingerprint ?? session.fingerprint;
	const setup = first.setup ?? session.setup;
	if (!ufrag || !pwd) throw new SdpError("no ICE credentials");
	if (!fingerprint) throw new SdpError("no SHA-256 fingerprint");
	if (!setup) throw new SdpError("no a=setup");
	return { ufrag, pwd, fingerprint, setup, ...into };
}
