/** Moddable's base64, by the C code that comes with XS. */
export default class Base64 {
	static encode(source: ArrayBufferLike | ArrayBufferView | string): string {
		return native("xs_base64_encode").call(undefined, source);
	}
	static decode(text: string): ArrayBuffer {
		return native("xs_base64_decode").call(undefined, text);
	}
}
