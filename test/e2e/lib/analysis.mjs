/**
 * What the end-to-end tests ask of recorded sound. Samples are 16-bit; levels are dB of the full
 * scale (dBFS) of a sine: a sine of amplitude 32,767 has 0 dBFS.
 */

const fullScale = 32_768;

/** A test pattern: each tone in turn, for `each` seconds, without a jump of the phase between. */
export const pattern = {
	frequencies: [440, 1000],
	each: 0.5,
	amplitude: 8000,
};

/** @param {number} rate @param {number} seconds @returns {Int16Array} */
export function makePattern(rate, seconds) {
	const { frequencies, each, amplitude } = pattern;
	const samples = new Int16Array(Math.round(rate * seconds));
	let phase = 0;
	for (let i = 0; i < samples.length; i++) {
		const tone = Math.floor(i / rate / each) % frequencies.length;
		samples[i] = Math.round(amplitude * Math.sin(phase));
		phase += (2 * Math.PI * frequencies[tone]) / rate;
	}
	return samples;
}

/**
 * What is left of the pattern in a recording.
 * @param {Int16Array} samples @param {number} rate
 * @returns {{ frequencies: number[], levels: number[], turns: number[] }} for each of the pattern's
 *   tones its median frequency in Hz and its median level in dB, 0 as it was made; `turns` are the
 *   times in seconds from one change of the tone to the next
 */
export function readPattern(samples, rate) {
	const size = Math.round(rate * 0.1);
	const step = Math.round(rate * 0.02);
	const tones = pattern.frequencies.map(() => ({ found: [0].slice(1), levels: [0].slice(1) }));
	const turns = [];
	let [current, since] = [-1, 0];
	for (let at = 0; at + size <= samples.length; at += step) {
		const window = samples.subarray(at, at + size);
		const amplitudes = pattern.frequencies.map((hertz) => toneAmplitude(window, rate, hertz));
		const tone = amplitudes.indexOf(Math.max(...amplitudes));
		if (tone !== current) {
			if (current >= 0 && since > 0) turns.push((at - since) / rate);
			if (current >= 0) since = at;
			current = tone;
		}
		// Only windows that lie within one tone say what it is like.
		if (amplitudes.some((value, i) => i !== tone && value > amplitudes[tone] / 30)) continue;
		const hertz = pattern.frequencies[tone];
		tones[tone].found.push(strongestFrequency(window, rate, hertz - 50, hertz + 50));
		tones[tone].levels.push(level(window) - toDecibel(pattern.amplitude));
	}
	return {
		frequencies: tones.map(({ found }) => median(found)),
		levels: tones.map((tone) => median(tone.levels)),
		turns,
	};
}

/** @param {number} amplitude of a sine */
export const toDecibel = (amplitude) => 20 * Math.log10(Math.max(amplitude, 1e-3) / fullScale);

/** Level by RMS, in dBFS. @param {Int16Array} samples */
export function level(samples) {
	let energy = 0;
	for (const sample of samples) energy += sample * sample;
	return toDecibel(Math.sqrt((2 * energy) / Math.max(samples.length, 1)));
}

/**
 * Amplitude of the sine of `frequency` in `samples` (Goertzel, with a Hann window so that
 * neighbours do not leak in).
 * @param {Int16Array} samples @param {number} rate @param {number} frequency
 */
export function toneAmplitude(samples, rate, frequency) {
	const omega = (2 * Math.PI * frequency) / rate;
	const coefficient = 2 * Math.cos(omega);
	let [previous, beforeThat, windowSum] = [0, 0, 0];
	for (let i = 0; i < samples.length; i++) {
		const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * (i + 0.5)) / samples.length);
		const next = window * samples[i] + coefficient * previous - beforeThat;
		beforeThat = previous;
		previous = next;
		windowSum += window;
	}
	const power = previous ** 2 + beforeThat ** 2 - coefficient * previous * beforeThat;
	return (2 * Math.sqrt(Math.max(power, 0))) / windowSum;
}

/**
 * The strongest frequency between `low` and `high` Hz, to a fraction of a Hz for a clean tone.
 * @param {Int16Array} samples @param {number} rate @param {number} low @param {number} high
 */
export function strongestFrequency(samples, rate, low, high) {
	let [best, bestAmplitude] = [low, -1];
	for (let step = rate / samples.length / 2, from = low, to = high; step > 0.05; step /= 5) {
		for (let frequency = from; frequency <= to; frequency += step) {
			const amplitude = toneAmplitude(samples, rate, frequency);
			if (amplitude > bestAmplitude) [best, bestAmplitude] = [frequency, amplitude];
		}
		[from, to] = [Math.max(low, best - step), Math.min(high, best + step)];
	}
	return best;
}

/**
 * Level of each window of `milliseconds`.
 * @param {Int16Array} samples @param {number} rate @param {number} milliseconds
 */
export function levels(samples, rate, milliseconds) {
	const size = Math.round((rate * milliseconds) / 1000);
	return Array.from({ length: Math.floor(samples.length / size) }, (_, i) =>
		level(samples.subarray(i * size, (i + 1) * size)),
	);
}

/**
 * What lies between the first and the last window of 5 ms that is louder than `threshold` dBFS.
 * @param {Int16Array} samples @param {number} rate @param {number} [threshold]
 */
export function trimSilence(samples, rate, threshold = -40) {
	const size = Math.round(rate / 200);
	const loud = levels(samples, rate, 5).map((value) => value > threshold);
	const [first, last] = [loud.indexOf(true), loud.lastIndexOf(true)];
	return first < 0 ? samples.subarray(0, 0) : samples.subarray(first * size, (last + 1) * size);
}

