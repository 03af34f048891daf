/* What XS and the SDK define for every module, in both builds. */

/** A base class whose instances carry native data, freed by the C function of that name. */
declare function Native(name: string): new (...args: any[]) => any;
/** The C function of that name. */
declare function native(name: string): (this: any, ...args: any[]) => any;
/** Writes the texts of its arguments as they are; add "\n". */
declare function trace(...values: unknown[]): void;

interface ObjectConstructor {
	/** XS: with `true`, whatever is reachable too. */
	freeze<T>(object: T, deep: boolean | number): Readonly<T>;
}

interface StringConstructor {
	/** UTF-8 bytes to text; throws on malformed ones. The desktop's XS stops at a zero byte. */
	fromArrayBuffer(buffer: ArrayBufferLike, byteOffset?: number, byteLength?: number): string;
}

interface ArrayBufferConstructor {
	/** Text to UTF-8 bytes, but for U+0000 (C0 80) and lone surrogates (three bytes). */
	fromString(text: string): ArrayBuffer;
}

interface ArrayBuffer {
	concat(...buffers: ArrayBufferLike[]): ArrayBuffer;
}
