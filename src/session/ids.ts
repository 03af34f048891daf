/** Names and numbers that only have to be unlike all others. */

import { randomBytes } from "../platform/random";

/** For AddTrackRequest.cid and a=msid. */
export function newCid(this: unknown): string {
	return randomHex(8);
}

/** An RTP synchronization source: 32 bits, not 0. */
export function newSsrc(this: unknown): number {
	return randomUnsigned(4) || 1;
}

/** For SDP's o= line: 48 bits. */
export function newSessionId(this: unknown): number {
	return randomUnsigned(6);
}

/** RTCP's canonical name (RFC 7022): the same for all streams of a session. */
export function newCname(this: unknown): string {
	return randomHex(8);
}

function randomUnsigned(bytes: number): number {
	return new Uint8Array(randomBytes(bytes)).reduce((value, byte) => value * 256 + byte, 0);
}

function randomHex(bytes: number): string {
	const digits = Array.from(new Uint8Array(randomBytes(bytes)), (byte) =>
		byte.toString(16).padStart(2, "0"),
	);
	return digits.join("");
}
