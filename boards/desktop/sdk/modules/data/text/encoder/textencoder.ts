/** Moddable's TextEncoder, by the C code that comes with XS; also a global, for npm packages. */
export default class TextEncoder {
	encode(text: string): Uint8Array {
		return native("xs_textencoder_encode").call(this, text);
	}
	encodeInto(text: string, into: Uint8Array): { read: number; written: number } {
		return native("xs_textencoder_encodeInto").call(this, text, into);
	}
}

Object.assign(globalThis, { TextEncoder });
