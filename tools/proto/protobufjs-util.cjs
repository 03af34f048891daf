/**
 * In the place of protobufjs/src/util/minimal: what its Reader, Writer and LongBits use. The rest
 * (promises, events, base64, slabs, UTF-8 by UTF-16 units) is not for us, and its floats go through
 * arrays of the module, which are in flash on a device and cannot be written.
 */

const at = (bytes, position, length) =>
	new DataView(bytes.buffer, bytes.byteOffset + position, length);

exports.Array = Uint8Array;
exports.Buffer = null;
exports.Long = null; // 64-bit integers are numbers
exports.pool = (alloc) => alloc;
exports.merge = Object.assign;
exports.isString = (value) => typeof value === "string";
exports.float = {
	readFloatLE: (bytes, position) => at(bytes, position, 4).getFloat32(0, true),
	writeFloatLE: (value, bytes, position) => at(bytes, position, 4).setFloat32(0, value, true),
};
exports.LongBits = require("protobufjs/src/util/longbits");
