/* What XS and the SDK define for every module, in both builds. */

/** A base class whose instances carry native data, freed by the C function of that name. */
declare function Native(name: string): new () => object;
/** The C function of that name. */
// biome-ignore lint/suspicious/noExplicitAny: who calls it knows what C returns
declare function native(name: string): (this: unknown, ...args: unknown[]) => any;
/** Writes the texts of its arguments as they are; add "\n". */
declare function trace(...values: unknown[]): void;

interface ObjectConstructor {
	/** XS: with `true`, whatever is reachable too. */
	freeze<T>(object: T, deep: boolean | number): Readonly<T>;
}

interface StringConstructor {
	/** UTF-8 bytes to text; throws on malformed ones. The desktop's XS stops at a zero byte. */
	fromArrayBuffer(buffer: ArrayBufferLike): string;
}

interface ArrayBufferConstructor {
	/** Text to UTF-8 bytes, but for U+0000 (C0 80) and lone surrogates (three bytes). */
	fromString(text: string): ArrayBuffer;
}

interface ArrayBuffer {
	concat(...buffers: ArrayBufferLike[]): ArrayBuffer;
}
