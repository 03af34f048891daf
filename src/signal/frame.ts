/**
 * Frames of a WebSocket client, RFC 6455 section 5.2:
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     |F|R|R|R| opcode|M| length      | length of 16 bits, if 126, or |
 *     |I|S|S|S|  (4)  |A|     (7)     | of 64 bits, if 127            |
 *     |N|V|V|V|       |S|             |                               |
 *     | |1|2|3|       |K|             |                               |
 *     +-+-+-+-+-------+-+-------------+-------------------------------+
 *     | masking key (4 bytes), if MASK; then the payload              |
 *     +---------------------------------------------------------------+
 */

export const Opcode = {
	continuation: 0,
	text: 1,
	binary: 2,
	close: 8,
	ping: 9,
	pong: 10,
} as const;

/** Close codes of section 7.4.1 that are used here. */
export const CloseCode = {
	normal: 1000,
	goingAway: 1001,
	protocolError: 1002,
	noStatus: 1005,
	abnormal: 1006,
	invalidData: 1007,
	tooBig: 1009,
} as const;

/** Longest payload of a close, ping or pong. */
export const MAX_CONTROL = 125;
export const LENGTH_16 = 126;
export const LENGTH_64 = 127;

/** A whole frame with FIN, masked with `mask` (4 bytes that a server cannot foresee, section 5.3). */
export function buildFrame(opcode: number, payload: Uint8Array, mask: Uint8Array): Uint8Array {
	const { length } = payload;
	const extra = length < LENGTH_16 ? 0 : length < 65536 ? 2 : 8;
	const start = 2 + extra + 4;
	const frame = new Uint8Array(start + length);
	frame[0] = 0x80 | opcode;
	frame[1] = 0x80 | (extra === 0 ? length : extra === 2 ? LENGTH_16 : LENGTH_64);
	for (let i = 0; i < extra && i < 4; i++) frame[1 + extra - i] = length >>> (8 * i);
	frame.set(mask, start - 4);
	for (let i = 0; i < length; i++) frame[start + i] = payload[i] ^ mask[i & 3];
	return frame;
}

/** Codes a peer may send (section 7.4): registered ones that are not for local use, and private ones. */
export function isCloseCode(code: number): boolean {
	return (
		(code >= 3000 && code < 5000) ||
		(code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006)
	);
}
