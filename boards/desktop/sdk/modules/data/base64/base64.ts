/** Moddable's base64, by the C code that comes with XS. */
const Base64 = {
	encode(source: ArrayBufferLike | ArrayBufferView | string): string {
		return native("xs_base64_encode").call(undefined, source);
	},
	decode(text: string): ArrayBuffer {
		return native("xs_base64_decode").call(undefined, text);
	},
};

export default Object.freeze(Base64);
