/** RFC 4648, in TypeScript: the engine has none, and Moddable's is a module of its own. */

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const PADDING = 61;

/** With padding. */
export function encodeBase64(bytes: Uint8Array): string {
	return encode(bytes, STANDARD);
}

/** Section 5's alphabet, with padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
	return encode(bytes, URL_SAFE);
}

function encode(bytes: Uint8Array, alphabet: string): string {
	const codes = new Uint8Array(ArrayBuffer.fromString(alphabet));
	const { length } = bytes;
	const text = new Uint8Array(Math.ceil(length / 3) * 4).fill(PADDING);
	for (let i = 0, at = 0; i < length; i += 3, at += 4) {
		// Past the end a typed array reads undefined, which shifts to 0.
		const bits = (bytes[i] << 16) | (bytes[i + 1] << 8) | bytes[i + 2];
		text[at] = codes[bits >> 18];
		text[at + 1] = codes[(bits >> 12) & 63];
		if (i + 1 < length) text[at + 2] = codes[(bits >> 6) & 63];
		if (i + 2 < length) text[at + 3] = codes[bits & 63];
	}
	return String.fromArrayBuffer(text.buffer);
}
