/** WAV files: any PCM is read, mono of 16 bits is written. */

import { readFileSync, writeFileSync } from "node:fs";
import { Failure } from "./failure.mjs";

const PCM = 1;
const FLOAT = 3;
const EXTENSIBLE = 0xfffe;

/** A sample at a place as a number from -1 to 1, by "format bits". @type {Record<string, (view: DataView, at: number) => number>} */
const readers = {
	[`${PCM} 8`]: (view, at) => (view.getUint8(at) - 128) / 2 ** 7,
	[`${PCM} 16`]: (view, at) => view.getInt16(at, true) / 2 ** 15,
	[`${PCM} 24`]: (view, at) =>
		(view.getInt8(at + 2) * 2 ** 16 + view.getUint16(at, true)) / 2 ** 23,
	[`${PCM} 32`]: (view, at) => view.getInt32(at, true) / 2 ** 31,
	[`${FLOAT} 32`]: (view, at) => view.getFloat32(at, true),
	[`${FLOAT} 64`]: (view, at) => view.getFloat64(at, true),
};

/** @typedef {{ format: number, channels: number, rate: number, bits: number }} Format */

/** @param {DataView} view @param {number} at @param {number} size @returns {Format} */
function parseFormat(view, at, size) {
	const format = view.getUint16(at, true);
	return {
		format: format === EXTENSIBLE && size >= 40 ? view.getUint16(at + 24, true) : format,
		channels: view.getUint16(at + 2, true),
		rate: view.getUint32(at + 4, true),
		bits: view.getUint16(at + 14, true),
	};
}

/**
 * Several channels become one, their mean.
 * @param {string} path
 * @returns {{ rate: number, samples: Int16Array, plain: boolean }} `plain`: the file itself is mono of
 *   16 bits
 * @throws {Failure} when it is no WAV file, or a compressed one
 */
export function readWav(path) {
	const bytes = readFileSync(path);
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
	if (bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE") {
		throw new Failure(`${path}: not a WAV file`);
	}
	/** @type {Format | undefined} */
	let found;
	for (let at = 12; at + 8 <= bytes.length; ) {
		const [name, size] = [bytes.toString("latin1", at, at + 4), view.getUint32(at + 4, true)];
		at += 8;
		if (name === "fmt " && size >= 16 && at + size <= bytes.length) {
			found = parseFormat(view, at, size);
		} else if (name === "data") {
			// Programs that write into pipes leave the size 0 or all ones.
			const there = size === 0 ? bytes.length - at : Math.min(size, bytes.length - at);
			return readSamples(path, new DataView(view.buffer, view.byteOffset + at, there), found);
		}
		at += size + (size & 1);
	}
	throw new Failure(`${path}: no samples`);
}

/** @param {string} path @param {DataView} view @param {Format} [found] */
function readSamples(path, view, { format, channels, rate, bits } = noFormat) {
	const read = readers[`${format} ${bits}`];
	if (!read || channels < 1 || rate < 1) {
		throw new Failure(`${path}: not PCM; convert it with: ffmpeg -i ${path} out.wav`);
	}
	const frame = (channels * bits) / 8;
	const samples = new Int16Array(Math.floor(view.byteLength / frame));
	for (let i = 0; i < samples.length; i++) {
		let sum = 0;
		for (let channel = 0; channel < channels; channel++) {
			sum += read(view, i * frame + (channel * bits) / 8);
		}
		samples[i] = toSample((sum / channels) * 2 ** 15);
	}
	return { rate, samples, plain: format === PCM && channels === 1 && bits === 16 };
}

const noFormat = { format: 0, channels: 0, rate: 0, bits: 0 };

/** The nearest sample there is. @param {number} value */
export const toSample = (value) => Math.max(-32_768, Math.min(32_767, Math.round(value)));

/** @param {string} path @param {number} rate @param {Int16Array} samples */
export function writeWav(path, rate, samples) {
	const bytes = Buffer.alloc(44 + 2 * samples.length);
	bytes.write("RIFF", 0, "latin1");
	bytes.writeUInt32LE(bytes.length - 8, 4);
	bytes.write("WAVEfmt ", 8, "latin1");
	bytes.writeUInt32LE(16, 16);
	bytes.writeUInt16LE(PCM, 20);
	bytes.writeUInt16LE(1, 22); // channels
	bytes.writeUInt32LE(rate, 24);
	bytes.writeUInt32LE(2 * rate, 28);
	bytes.writeUInt16LE(2, 32);
	bytes.writeUInt16LE(16, 34);
	bytes.write("data", 36, "latin1");
	bytes.writeUInt32LE(2 * samples.length, 40);
	for (let i = 0; i < samples.length; i++) bytes.writeInt16LE(samples[i], 44 + 2 * i);
	writeFileSync(path, bytes);
}
