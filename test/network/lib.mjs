/** What the laboratory's tests share. */

import { createLab } from "./lab.mjs";
import { startProbe } from "./probe.mjs";

export const port = 5000;

/** Small packets that a socket and a queue of the system hold for sure, however late they are read. */
const batch = 100;

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
		 * @param {{ count?: number, interval?: number, size?: number, after?: number }} options
		 */
		async up({ after = 50, ...options }) {
			await server.take(port);
			await device.send({ port, to: lab.server.address, toPort: port, ...options });
			await pause(after);
			return server.take(port);
		},
		/**
		 * The same as fast as the other end takes them: where only the laboratory may lose any.
		 * @param {number} count
		 */
		async flood(count) {
			await server.take(port);
			/** @type {import("./probe.mjs").Arrival[]} */
			const came = [];
			const to = { port, to: lab.server.address, toPort: port, interval: 0 };
			for (let first = 0; first < count; first += batch) {
				await device.send({ ...to, first, count: Math.min(batch, count - first) });
				for (let more = true; more; ) {
					await pause(first + batch < count ? 2 : 50);
					const now = await server.take(port);
					came.push(...now);
					more = now.length > 0;
				}
			}
			return came;
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
