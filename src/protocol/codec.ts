/**
 * Protocol Buffers, by table (https://protobuf.dev/programming-guides/encoding/).
 *
 * Decoded messages hold only what was sent; absent scalars, lists and maps read as their defaults
 * through the prototype (`{ ...message }` and Object.keys() see what was sent alone). Members of a
 * oneof, `optional` fields and absent messages are undefined. 64-bit integers are numbers, exact up
 * to 2^53. `bytes` fields are views into the buffer that was given to decode().
 *
 * Maps are Map objects: XS never frees a property name, so names must not come from a peer.
 */

import {
	type Init,
	KIND,
	KIND_BYTES,
	KIND_MESSAGE,
	KIND_STRING,
	LAZY,
	type LazyList,
	MAP,
	type MessageType,
	numberOf,
	oneofOf,
	PRESENCE,
	REPEATED,
	referenceOf,
} from "./schema";
import { SCALARS, WIRE_BYTES, WIRE_TYPES, WireReader, WireWriter } from "./wire";

/** Bytes that are not the message they should be. */
export class ProtocolError extends Error {
	override get name() {
		return "ProtocolError";
	}
}

type Fields = Record<string, unknown>;

/** Two bytes on the wire can ask for a slot or more of heap: so many list, map and message values are enough. */
const MAX_VALUES = 8192;

/**
 * Decodes in place. Throws ProtocolError when the bytes are truncated, malformed or hold more than
 * `maxValues` messages and list and map entries.
 */
export function decode<T>(
	type: MessageType<T>,
	bytes: ArrayBufferLike | Uint8Array,
	maxValues = MAX_VALUES,
): T {
	try {
		const view = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
		const decoder = new Decoder(view, maxValues);
		return decoder.message(type, decoder.len) as T;
	} catch (error) {
		throw new ProtocolError(error instanceof Error ? error.message : String(error));
	}
}

/** Fields that are absent, undefined or a proto3 default are left out. */
export function encode<T>(type: MessageType<T>, message: Init<T>): Uint8Array {
	const writer = new WireWriter();
	writeMessage(writer, type, message as Fields);
	return writer.finish();
}

/**
 * The messages of a list, decoded anew at every pass: the bytes stay where they are, and only one
 * message at a time is on the heap. Those that are malformed are passed over, and counted.
 */
class Lazy<T> implements LazyList<T> {
	malformed = 0;
	readonly #type: MessageType<T>;
	readonly #bytes: Uint8Array;
	/** Where each begins and ends. */
	readonly #spans: number[] = [];

	constructor(type: MessageType<T>, bytes: Uint8Array) {
		this.#type = type;
		this.#bytes = bytes;
	}
	get length(): number {
		return this.#spans.length / 2;
	}
	/** @internal */
	add(start: number, end: number): void {
		this.#spans.push(start, end);
	}
	*[Symbol.iterator](): Iterator<T> {
		for (let i = 0; i < this.#spans.length; i += 2) {
			let message: T;
			try {
				message = decode(this.#type, this.#bytes.subarray(this.#spans[i], this.#spans[i + 1]));
			} catch {
				this.malformed++;
				continue;
			}
			yield message;
		}
	}
}

class Decoder extends WireReader {
	/** How many more there may be. */
	#values: number;

	constructor(bytes: Uint8Array, maxValues: number) {
		super(bytes);
		this.#values = maxValues;
	}

	/** Recursion is as deep as the schema, whatever was sent. */
	message(type: MessageType<unknown>, end: number): unknown {
		const outer = this.len;
		this.len = end;
		const { fields } = type;
		const message: Fields = {};
		let chosen: string[] | undefined; // the member of each oneof
		let at = 0; // fields mostly come in order
		while (this.pos < end) {
			const tag = this.uint32();
			const number = tag >>> 3;
			if (number === 0) throw new RangeError("field number 0");
			at = find(fields, number, at);
			if (at < 0) {
				this.skipField(tag & 7);
				at = 0;
				continue;
			}
			const code = fields[at] as number;
			const name = fields[at + 1] as string;
			const oneof = oneofOf(code);
			if (oneof) {
				chosen ??= [];
				if (chosen[oneof] !== undefined && chosen[oneof] !== name) delete message[chosen[oneof]];
				chosen[oneof] = name;
			}
			this.field(type, code, name, tag & 7, message);
		}
		if (this.pos !== end) throw new RangeError("a field runs past the end of its message");
		this.len = outer;
		return Object.setPrototypeOf(message, type.defaults);
	}

