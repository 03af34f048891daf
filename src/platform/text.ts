/**
 * UTF-8. XS keeps strings as UTF-8 with two exceptions (U+0000 as C0 80, lone surrogates as three
 * bytes), so converting is copying; the exceptions are found by native code and mended here.
 */

declare global {
	interface StringConstructor {
		/** As XS has it; the SDK's own typings know the first argument only. */
		fromArrayBuffer(buffer: ArrayBufferLike, byteOffset?: number, byteLength?: number): string;
	}
}

/** What may not reach the wire as XS stores it. */
const EXCEPTION = /[\0\ud800-\udfff]/u;
const REPLACEMENT = 0xfffd;

/** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD, as with TextEncoder. */
export function encodeUtf8(text: string): Uint8Array {
	return new Uint8Array(
		EXCEPTION.test(text) ? encodeByCodePoint(text) : ArrayBuffer.fromString(text),
	);
}

/** The text of the UTF-8 bytes from `start` to `end`; throws TypeError when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, start = 0, end = bytes.length): string {
	const { buffer, byteOffset } = bytes;
	const text = String.fromArrayBuffer(buffer, byteOffset + start, end - start);
	if (text.length === end - start) return text; // ASCII, all of it
	// XS 13 stops at a zero.
	const parts: string[] = [];
	for (let at = start; ; ) {
		const zero = bytes.subarray(at, end).indexOf(0);
		if (zero < 0 && at === start) return text;
		const length = zero < 0 ? end - at : zero;
		parts.push(String.fromArrayBuffer(buffer, byteOffset + at, length));
		if (zero < 0) return parts.join("\0");
		at += length + 1;
	}
}

function encodeByCodePoint(text: string): number[] {
	const bytes: number[] = [];
	let high = 0; // XS does not join surrogates that met by concatenation
	const flush = () => {
		if (high) push(bytes, REPLACEMENT);
		high = 0;
	};
	for (const character of text) {
		const code = character.codePointAt(0) as number;
		if (code >= 0xd800 && code < 0xdc00) {
			flush();
			high = code;
		} else if (code >= 0xdc00 && code < 0xe000) {
			push(bytes, high ? 0x10000 + ((high & 0x3ff) << 10) + (code & 0x3ff) : REPLACEMENT);
			high = 0;
		} else {
			flush();
			push(bytes, code);
		}
	}
	flush();
	return bytes;
}

function push(bytes: number[], code: number): void {
	if (code < 0x80) bytes.push(code);
	else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
	else if (code < 0x10000)
		bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
	else
		bytes.push(
			0xf0 | (code >> 18),
			0x80 | ((code >> 12) & 63),
			0x80 | ((code >> 6) & 63),
			0x80 | (code & 63),
		);
}