/**
 * The longest stretch, in ms, that is quieter than `threshold` dBFS.
 * @param {Int16Array} samples @param {number} rate @param {number} threshold
 */
export function longestGap(samples, rate, threshold) {
	const step = 2.5; // ms; a period of 440 Hz fits
	let [longest, current] = [0, 0];
	for (const value of levels(samples, rate, step)) {
		current = value < threshold ? current + step : 0;
		longest = Math.max(longest, current);
	}
	return longest;
}

/**
 * Instants at which the waveform breaks: its curvature stands out of the 20 ms around it by more
 * than `factor`. Speech stays below about 12, a lost or doubled stretch of a tone is far above.
 * @param {Int16Array} samples @param {number} rate @param {number} [factor]
 * @returns {number[]} seconds
 */
export function clicks(samples, rate, factor = 12) {
	const half = Math.round(rate / 100);
	const dead = Math.round(rate / 1000); // the click itself does not count as its surroundings
	const curvature = new Float64Array(samples.length);
	for (let i = 2; i < samples.length; i++) {
		curvature[i] = Math.abs(samples[i] - 2 * samples[i - 1] + samples[i - 2]);
	}
	const sums = new Float64Array(samples.length + 1);
	for (let i = 0; i < samples.length; i++) sums[i + 1] = sums[i] + curvature[i];
	const found = [];
	for (let i = half; i < samples.length - half; i++) {
		const around = sums[i - dead] - sums[i - half] + sums[i + half] - sums[i + dead];
		const mean = around / (2 * (half - dead));
		if (curvature[i] > factor * Math.max(mean, 30)) {
			found.push(i / rate);
			i += half;
		}
	}
	return found;
}

/** @param {number[]} values */
export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[sorted.length >> 1];
}

/**
 * How a recording follows what was played: cut into segments of 200 ms, each is looked for
 * in the recording.
 * @param {Int16Array} played @param {Int16Array} recorded both at `rate` @param {number} rate
 * @returns {{ delay: number, speed: number, likeness: number, segments: number }} `delay` in seconds; `speed` is 1
 *   when the recording is as fast (and so as high) as the original; `likeness` is the median of the
 *   segments' correlation, 1 for a copy
 */
export function compare(played, recorded, rate) {
	const coarse = envelopeDelay(played, recorded, rate);
	const size = Math.round(rate / 5);
	const reach = Math.round(rate * 0.12);
	/** @type {{ at: number, lag: number, correlation: number }[]} */
	const segments = [];
	for (let at = 0; at + size <= played.length; at += size) {
		const segment = played.subarray(at, at + size);
		if (level(segment) < -45) continue;
		const middle = at + Math.round(coarse * rate);
		const { lag, correlation } = bestLag(segment, recorded, middle - reach, middle + reach);
		if (correlation > 0) segments.push({ at, lag: lag - at, correlation });
	}
	if (segments.length < 2) return { delay: coarse, speed: 0, likeness: 0, segments: 0 };
	// Only segments that were found say where they are; slope of their lags by Theil and Sen.
	const sure = segments.filter(({ correlation }) => correlation > 0.5);
	const slopes = sure.flatMap((a, i) =>
		sure.slice(i + 1).map((b) => (b.lag - a.lag) / (b.at - a.at)),
	);
	return {
		delay: median(segments.map(({ lag }) => lag)) / rate,
		speed: slopes.length > 0 ? 1 / (1 + median(slopes)) : 0,
		likeness: median(segments.map(({ correlation }) => correlation)),
		segments: segments.length,
	};
}

/**
 * The delay, in seconds, at which the loudness of `recorded` follows that of `played` best.
 * @param {Int16Array} played @param {Int16Array} recorded @param {number} rate
 */
function envelopeDelay(played, recorded, rate) {
	const loudness = (/** @type {Int16Array} */ samples) =>
		levels(samples, rate, 10).map((value) => Math.max(value, -60) + 60);
	const [a, b] = [loudness(played), loudness(recorded)];
	let [best, bestSum] = [0, Number.NEGATIVE_INFINITY];
	for (let lag = 0; lag < b.length; lag++) {
		let sum = 0;
		for (let i = 0; i < a.length && i + lag < b.length; i++) sum -= (a[i] - b[i + lag]) ** 2;
		// What falls off the end was not recorded: it counts like silence.
		for (let i = b.length - lag; i < a.length; i++) sum -= a[Math.max(i, 0)] ** 2;
		if (sum > bestSum) [best, bestSum] = [lag, sum];
	}
	return best / 100;
}

/**
 * Where `segment` is most like `recorded`, between two positions.
 * @param {Int16Array} segment @param {Int16Array} recorded @param {number} from @param {number} to
 */
function bestLag(segment, recorded, from, to) {
	const { length } = segment;
	const first = Math.max(from, 0);
	let [energy, other] = [0, 0]; // of the segment, and of what is compared with it
	for (let i = 0; i < length; i++) {
		energy += segment[i] ** 2;
		other += (recorded[first + i] ?? 0) ** 2;
	}
	let [lag, correlation] = [from, 0];
	for (let at = first; at <= to && at + length <= recorded.length; at++) {
		let product = 0;
		for (let i = 0; i < length; i++) product += segment[i] * recorded[at + i];
		const value = product / Math.sqrt(energy * other || 1);
		if (value > correlation) [lag, correlation] = [at, value];
		other += (recorded[at + length] ?? 0) ** 2 - recorded[at] ** 2;
	}
	return { lag, correlation };
}
