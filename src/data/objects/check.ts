/**
 * Looks through MessagePack (https://github.com/msgpack/msgpack/blob/master/spec.md) before it is
 * read: the reader recurses, and takes memory for each value, and what comes from others may ask for
 * neither without bounds.
 */

import { ProtocolError } from "../../protocol/codec";

const MAX_DEPTH = 16;

/** Extension types: a date, and what msgpackr and notepack write for undefined. */
const TIMESTAMP = 0xff;
const UNDEFINED = 0x00;

/** Bytes behind the tokens from 0xca to 0xd3: floats and integers. */
const NUMBERS = Object.freeze([4, 8, 1, 2, 4, 8, 1, 2, 4, 8]);

/** Throws ProtocolError: truncated, too many values, too deep, or of a kind that is not taken. */
export function check(this: unknown, bytes: Uint8Array, maxValues: number): void {
	let at = 0;
	let values = 0;
	/** Values that are still to come, of each array and map around. */
	const open = [1];
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const fail = (what: string): never => {
		throw new ProtocolError(`an object ${what}`);
	};
	const skip = (length: number) => {
		if (length > bytes.length - at) fail("is cut off");
		at += length;
	};
	/** A big-endian number of 1, 2 or 4 bytes. */
	const length = (size: number): number => {
		const start = at;
		skip(size);
		return size === 1 ? bytes[start] : size === 2 ? view.getUint16(start) : view.getUint32(start);
	};
	const nest = (count: number) => {
		if (open.length > MAX_DEPTH) fail(`is deeper than ${MAX_DEPTH}`);
		if (count > bytes.length - at) fail("is cut off");
		open.push(count);
	};
	const extension = (size: number) => {
		const type = length(1);
		if (type !== TIMESTAMP && type !== UNDEFINED) fail(`has the extension ${type}`);
		skip(size);
	};
	while (open.length > 0) {
		if (open[open.length - 1]-- === 0) {
			open.pop();
			continue;
		}
		if (++values > maxValues) fail(`has more than ${maxValues} values`);
		const token = length(1);
		if (token < 0x80 || token >= 0xe0) continue; // small integers
		if (token < 0x90) nest(2 * (token & 15));
		else if (token < 0xa0) nest(token & 15);
		else if (token < 0xc0) skip(token & 31);
		else if (token === 0xc1) fail("has the token that is never used");
		else if (token < 0xc4)
			continue; // nil, false, true
		else if (token < 0xc7) skip(length(1 << (token - 0xc4)));
		else if (token < 0xca) extension(length(1 << (token - 0xc7)));
		else if (token < 0xd4) skip(NUMBERS[token - 0xca]);
		else if (token < 0xd9) extension(1 << (token - 0xd4));
		else if (token < 0xdc) skip(length(1 << (token - 0xd9)));
		else if (token < 0xde) nest(length(token === 0xdc ? 2 : 4));
		else nest(2 * length(token === 0xde ? 2 : 4));
	}
	if (at !== bytes.length) fail("has something behind it");
}
