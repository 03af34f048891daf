/** Moddable's TextDecoder, by the C code that comes with XS; also a global, for npm packages. UTF-8 only. */
export default class TextDecoder extends Native("xs_textdecoder_destructor") {
	constructor(label = "utf-8", options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
		super();
		native("xs_textdecoder").call(this, label, options);
	}
	decode(bytes?: ArrayBufferLike | ArrayBufferView, options: { stream?: boolean } = {}): string {
		return native("xs_textdecoder_decode").call(this, bytes ?? new ArrayBuffer(0), options);
	}
	get encoding(): string {
		return native("xs_textdecoder_get_encoding").call(this);
	}
	get fatal(): boolean {
		return native("xs_textdecoder_get_fatal").call(this);
	}
	get ignoreBOM(): boolean {
		return native("xs_textdecoder_get_ignoreBOM").call(this);
	}
}

Object.assign(globalThis, { TextDecoder });
