/** What the laboratory does to packets is what it was told to do. */

import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { labRefusal } from "./lab.mjs";
import { binomialSlack, deviation, mean, pause, port, probedLab, quantile } from "./lib.mjs";

const skip = await labRefusal();
const slack = 3; // ms by which a busy machine's processes may be late, on average

/** @typedef {Awaited<ReturnType<typeof probedLab>>} Probed @typedef {import("./probe.mjs").Arrival} Arrival */

/** @param {number} value @param {number} expected @param {number} by @param {string} what */
function assertNear(value, expected, by, what) {
	assert.ok(Math.abs(value - expected) <= by, `${what}: ${value} instead of ${expected} ± ${by}`);
}

/** @param {Arrival[]} arrivals */
const delays = (arrivals) => arrivals.map(({ delay }) => delay);

/** Numbers of those that did not come. @param {Arrival[]} arrivals @param {number} count */
function missing(arrivals, count) {
	const there = new Set(arrivals.map(({ number }) => number));
	return Array.from({ length: count }, (_, number) => number).filter((n) => !there.has(n));
}

describe("the network laboratory", { skip }, () => {
	/** @type {Probed} */
	let net;
	before(async () => {
		net = await probedLab({ seed: 1 });
		await net.server.serve(port);
	});
	afterEach(() => net?.lab.set());
	after(() => net?.close());

	it("delays, each direction by its own", async () => {
		await net.lab.set({ up: { delay: 40 }, down: { delay: 10 } });
		const up = delays(await net.up({ count: 200, interval: 2 }));
		const down = delays(await net.down({ count: 200, interval: 2 }));
		assert.equal(up.length + down.length, 400);
		assert.ok(Math.min(...up) >= 40 && Math.min(...down) >= 10, "early");
		assertNear(quantile(up, 0.5), 40, slack, "median of 40");
		assertNear(quantile(down, 0.5), 10, slack, "median of 10");
	});

	it("jitters uniformly", async () => {
		await net.lab.set({ delay: 40, jitter: { uniform: 30 } });
		const up = delays(await net.up({ count: 1000, after: 120 }));
		assert.equal(up.length, 1000);
		assert.ok(Math.min(...up) >= 10, `${Math.min(...up)}: early`);
		assertNear(mean(up), 40, 5 * (17.3 / Math.sqrt(1000)) + slack, "mean");
		assertNear(deviation(up), 60 / Math.sqrt(12), 1.5, "standard deviation");
		assertNear(quantile(up, 0.1), 16, 3 + slack, "first tenth");
		assertNear(quantile(up, 0.9), 64, 3 + slack, "last tenth");
	});

	it("jitters normally", async () => {
		await net.lab.set({ delay: 60, jitter: { normal: 15 } });
		const up = delays(await net.up({ count: 1000, after: 150 }));
		assert.equal(up.length, 1000);
		assertNear(mean(up), 60, 5 * (15 / Math.sqrt(1000)) + slack, "mean");
		assertNear(deviation(up), 15, 2, "standard deviation");
		const within = up.filter((delay) => Math.abs(delay - mean(up)) < 15).length;
		assertNear(within, 683, binomialSlack(1000, 0.683), "within one deviation");
	});

	it("loses at random, the same packets for the same seed", async () => {
		const count = 3000;
		/** @param {number} seed */
		const run = async (seed) => {
			const other = await probedLab({ seed });
			await other.lab.set({ loss: 0.1 });
			const lost = missing(await other.flood(count), count);
			const { up } = await other.lab.stats();
			await other.close();
			assert.equal(up.drops.lost, lost.length, "the forwarder's count");
			return lost;
		};
		const lost = await run(7);
		assertNear(lost.length, 0.1 * count, binomialSlack(count, 0.1), "losses");
		assert.deepEqual(await run(7), lost);
		assert.notDeepEqual(await run(8), lost);
	});

	it("loses in bursts", async () => {
		const count = 6000;
		await net.lab.set({ bursts: { enter: 0.02, leave: 0.25 } });
		const lost = missing(await net.flood(count), count);
		const bursts = lost.filter((number, i) => number !== lost[i - 1] + 1).length;
		// Of a two-state chain: 2/27 of the time bad, for 4 packets on average, 111 times.
		assertNear(lost.length / bursts, 4, 5 * (3.5 / Math.sqrt(bursts)), "length of a burst");
		assertNear(bursts, count / 54, binomialSlack(count, 1 / 54), "number of bursts");
	});

	it("duplicates", async () => {
		await net.lab.set({ duplicate: 0.2 });
		const up = await net.flood(1000);
		assert.deepEqual(missing(up, 1000), []);
		assertNear(up.length - 1000, 200, binomialSlack(1000, 0.2), "duplicates");
	});

	it("reorders", async () => {
		await net.lab.set({ delay: 5, reorder: { probability: 0.1, by: 20 } });
		const up = await net.up({ count: 1000 });
		assert.equal(up.length, 1000);
		const late = up.filter(({ number }, i) => i > 0 && number < up[i - 1].number).length;
		assert.ok(late > 50 && late < 150, `${late} of 1000 came after a later one`);
		const held = up.filter(({ delay }) => delay >= 25).length;
		assert.ok(held >= 50, `${held} were held back`);
	});

	it("limits the rate, with a bucket before and a queue behind", async () => {
		// 1028 bytes of IP a packet: 8.2 ms each; a bucket of 5 of them, a queue of 20.
		await net.lab.set({ rate: { kbps: 1000, bucket: 5140, queue: 20_560 } });
		const up = await net.up({ count: 100, interval: 0, size: 1000, after: 300 });
		const { up: counters } = await net.lab.stats();
		assertNear(up.length, 25, 2, "passed"); // sending takes a moment, in which one or two leave
		assert.ok(counters.drops.queueFull >= 73, `${counters.drops.queueFull} dropped`);
		const [sixth, last] = [up[5], up[up.length - 1]];
		const rate = ((up.length - 6) * 1028 * 8) / (last.at - sixth.at);
		assertNear(rate, 1000, 50, "kbit/s");
		assert.ok(up[4].delay < 8, `the bucket's fifth waited ${up[4].delay} ms`);

		const { counted, ms } = await net.device.transfer({
			to: net.lab.server.address,
			toPort: port,
			bytes: 100_000,
		});
		assert.equal(counted, 100_000);
		assert.ok(ms > 760, `TCP sent 100 kB in ${ms} ms`);
	});

	it("is a black hole, one way and both ways", async () => {
		await net.lab.set({ up: { blackHole: true } });
		assert.equal((await net.up({ count: 20 })).length, 0);
		assert.equal((await net.down({ count: 20 })).length, 20);
		await net.lab.set({ blackHole: true });
		assert.equal((await net.up({ count: 20 })).length, 0);
		assert.equal((await net.down({ count: 20 })).length, 0);
		await net.lab.set();
		assert.equal((await net.up({ count: 20 })).length, 20);
	});

	it("blocks UDP and lets TCP pass", async () => {
		await net.lab.set({ blockUdp: true });
		assert.equal((await net.up({ count: 20 })).length, 0);
		assert.equal((await net.down({ count: 20 })).length, 0);
		const to = net.lab.server.address;
		const { counted } = await net.device.transfer({ to, toPort: port, bytes: 10_000 });
		assert.equal(counted, 10_000);
	});

	it("blocks a port and lets others pass", async () => {
		await net.lab.set({ blockPorts: [9, port] });
		assert.equal((await net.up({ count: 20 })).length, 0);
		const { up } = await net.lab.stats();
		assert.ok(up.drops.portBlocked >= 20);
		await net.lab.set({ blockPorts: [9] });
		assert.equal((await net.up({ count: 20 })).length, 20);
	});

	it("changes while packets are on their way", async () => {
		await net.lab.set({ delay: 100 });
		const first = net.up({ count: 5, after: 150 });
		await pause(50);
		await net.lab.set({ blackHole: true }); // the five are beyond it
		assert.equal((await first).length, 5);
	});

	it("refuses settings it does not know", async () => {
		await assert.rejects(net.lab.set(/** @type {any} */ ({ lag: 3 })), TypeError);
		await assert.rejects(net.lab.set({ loss: 2 }), RangeError);
		await assert.rejects(net.lab.nat(/** @type {any} */ ("conical")), RangeError);
	});
});

