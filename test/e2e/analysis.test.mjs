/**
 * The measuring instruments of the end-to-end tests, measured: each must see the fault it is for.
 * @lane units
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
	clicks,
	compare,
	level,
	longestGap,
	makePattern,
	readPattern,
	strongestFrequency,
	toDecibel,
	toneAmplitude,
	trimSilence,
} from "./lib/analysis.mjs";

const rate = 16_000;

/** @param {number} frequency @param {number} amplitude @param {number} seconds */
function sine(frequency, amplitude, seconds) {
	return Int16Array.from({ length: rate * seconds }, (_, i) =>
		Math.round(amplitude * Math.sin((2 * Math.PI * frequency * i) / rate)),
	);
}

/** Something like speech: a gliding tone with a changing loudness. @param {number} seconds */
function babble(seconds) {
	let phase = 0;
	return Int16Array.from({ length: rate * seconds }, (_, i) => {
		const t = i / rate;
		phase += (2 * Math.PI * (300 + 150 * Math.sin(1.7 * t) + 70 * Math.sin(5.3 * t))) / rate;
		const loudness = 3000 * (1 + Math.sin(2.1 * t) * Math.sin(7.3 * t));
		return Math.round(loudness * (Math.sin(phase) + 0.5 * Math.sin(3 * phase)));
	});
}

/** `samples` played `speed` times as fast. @param {Int16Array} samples @param {number} speed */
function atSpeed(samples, speed) {
	return Int16Array.from({ length: Math.floor(samples.length / speed) - 1 }, (_, i) => {
		const [whole, part] = [Math.floor(i * speed), (i * speed) % 1];
		return Math.round(samples[whole] * (1 - part) + samples[whole + 1] * part);
	});
}

/** @param {Int16Array} samples @param {number} seconds */
function delayed(samples, seconds) {
	const result = new Int16Array(samples.length + seconds * rate);
	result.set(samples, seconds * rate);
	return result;
}

describe("analysis of sound", () => {
	it("measures level and tones", () => {
		const tone = sine(440, 8000, 0.5);
		assert.ok(Math.abs(level(tone) - toDecibel(8000)) < 0.05);
		assert.ok(Math.abs(toneAmplitude(tone, rate, 440) - 8000) < 40);
		assert.ok(toneAmplitude(tone, rate, 1000) < 8);
		assert.ok(Math.abs(strongestFrequency(sine(441.3, 500, 0.3), rate, 100, 2000) - 441.3) < 0.3);
	});

	it("reads the pattern back, and sees when it is off", () => {
		const close = (/** @type {number[]} */ values, /** @type {number[]} */ expected, by = 0.5) =>
			values.every((value, i) => Math.abs(value - expected[i]) < by);
		const made = makePattern(rate, 4);
		const clean = readPattern(made, rate);
		assert.ok(close(clean.frequencies, [440, 1000]), `${clean.frequencies}`);
		assert.ok(close(clean.levels, [0, 0], 0.1), `${clean.levels}`);
		assert.equal(clean.turns.length, 6);
		assert.ok(clean.turns.every((turn) => Math.abs(turn - 0.5) <= 0.02));

		const off = readPattern(
			atSpeed(
				made.map((sample) => sample / 2),
				1.01,
			),
			rate,
		);
		assert.ok(close(off.frequencies, [444.4, 1010]), `${off.frequencies}`);
		assert.ok(close(off.levels, [-6, -6], 0.2), `${off.levels}`);
	});

	it("sees a gap of 45 ms and none in the pattern itself", () => {
		const samples = makePattern(rate, 3);
		assert.equal(longestGap(samples, rate, -30), 0);
		samples.fill(0, rate, rate + 0.045 * rate);
		const gap = longestGap(samples, rate, -30);
		assert.ok(gap >= 40 && gap <= 45, `${gap} ms`);
	});

	it("trims silence at both ends only", () => {
		const samples = new Int16Array(3 * rate);
		samples.set(sine(440, 8000, 0.5), rate);
		samples.set(sine(440, 8000, 0.5), 2 * rate);
		assert.ok(Math.abs(trimSilence(samples, rate).length / rate - 1.5) <= 0.01);
		assert.equal(trimSilence(new Int16Array(rate), rate).length, 0);
	});

	it("hears a click where the waveform breaks, and none in a tone or a glide", () => {
		assert.deepEqual(clicks(makePattern(rate, 3), rate), []);
		assert.deepEqual(clicks(babble(4), rate), []);
		const broken = sine(440, 8000, 1);
		broken.copyWithin(rate / 2, rate / 2 + 13);
		assert.deepEqual(
			clicks(broken, rate).map((at) => at.toFixed(2)),
			["0.50"],
		);
	});

	it("finds delay, speed and likeness of a recording", () => {
		const said = babble(4);
		const copy = compare(said, delayed(said, 1), rate);
		assert.ok(Math.abs(copy.delay - 1) < 0.001 && Math.abs(copy.speed - 1) < 1e-4);
		assert.ok(copy.likeness > 0.99);

		const fast = compare(said, delayed(atSpeed(said, 1.01), 1), rate);
		assert.ok(Math.abs(fast.speed - 1.01) < 0.002, `speed ${fast.speed}`);

		for (const other of [atSpeed(said, 1.5), atSpeed(said, 1 / 1.5), sine(700, 3000, 4)]) {
			const { likeness } = compare(said, delayed(other, 1), rate);
			assert.ok(likeness < 0.6, `likeness ${likeness}`);
		}
	});
});
