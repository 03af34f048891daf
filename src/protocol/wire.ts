/**
 * Values on the wire (https://protobuf.dev/programming-guides/encoding/): strict about what a peer sends,
 * and right for XS strings. 64-bit integers are numbers, exact up to 2^53.
 */

import { decodeUtf8, encodeUtf8 } from "../platform/text";

export const WIRE_VARINT = 0;
export const WIRE_64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_32 = 5;

/**
 * Reader and writer name their methods alike; by protobuf's number of the scalar type, as far as
 * messages have it.
 */
export const SCALARS = [
	"",
	"",
	"float",
	"int64",
	"uint64",
	"int32",
	"",
	"",
	"bool",
	"string",
	"",
	"",
	"bytes",
	"uint32",
] as readonly ("float" | "string" | "bytes" | "bool")[];

/** How each is encoded; messages (11) as bytes. */
export const WIRE_TYPES: readonly number[] = SCALARS.map((name: string) => {
	if (name === "float") return WIRE_32;
	return ["string", "bytes", ""].includes(name) ? WIRE_BYTES : WIRE_VARINT;
});

/** A varint of 64 bits is taken in two parts: 28 bits, and 36 above them. */
const ABOVE = 2 ** 28;
const SIGN = 2 ** 35;

/** Reads up to `len`, which the codec sets to the end of the message it is in; throws RangeError beyond. */
export class WireReader {
	readonly buf: Uint8Array;
	pos = 0;
	len: number;

	constructor(buffer: Uint8Array) {
		this.buf = buffer;
		this.len = buffer.length;
	}
	uint32(): number {
		const byte = this.buf[this.pos];
		if (this.pos >= this.len || byte > 127) return this.int64() >>> 0;
		this.pos++;
		return byte;
	}
	int32(): number {
		return this.uint32() | 0;
	}
	bool(): boolean {
		return this.uint32() !== 0;
	}
	uint64(): number {
		return this.#varint(2 * SIGN);
	}
	int64(): number {
		return this.#varint(SIGN);
	}
	/** Two's complement: from `sign` on, in units of ABOVE, it is negative. */
	#varint(sign: number): number {
		let low = 0;
		let above = 0;
		for (let shift = 0; shift < 70; shift += 7) {
			const byte = this.buf[this.skip(1)];
			if (shift < 28) low |= (byte & 127) << shift;
			else above += (byte & 127) * 2 ** (shift - 28);
			if (byte < 128) {
				above %= 2 * SIGN;
				return (above < sign ? above : above - 2 * SIGN) * ABOVE + low;
			}
		}
		throw new RangeError("varint of more than 10 bytes");
	}
	float(): number {
		return new DataView(this.buf.buffer, this.buf.byteOffset + this.skip(4), 4).getFloat32(0, true);
	}
	/** A view. */
	bytes(): Uint8Array {
		const start = this.skip(this.uint32());
		return this.buf.subarray(start, this.pos);
	}
	string(): string {
		const start = this.skip(this.uint32());
		return decodeUtf8(this.buf, start, this.pos);
	}
	/** Reads a length; where that many bytes end. */
	end(): number {
		const start = this.skip(this.uint32());
		const end = this.pos;
		this.pos = start;
		return end;
	}
	/** Passes over so many bytes; where they begin. */
	skip(length: number): number {
		const start = this.pos;
		if (length > this.len - start) throw new RangeError("a value runs past the end");
		this.pos = start + length;
		return start;
	}
	/** Groups (wire types 3 and 4) do not occur in proto3 and are refused. */
	skipField(wireType: number): void {
		if (wireType === WIRE_VARINT) this.uint32();
		else if (wireType === WIRE_64) this.skip(8);
		else if (wireType === WIRE_BYTES) this.bytes();
		else if (wireType === WIRE_32) this.skip(4);
		else throw new RangeError(`wire type ${wireType}`);
	}
}

/** Keeps values, bytes by reference, until finish() knows how long all of them are. */
export class WireWriter {
	/** A number is a varint. */
	readonly #values: (number | Uint8Array)[] = [];
	/** Bytes that they take. */
	#length = 0;
	/** Of each message that is begun: where its length goes, and what was written before it. */
	readonly #begun: number[] = [];

	uint32(value: number): this {
		this.#values.push(value >>> 0);
		this.#length += varintSize(value >>> 0);
		return this;
	}
	int32(value: number): this {
		return this.int64(value | 0);
	}
	bool(value: boolean): this {
		return this.uint32(Number(value));
	}
	uint64(value: number): this {
		return this.int64(value);
	}
	int64(value: number): this {
		if (value >>> 0 === value) return this.uint32(value);
		let above = Math.floor(value / ABOVE);
		let low = Math.trunc(value) - above * ABOVE;
		if (above < 0) above += 2 * SIGN;
		const bytes: number[] = [];
		while (above > 0 || low > 127) {
			bytes.push((low & 127) | 128);
			low = (low >>> 7) | ((above & 127) << 21);
			above = Math.floor(above / 128);
		}
		bytes.push(low);
		return this.#raw(Uint8Array.from(bytes));
	}
	float(value: number): this {
		const bytes = new Uint8Array(4);
		new DataView(bytes.buffer).setFloat32(0, value, true);
		return this.#raw(bytes);
	}
	bytes(value: Uint8Array): this {
		return this.uint32(value.length).#raw(value);
	}
	string(value: string): this {
		return this.bytes(encodeUtf8(value));
	}
	/** What is written from here to ldelim() is a message, or a packed list: its length goes before it. */
	fork(): this {
		this.#begun.push(this.#values.length, this.#length);
		this.#values.push(0);
		return this;
	}
	ldelim(): void {
		const length = this.#length - (this.#begun.pop() as number);
		this.#values[this.#begun.pop() as number] = length;
		this.#length += varintSize(length);
	}
	finish(): Uint8Array {
		const bytes = new Uint8Array(this.#length);
		let at = 0;
		this.#values.forEach((value) => {
			if (typeof value === "number") {
				let rest = value;
				for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128;
				bytes[at++] = rest;
			} else {
				bytes.set(value, at);
				at += value.length;
			}
		});
		return bytes;
	}

	#raw(bytes: Uint8Array): this {
		this.#values.push(bytes);
		this.#length += bytes.length;
		return this;
	}
}

function varintSize(value: number): number {
	let size = 1;
	for (let rest = value; rest > 127; rest >>>= 7) size++;
	return size;
}