describe("an MTU", { skip }, () => {
	const mtu = 1200;
	/** @type {Probed} a new one: the kernel remembers what it learns of a path */
	let net;
	const transfer = (/** @type {number} */ timeout) =>
		net.device.transfer({ to: net.lab.server.address, toPort: port, bytes: 50_000, timeout });
	before(async () => {
		net = await probedLab();
		await net.server.serve(port);
	});
	after(() => net?.close());

	it("that says nothing drops what is larger", async () => {
		await net.lab.set({ mtu: { bytes: mtu } });
		assert.equal((await net.up({ size: mtu - 28 })).length, 1);
		assert.equal((await net.up({ size: mtu - 27 })).length, 0);
		await assert.rejects(transfer(500), /timeout/);
		const { up } = await net.lab.stats();
		assert.equal(up.icmp, 0);
		assert.ok(up.drops.tooBig >= 2);
	});

	it("that says so lets senders adapt", async () => {
		await net.lab.set({ mtu: { bytes: mtu, icmp: true } });
		await net.lab.reset();
		assert.equal((await net.up({ size: mtu })).length, 0);
		const { up } = await net.lab.stats();
		assert.equal(up.icmp, 1);
		// Linux has learned, and cuts the next into fragments that fit.
		assert.equal((await net.up({ size: mtu })).length, 1);
		assert.equal((await transfer(5000)).counted, 50_000);
	});
});
