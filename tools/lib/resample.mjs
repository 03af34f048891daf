/** Sound at another sample rate. */

import { toSample } from "./wav.mjs";

const crossings = 32; // of the sinc's, each side
const passed = 0.92; // of the narrower band: what is above falls off, and has gone where it would fold

/** @param {number} a @param {number} b @returns {number} */
const commonDivisor = (a, b) => (b === 0 ? a : commonDivisor(b, a % b));

/**
 * Weights of the samples from `half - 1` before a place to `half` behind it, for what lies `part` of a
 * sample behind that place: a sinc in a Blackman window.
 * @param {number} part @param {number} half @param {number} cutoff of half the source's rate
 */
function weights(part, half, cutoff) {
	const taps = Float64Array.from({ length: 2 * half }, (_, i) => {
		const x = i - half + 1 - part;
		const angle = (Math.PI * x) / half;
		const sinc = x === 0 ? 1 : Math.sin(Math.PI * cutoff * x) / (Math.PI * cutoff * x);
		return sinc * (0.42 + 0.5 * Math.cos(angle) + 0.08 * Math.cos(2 * angle));
	});
	const sum = taps.reduce((total, tap) => total + tap);
	return taps.map((tap) => tap / sum);
}

/** @param {Int16Array} samples @param {number} from @param {number} to both in Hz */
export function resample(samples, from, to) {
	if (from === to) return samples;
	const divisor = commonDivisor(from, to);
	const [up, down] = [to / divisor, from / divisor];
	const cutoff = Math.min(1, to / from) * passed;
	const half = Math.ceil(crossings / cutoff);
	const phases = Array.from({ length: up }, (_, phase) => weights(phase / up, half, cutoff));
	const result = new Int16Array(Math.floor((samples.length * up) / down));
	for (let i = 0; i < result.length; i++) {
		const first = Math.floor((i * down) / up) - half + 1;
		const taps = phases[(i * down) % up];
		let sum = 0;
		for (let k = 0; k < taps.length; k++) sum += taps[k] * (samples[first + k] ?? 0);
		result[i] = toSample(sum);
	}
	return result;
}
