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
		let [a, b, c, d, e] = hash;
		for (let t = 0; t < 80; t++) {
			const [f, k] =
				t < 20
					? [(b & c) | (~b & d), 0x5a827999]
					: t < 40
						? [b ^ c ^ d, 0x6ed9eba1]
						: t < 60
							? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc]
							: [b ^ c ^ d, 0xca62c1d6];
			const next = (rotate(a, 5) + f + e + k + w[t]) | 0;
			e = d;
			d = c;
			c = rotate(b, 30);
			b = a;
			a = next;
		}
		for (const [i, value] of [a, b, c, d, e].entries()) hash[i] = (hash[i] + value) | 0;
	}
	const digest = new DataView(new ArrayBuffer(20));
	for (const [i, value] of hash.entries()) digest.setInt32(i * 4, value);
	return new Uint8Array(digest.buffer);
}

function rotate(value: number, bits: number): number {
	return (value << bits) | (value >>> (32 - bits));
}
