/** What a benchmark gives: medians, with how far single runs were from them. */

/**
 * @typedef {object} Figure
 * @property {string} name @property {number} value the median @property {string} unit
 * @property {number} [low] @property {number} [high] the lowest and highest run
 * @property {number} [runs]
 * @property {string} [peer] who did the same work in the same run
 * @property {number} [peerValue] @property {number} [ratio] value / peerValue
 * @property {number} [peerLow] @property {number} [peerHigh]
 */

/** @param {number[]} values */
export function median(values) {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length >> 1;
	return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** By least squares. @param {number[]} x @param {number[]} y */
export function slope(x, y) {
	const mean = (/** @type {number[]} */ of) => of.reduce((sum, v) => sum + v, 0) / of.length;
	const [mx, my] = [mean(x), mean(y)];
	const covariance = x.reduce((sum, v, i) => sum + (v - mx) * (y[i] - my), 0);
	return covariance / x.reduce((sum, v) => sum + (v - mx) ** 2, 0);
}

/** Four digits; whole numbers, which were counted, as they are. */
const round = (/** @type {number} */ value) =>
	Number.isInteger(value) ? value : Number(value.toPrecision(4));

/**
 * @param {string} name @param {string} unit @param {number[]} values one a run
 * @param {{ name: string, values: number[] }} [peer]
 * @returns {Figure}
 */
export function figure(name, unit, values, peer) {
	const value = median(values);
	/** @param {number[]} of */
	const spread = (of) => ({ low: round(Math.min(...of)), high: round(Math.max(...of)) });
	const noise = values.length > 1 ? { ...spread(values), runs: values.length } : {};
	if (!peer) return { name, value: round(value), unit, ...noise };
	const peerValue = median(peer.values);
	const { low: peerLow, high: peerHigh } = spread(peer.values);
	return {
		name,
		value: round(value),
		unit,
		...noise,
		peer: peer.name,
		peerValue: round(peerValue),
		ratio: round(value / peerValue),
		...(peer.values.length > 1 && { peerLow, peerHigh }),
	};
}
