/** Message tables: how tools/proto/generate.mjs writes them down, and how the codec reads them. */

/**
 * One message's table. `fields` is flat, two entries a field in ascending field number (its code,
 * its name), because an object a field would be most of the table's size.
 */
export interface MessageType<T> {
	readonly fields: readonly (number | string)[];
	/** What absent fields read as; the prototype of decoded messages. */
	readonly defaults: Readonly<Partial<T>>;
	/** All tables; fields refer to others by index. */
	readonly all: readonly MessageType<unknown>[];
}

/** What encode() takes for a message: every field may be left out. */
export type Init<T> = T extends Uint8Array | ReadonlyMap<string, string>
	? T
	: T extends readonly (infer E)[]
		? readonly Init<E>[]
		: T extends string
			? T
			: T extends LazyList<infer L>
				? readonly Init<L>[]
				: T extends object
					? { readonly [K in keyof T]?: Init<T[K]> | undefined }
					: T;

// The code of a field. Kinds are protobuf's own numbers of scalar types; an enum is an int32.
export const KIND = 31;
export const KIND_STRING = 9;
export const KIND_MESSAGE = 11;
export const KIND_BYTES = 12;
export const REPEATED = 1 << 5;
/** Written even when it holds the default: `optional`, or a member of a oneof. */
export const PRESENCE = 1 << 6;
/** map<string, string>, the only kind of map there is. */
export const MAP = 1 << 7;
export const numberOf = (code: number) => (code >> 8) & 255;
export const referenceOf = (code: number) => (code >> 16) & 255;
/** 0, or which oneof of its message the field belongs to, from 1. */
export const oneofOf = (code: number) => (code >> 24) & 7;
/** A list whose messages are decoded one at a time, when they are come to. */
export const LAZY = 1 << 27;

/** A message's list that may be too long to be decoded at once; an array when it is encoded. */
export interface LazyList<T> extends Iterable<T> {
	readonly length: number;
}
