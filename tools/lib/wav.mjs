/** Mono 16-bit PCM WAV files. */

import { readFileSync, writeFileSync } from "node:fs";
import { Failure } from "./failure.mjs";

/** @param {string} path @returns {{ rate: number, samples: Int16Array }} */
export function readWav(path) {
	const bytes = readFileSync(path);
	if (bytes.toString("latin1", 0, 4) !== "RIFF" || bytes.toString("latin1", 8, 12) !== "WAVE") {
		throw new Failure(`${path}: not a WAV file`);
	}
	let rate = 0;
	for (let at = 12; at + 8 <= bytes.length; ) {
		const size = bytes.readUInt32LE(at + 4);
		const body = at + 8;
		switch (bytes.toString("latin1", at, at + 4)) {
			case "fmt ": {
				const [format, channels] = [bytes.readUInt16LE(body), bytes.readUInt16LE(body + 2)];
				if (format !== 1 || channels !== 1 || bytes.readUInt16LE(body + 14) !== 16) {
					throw new Failure(`${path}: not mono 16-bit PCM`);
				}
				rate = bytes.readUInt32LE(body + 4);
				break;
			}
			case "data": {
				if (body + size > bytes.length) throw new Failure(`${path}: shorter than its header says`);
				const samples = new Int16Array(size >> 1);
				for (let i = 0; i < samples.length; i++) samples[i] = bytes.readInt16LE(body + 2 * i);
				return { rate, samples };
			}
		}
		at = body + size + (size & 1);
	}
	throw new Failure(`${path}: no samples`);
}

/** @param {string} path @param {number} rate @param {Int16Array} samples */
export function writeWav(path, rate, samples) {
	const bytes = Buffer.alloc(44 + 2 * samples.length);
	bytes.write("RIFF", 0, "latin1");
	bytes.writeUInt32LE(bytes.length - 8, 4);
	bytes.write("WAVEfmt ", 8, "latin1");
	bytes.writeUInt32LE(16, 16);
	bytes.writeUInt16LE(1, 20); // PCM
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
