/** Bytes of a chunk, and of a packet that is a stream of its own: as all LiveKit clients have it. */
export const CHUNK_BYTES = 15_000;

/** Cuts UTF-8 into pieces of at most `size` bytes, between characters. `size` is 4 or more. */
export function* splitUtf8(text: Uint8Array, size: number): Generator<Uint8Array, void, undefined> {
	for (let start = 0; start < text.length; ) {
		let end = Math.min(start + size, text.length);
		while (end > start && end < text.length && (text[end] & 0xc0) === 0x80) end--;
		if (end === start) end = Math.min(start + size, text.length); // no UTF-8: whoever reads it says so
		yield text.subarray(start, end);
		start = end;
	}
}

/** Cuts bytes into pieces of at most `size`. */
export function* splitBytes(
	bytes: Uint8Array,
	size: number,
): Generator<Uint8Array, void, undefined> {
	for (let start = 0; start < bytes.length; start += size) {
		yield bytes.subarray(start, Math.min(start + size, bytes.length));
	}
}
