/**
 * Objects as MessagePack, by msgpackr without its records: what any MessagePack library reads and
 * writes. Its packer is made at the first use.
 */

import { recordOf } from "../../platform/record";
import { VALUE_BYTES } from "../DataPort";
import { check } from "./check";
import { Packr } from "./generated/msgpackr";

/** How a packet says that it holds an object: by its topic, `msgpack/` and the app's own. */
export const OBJECT_TOPIC = "msgpack/";

export type ObjectValue =
	| undefined
	| null
	| boolean
	| number
	/** 64 bits; read as a number up to 2^53. */
	| bigint
	| string
	| Date
	| Uint8Array
	| readonly ObjectValue[]
	| { readonly [name: string]: ObjectValue };

export class ObjectCodec {
	#packr: Packr | undefined;
	/** Of an object of others, keys included. */
	readonly #maxValues: number;

	constructor(maxTextBytes: number) {
		this.#maxValues = maxTextBytes / VALUE_BYTES;
	}

	/** In a buffer that the next pack() may write over. The value must not contain itself. */
	pack(value: ObjectValue): Uint8Array {
		return this.#get().pack(value);
	}

	/** Throws ProtocolError or TypeError when that is no object that we take. */
	unpack(bytes: Uint8Array): ObjectValue {
		check(bytes, this.#maxValues);
		return readable(this.#get().unpack(bytes));
	}

	#get(): Packr {
		this.#packr ??= new Packr();
		return this.#packr;
	}
}

/** Maps as objects: names that came from a peer must not become property names. */
function readable(value: unknown): ObjectValue {
	if (Array.isArray(value)) {
		for (let i = 0; i < value.length; i++) value[i] = readable(value[i]);
		return value;
	}
	if (!(value instanceof Map)) return value as ObjectValue;
	const map = new Map<string, ObjectValue>();
	value.forEach((item, name) => map.set(String(name), readable(item)));
	return recordOf(map);
}
