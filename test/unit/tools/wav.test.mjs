/** WAV files as other programs write them, and sound at another rate. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { Failure } from "../../../tools/lib/failure.mjs";
import { build } from "../../../tools/lib/paths.mjs";
import { resample } from "../../../tools/lib/resample.mjs";
import { readWav, writeWav } from "../../../tools/lib/wav.mjs";
import { level, strongestFrequency, toDecibel, toneAmplitude } from "../../e2e/lib/analysis.mjs";

const folder = join(build, "tests", "wav");
const path = join(folder, "x.wav");

/** @param {number} frequency @param {number} rate @param {number} seconds @param {number} [amplitude] */
const sine = (frequency, rate, seconds, amplitude = 8000) =>
	Int16Array.from({ length: rate * seconds }, (_, i) =>
		Math.round(amplitude * Math.sin((2 * Math.PI * frequency * i) / rate)),
	);

/**
 * A file with `data` as it is.
 * @param {{ format: number, channels: number, rate: number, bits: number }} what
 * @param {Buffer} data @param {{ extensible?: boolean, size?: number }} [how]
 */
function writeFile({ format, channels, rate, bits }, data, { extensible = false, size } = {}) {
	const fmt = Buffer.alloc(extensible ? 40 : 16);
	fmt.writeUInt16LE(extensible ? 0xfffe : format, 0);
	fmt.writeUInt16LE(channels, 2);
	fmt.writeUInt32LE(rate, 4);
	fmt.writeUInt16LE((channels * bits) / 8, 12);
	fmt.writeUInt16LE(bits, 14);
	if (extensible) fmt.writeUInt16LE(format, 24);
	const chunk = (/** @type {string} */ name, /** @type {Buffer} */ body, length = body.length) => {
		const head = Buffer.alloc(8);
		head.write(name, "latin1");
		head.writeUInt32LE(length, 4);
		return Buffer.concat([head, body, Buffer.alloc(body.length & 1)]);
	};
	const body = [
		chunk("fmt ", fmt),
		chunk("LIST", Buffer.from("odd")),
		chunk("data", data, size ?? data.length),
	];
	writeFileSync(path, Buffer.concat([Buffer.from("RIFF\0\0\0\0WAVE", "latin1"), ...body]));
}

describe("a WAV file", () => {
	before(() => mkdirSync(folder, { recursive: true }));

	it("is read back as it was written", () => {
		const samples = sine(300, 16_000, 0.1);
		writeWav(path, 16_000, samples);
		assert.deepEqual(readWav(path), { rate: 16_000, samples, plain: true });
	});

	it("may be of other widths, and numbers", () => {
		const values = [0, 0.5, -0.5, -1];
		const samples = Int16Array.from(values, (value) => value * 32_768);
		const float = Buffer.from(Float32Array.from(values).buffer);
		const wide = Buffer.from(Float64Array.from(values).buffer);
		for (const [format, bits, data] of /** @type {[number, number, Buffer][]} */ ([
			[1, 8, Buffer.from([0x80, 0xc0, 0x40, 0])],
			[1, 24, Buffer.from("000000" + "000040" + "0000c0" + "000080", "hex")],
			[1, 32, Buffer.from("00000000" + "00000040" + "000000c0" + "00000080", "hex")],
			[3, 32, float],
			[3, 64, wide],
		])) {
			for (const extensible of [false, true]) {
				writeFile({ format, bits, channels: 1, rate: 8000 }, data, { extensible });
				assert.deepEqual(readWav(path), { rate: 8000, samples, plain: false });
			}
		}
	});

	it("of several channels gives their mean", () => {
		const data = Buffer.from(Int16Array.from([100, 300, -50, 50]).buffer);
		writeFile({ format: 1, channels: 2, rate: 44_100, bits: 16 }, data);
		const samples = Int16Array.from([200, 0]);
		assert.deepEqual(readWav(path), { rate: 44_100, samples, plain: false });
	});

	it("that went through a pipe does not know its size", () => {
		const data = Buffer.from(Int16Array.from([1, 2, 3]).buffer);
		for (const size of [0, 0xffff_ffff]) {
			writeFile({ format: 1, channels: 1, rate: 16_000, bits: 16 }, data, { size });
			assert.deepEqual([...readWav(path).samples], [1, 2, 3]);
		}
	});

	it("that is none, or compressed, says so", () => {
		writeFile({ format: 85, channels: 1, rate: 16_000, bits: 16 }, Buffer.alloc(8));
		assert.throws(() => readWav(path), /x\.wav: not PCM; convert it with: ffmpeg/);
		writeFileSync(path, "RIFF....WAVEfmt ");
		assert.throws(() => readWav(path), Failure);
		writeFileSync(path, "");
		assert.throws(() => readWav(path), /not a WAV file/);
	});
});

describe("another sample rate", () => {
	for (const [from, to] of [
		[8000, 16_000],
		[11_025, 16_000],
		[22_050, 24_000],
		[32_000, 48_000],
		[44_100, 48_000],
		[96_000, 48_000],
	]) {
		it(`${from} Hz become ${to}`, () => {
			const made = resample(sine(1000, from, 1), from, to);
			assert.ok(Math.abs(made.length - to) <= 1, `${made.length} samples`);
			const middle = made.subarray(to / 4, (3 * to) / 4);
			assert.ok(Math.abs(toneAmplitude(middle, to, 1000) - 8000) < 40);
			assert.ok(Math.abs(strongestFrequency(middle, to, 900, 1100) - 1000) < 0.2);
			// What is left without the tone: images, and what rounding adds.
			const tone = sine(1000, to, 1);
			const rest = middle.map((sample, i) => sample - tone[i + to / 4]);
			assert.ok(level(rest) < toDecibel(8000) - 60, `${level(rest)} dB of something else`);
		});
	}

	it("does not fold what it cannot hold", () => {
		const made = resample(sine(30_000, 96_000, 0.5), 96_000, 48_000);
		assert.ok(level(made.subarray(2000, -2000)) < toDecibel(8000) - 60);
	});

	it("the same gives the same", () => {
		const samples = sine(1000, 16_000, 0.1);
		assert.equal(resample(samples, 16_000, 16_000), samples);
	});
});
