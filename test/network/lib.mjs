/** What the laboratory's tests share. */

import { createLab } from "./lab.mjs";
import { startProbe } from "./probe.mjs";

export const port = 5000;

export const pause = (/** @type {number} */ ms) =>
	new Promise((resolve) => setTimeout(resolve, ms));

/**
 * A laboratory with a probe at each end, both with a socket at `port`.
 * @param {{ seed?: number }} [options]
 */
export async function probedLab(options) {
	const lab = await createLab(options);
	const [device, server] = await Promise.all([startProbe(lab.device), startProbe(lab.server)]);
	await Promise.all([device.open({ port }), server.open({ port })]);
	return {
		lab,
		device,
		server,
		/**
		 * Sends from the device to the server and gives what came until `after` ms later.
		 * @param {{ count?: number, interval?: number, each?: number, size?: number, after?: number }} options
		 */
		async up({ after = 50, ...options }) {
			await server.take(port);
			await device.send({ port, to: lab.server.address, toPort: port, ...options });
			await pause(after);
			return server.take(port);
		},
		/** And the other way. @param {{ count?: number, interval?: number, after?: number }} options */
		async down({ after = 50, ...options }) {
			await device.take(port);
			await server.send({ port, to: lab.device.address, toPort: port, ...options });
			await pause(after);
			return device.take(port);
		},
		async close() {
			await Promise.all([device.stop(), server.stop()]);
			await lab.close();
		},
	};
}

/** @param {number[]} values */
export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** @param {number[]} values */
export function deviation(values) {
	const middle = mean(values);
	return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** The value that a share of `values` does not exceed. @param {number[]} values @param {number} share */
export function quantile(values, share) {
	const sorted = [...values].sort((a, b) => a - b);
	return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}

/**
 * How far a binomial count may be from its mean: five standard deviations, which chance reaches once
 * in two million times.
 * @param {number} count @param {number} probability
 */
export const binomialSlack = (count, probability) =>
	5 * Math.sqrt(count * probability * (1 - probability));