	field(
		type: MessageType<unknown>,
		code: number,
		name: string,
		wire: number,
		message: Fields,
	): void {
		const kind = code & KIND;
		if (code & MAP) {
			message[name] ??= new Map();
			this.entry(message[name] as Map<string, string>, wire);
		} else if (code & LAZY) {
			if (wire !== WIRE_BYTES) throw new RangeError(`wire type ${wire} for a list`);
			this.count();
			message[name] ??= new Lazy(type.all[referenceOf(code)], this.buf);
			const end = this.end();
			(message[name] as Lazy<unknown>).add(this.pos, end);
			this.pos = end;
		} else if (!(code & REPEATED)) {
			message[name] = this.value(type, code, wire);
		} else {
			message[name] ??= [];
			const list = message[name] as unknown[];
			if (wire !== WIRE_BYTES || WIRE_TYPES[kind] === WIRE_BYTES) {
				this.count();
				list.push(this.value(type, code, wire));
			} else {
				const end = this.end();
				while (this.pos < end) {
					this.count();
					list.push(this[SCALARS[kind]]());
				}
				if (this.pos !== end) throw new RangeError("a packed list ends inside a value");
			}
		}
	}

	value(type: MessageType<unknown>, code: number, wire: number): unknown {
		const kind = code & KIND;
		if (wire !== WIRE_TYPES[kind])
			throw new RangeError(`wire type ${wire} for field ${numberOf(code)}`);
		if (kind !== KIND_MESSAGE) return this[SCALARS[kind]]();
		this.count();
		return this.message(type.all[referenceOf(code)], this.end());
	}

	/** An entry is a message with the key as field 1 and the value as field 2. */
	entry(map: Map<string, string>, wire: number): void {
		if (wire !== WIRE_BYTES) throw new RangeError(`wire type ${wire} for a map`);
		this.count();
		const outer = this.len;
		this.len = this.end();
		const pair = ["", "", ""];
		while (this.pos < this.len) {
			const tag = this.uint32();
			if (tag === 10 || tag === 18) pair[tag >> 3] = this.string();
			else this.skipField(tag & 7);
		}
		this.len = outer;
		map.set(pair[1], pair[2]);
	}

	count(): void {
		if (--this.#values < 0) throw new RangeError("too many values in one message");
	}
}

/** The index of field `number`, looked for from `start` on and around; or -1. */
function find(fields: readonly (number | string)[], number: number, start: number): number {
	const { length } = fields;
	for (let i = start; i < length; i += 2) if (numberOf(fields[i] as number) === number) return i;
	for (let i = 0; i < start; i += 2) if (numberOf(fields[i] as number) === number) return i;
	return -1;
}

function writeMessage(writer: WireWriter, type: MessageType<unknown>, message: Fields): void {
	const { fields } = type;
	for (let i = 0; i < fields.length; i += 2) {
		const code = fields[i] as number;
		const value = message[fields[i + 1] as string];
		if (value === undefined) continue;
		const kind = code & KIND;
		if (code & MAP) writeMap(writer, numberOf(code), value as ReadonlyMap<string, string>);
		else if (code & REPEATED) writeList(writer, type, code, value as unknown[]);
		else if (code & PRESENCE || kind === KIND_MESSAGE || !isDefault(value))
			writeValue(writer, type, code, value);
	}
}

function isDefault(value: unknown): boolean {
	return !value || (value instanceof Uint8Array && value.length === 0);
}

function writeValue(writer: WireWriter, type: MessageType<unknown>, code: number, value: unknown) {
	const kind = code & KIND;
	writer.uint32((numberOf(code) << 3) | WIRE_TYPES[kind]);
	if (kind === KIND_MESSAGE) {
		writer.fork();
		writeMessage(writer, type.all[referenceOf(code)], value as Fields);
		writer.ldelim();
	} else writer[SCALARS[kind]](value as never);
}

function writeList(writer: WireWriter, type: MessageType<unknown>, code: number, list: unknown[]) {
	const kind = code & KIND;
	if (kind === KIND_MESSAGE || kind === KIND_STRING || kind === KIND_BYTES) {
		list.forEach((value) => writeValue(writer, type, code, value));
	} else if (list.length) {
		writer.uint32((numberOf(code) << 3) | WIRE_BYTES).fork();
		list.forEach((value) => writer[SCALARS[kind]](value as never));
		writer.ldelim();
	}
}

function writeMap(writer: WireWriter, number: number, map: ReadonlyMap<string, string>): void {
	map.forEach((value, key) => {
		writer.uint32((number << 3) | WIRE_BYTES).fork();
		writer.uint32(10).string(key);
		writer.uint32(18).string(value);
		writer.ldelim();
	});
}
