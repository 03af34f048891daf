/**
 * SHA-1 (FIPS 180-4), for Sec-WebSocket-Accept alone: RFC 6455 has clients check it to know that a
 * WebSocket server answered, not for security. Two blocks a connection are not worth a native door.
 */
export function sha1(message: Uint8Array): Uint8Array {
	const blocks = Math.ceil((message.length + 9) / 64);
	const padded = new Uint8Array(blocks * 64);
	padded.set(message);
	padded[message.length] = 0x80;
	const words = new DataView(padded.buffer);
	words.setUint32(blocks * 64 - 4, message.length * 8);

	const hash = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
	const w: number[] = [];
	for (let block = 0; block < blocks; block++) {
		for (let t = 0; t < 16; t++) w[t] = words.getUint32(block * 64 + t * 4);
		for (let t = 16; t < 80; t++) w[t] = rotate(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1);
		const state = hash.slice(); // a, b, c, d, e
		for (let t = 0; t < 80; t++) {
			const round = Math.floor(t / 20);
			const mixed = mix(round, state[1], state[2], state[3]);
			state.unshift((rotate(state[0], 5) + mixed + state[4] + CONSTANTS[round] + w[t]) | 0);
			state[2] = rotate(state[2], 30);
			state.length = 5;
		}
		for (let i = 0; i < 5; i++) hash[i] = (hash[i] + state[i]) | 0;
	}
	const digest = new DataView(new ArrayBuffer(20));
	hash.forEach((value, i) => digest.setInt32(i * 4, value));
	return new Uint8Array(digest.buffer);
}

const CONSTANTS: readonly number[] = Object.freeze([
	0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6,
]);

function mix(round: number, b: number, c: number, d: number): number {
	if (round === 0) return (b & c) | (~b & d);
	return round === 2 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
}

function rotate(value: number, bits: number): number {
	return (value << bits) | (value >>> (32 - bits));
}
