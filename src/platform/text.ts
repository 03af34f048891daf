/**
 * UTF-8. XS keeps strings as UTF-8 with two exceptions (U+0000 as C0 80, lone surrogates as three
 * bytes), so converting is copying; the exceptions are found by native code and mended here.
 */

/** What may not reach the wire as XS stores it. */
const EXCEPTION = /[\0\ud800-\udfff]/u;
const REPLACEMENT = 0xfffd;

/** The UTF-8 bytes of `text`; a lone surrogate becomes U+FFFD, as with TextEncoder. */
export function encodeUtf8(text: string): Uint8Array {
	return new Uint8Array(
		EXCEPTION.test(text) ? encodeByCodePoint(text) : ArrayBuffer.fromString(text),
	);
}

/** The text of UTF-8 `bytes`; throws TypeError when they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string {
	// Older XS stops at a zero byte.
	const parts: string[] = [];
	let start = 0;
	for (;;) {
		const zero = bytes.indexOf(0, start);
		const end = zero < 0 ? bytes.length : zero;
		parts.push(String.fromArrayBuffer(bytes.buffer, bytes.byteOffset + start, end - start));
		if (zero < 0) return parts.length === 1 ? parts[0] : parts.join("\0");
		start = zero + 1;
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
