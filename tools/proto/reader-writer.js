/**
 * The entry of the bundle that tools/proto/runtime.mjs makes. On a device it runs before there is a
 * flash: what is taken out of objects here is never in it.
 */
import Reader from "protobufjs/src/reader";
import LongBits from "protobufjs/src/util/longbits";
import Writer from "protobufjs/src/writer";

// int64 accessors are made here, for numbers because there is no Long. The argument would be the
// variant for Node's Buffer.
Reader._configure({ _configure() {} });

function keepOnly(target, names) {
	for (const name of Object.keys(target)) if (!names.includes(name)) delete target[name];
}

// The scalar types that are in the tables (generate.mjs refuses others), less those that
// src/protocol/wire.ts reads and writes itself.
const scalars = ["bool", "bytes", "float", "int32", "int64", "uint64"];
keepOnly(Reader, []);
keepOnly(Reader.prototype, [...scalars, "_slice", "skip"]);
keepOnly(Writer, []);
keepOnly(Writer.prototype, [...scalars, "uint32", "_push", "fork", "reset", "ldelim", "finish"]);
keepOnly(LongBits, ["from", "fromNumber"]);
keepOnly(LongBits.prototype, ["length", "toNumber"]);

export { Reader, Writer };
