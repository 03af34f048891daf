/** protobufjs' Reader and Writer, made right for XS strings and strict about what a peer sends. */

import { decodeUtf8, encodeUtf8 } from "../platform/text";
import { Reader, Writer } from "./generated/runtime";

export const WIRE_VARINT = 0;
export const WIRE_64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_32 = 5;

/**
 * Reader and Writer name their methods alike; by protobuf's number of the scalar type, as far as
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

/** Reads up to `len`, which the codec sets to the end of the message it is in; throws RangeError beyond. */
export class WireReader extends Reader {
	/** protobufjs takes any varint over 5 bytes to be 10 long, and does not look at bytes 6 to 10. */
	override uint32(): number {
		const { buf, pos, len } = this;
		if (pos < len && buf[pos] < 128) {
			this.pos = pos + 1;
			return buf[pos];
		}
		let value = 0;
		for (let shift = 0; shift < 70; shift += 7) {
			if (this.pos >= len) throw new RangeError("truncated varint");
			const byte = buf[this.pos++];
			if (shift < 32) value |= (byte & 127) << shift;
			if (byte < 128) return value >>> 0;
		}
		throw new RangeError("varint of more than 10 bytes");
	}
	/** protobufjs' own UTF-8 goes by UTF-16 units, which XS strings are not made of. */
	override string(): string {
		const end = this.end();
		const text = decodeUtf8(this.buf, this.pos, end);
		this.pos = end;
		return text;
	}
	/** Reads a length; where that many bytes end. */
	end(): number {
		const length = this.uint32();
		if (length > this.len - this.pos) throw new RangeError("a length runs past the end");
		return this.pos + length;
	}
	/** Groups (wire types 3 and 4) do not occur in proto3 and are refused. */
	skipField(wireType: number): void {
		if (wireType === WIRE_VARINT) this.uint32();
		else if (wireType === WIRE_64) this.skip(8);
		else if (wireType === WIRE_BYTES) this.skip(this.uint32());
		else if (wireType === WIRE_32) this.skip(4);
		else throw new RangeError(`wire type ${wireType}`);
	}
}

export class WireWriter extends Writer {
	/** Exact size: protobufjs would take slabs of 8 KB. */
	protected static override alloc(size: number): Uint8Array {
		return new Uint8Array(size);
	}
	override string(value: string): this {
		return this.bytes(encodeUtf8(value));
	}
}
