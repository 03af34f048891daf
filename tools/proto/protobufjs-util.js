/**
 * In the place of protobufjs/src/util/minimal: what its Reader, Writer and LongBits use. The rest
 * (promises, events, base64, slabs, UTF-8 by UTF-16 units) is not for us, and its floats go through
 * arrays of the module, which are in flash on a device and cannot be written.
 */

const at = (bytes, position, length) =>
	new DataView(bytes.buffer, bytes.byteOffset + position, length);

const Bytes = Uint8Array;

export { Bytes as Array };
export const pool = (alloc) => alloc;
export const merge = Object.assign;
export const float = {
	readFloatLE: (bytes, position) => at(bytes, position, 4).getFloat32(0, true),
	writeFloatLE: (value, bytes, position) => at(bytes, position, 4).setFloat32(0, value, true),
};
export { default as LongBits } from "protobufjs/src/util/longbits";
export const base64 = undefined;
export const utf8 = undefined;
export const recursionLimit = undefined;
