/**
 * A call through faults by seed, one after the other, and what it looks like after each: connected, sound
 * both ways, reliable numbers once each and in order, no more memory than before.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildApp, hostPath } from "../../../tools/app/run.mjs";
import { Failure } from "../../../tools/lib/failure.mjs";
import { build, root } from "../../../tools/lib/paths.mjs";
import { startServer } from "../../../tools/server/server.mjs";
import { joinToken } from "../../../tools/server/token.mjs";
import { createLab } from "../lab.mjs";
import { pause } from "../lib.mjs";

const delay = 10; // ms each way
/** ms until all must be well after a fault; a machine that is busy with others takes its time. */
const longest = 30_000;
/** Readings of memory, twice a second, of which the least counts. */
const readings = 3;
/** Cycles until what is kept for good is there. */
export const warm = 2;

/** The same sequence for the same seed. @param {number} seed */
function random(seed) {
	let state = seed >>> 0 || 1;
	return () => {
		state ^= state << 13;
		state ^= state >>> 17;
		state ^= state << 5;
		state >>>= 0;
		return state / 2 ** 32;
	};
}

class Side {
	#child;
	#ended;
	#name;
	/** @type {string[]} */
	lines = [];

	/** @param {string} name @param {string[]} command @param {NodeJS.ProcessEnv} [env] */
	constructor(name, [program, ...args], env) {
		this.#name = name;
		this.#child = spawn(program, args, { cwd: root, env: { ...process.env, ...env } });
		this.#ended = once(this.#child, "close");
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			createInterface(stream).on("line", (line) => this.lines.push(line));
		}
	}
	/** @param {string} line */
	tell(line) {
		this.#child.stdin.write(`${line}\n`);
	}
	/** The newest. @param {number} [since] line */
	status(since = 0) {
		const line = this.lines.findLast((one, i) => i >= since && one.startsWith("status "));
		return line && JSON.parse(line.slice(7));
	}
	/** @param {string} what @param {() => unknown} done @param {number} [within] ms */
	async until(what, done, within = longest) {
		const limit = performance.now() + within;
		while (!done()) {
			if (performance.now() > limit || this.#child.exitCode !== null) {
				throw new Failure(`${this.#name}: no ${what}; it said:`, this.lines.slice(-60).join("\n"));
			}
			await pause(20);
		}
	}
	async end() {
		this.#child.kill("SIGTERM");
		const late = setTimeout(() => this.#child.kill("SIGKILL"), 5000);
		const [status] = await this.#ended;
		clearTimeout(late);
		return status;
	}
}

/** @typedef {{ lab: Awaited<ReturnType<typeof createLab>>, server: import("../../../tools/server/server.mjs").Server,
 *   device: Side, peer: Side, chance: () => number }} World */

/** @param {World} world @param {number} from ms @param {number} to */
const wait = ({ chance }, from, to) => pause(from + chance() * (to - from));

/** What can befall a call. @type {Record<string, (world: World) => Promise<void>>} */
const faults = {
	/** The signalling connection is reset. */
	async cut({ peer }) {
		peer.tell("cut");
	},
	async hole(world) {
		await world.lab.set({ blackHole: true });
		await wait(world, 300, 4000);
	},
	/** Nothing passes in one direction. */
	async half(world) {
		const way = world.chance() < 0.5 ? "up" : "down";
		await world.lab.set({ [way]: { blackHole: true } });
		await wait(world, 500, 3500);
	},
	async udp(world) {
		await world.lab.set({ delay, blockUdp: true });
		await wait(world, 500, 3500);
	},
	async lossy(world) {
		const loss = 0.1 + world.chance() * 0.3;
		await world.lab.set({ delay: 30, jitter: { uniform: 25 }, loss, duplicate: 0.05 });
		await wait(world, 1000, 3000);
	},
	async move({ lab, chance }) {
		await lab.moveDevice(`10.77.0.${3 + Math.floor(chance() * 200)}`);
	},
	/** The NAT forgets the device, for UDP or for all. */
	async rebind({ lab, chance }) {
		await lab.rebind({ tcp: chance() < 0.5 });
	},
	async cutInHole(world) {
		await world.lab.set({ blackHole: true });
		await wait(world, 200, 1500);
		world.peer.tell("cut");
		await wait(world, 200, 1500);
	},
	async told({ peer, chance }) {
		const scenarios = ["node-failure", "migration", "leave-full-reconnect"];
		peer.tell(`simulate ${scenarios[Math.floor(chance() * scenarios.length)]}`);
		await pause(300);
	},
	/** Killed, and started again. */
	async restart(world) {
		const { peer } = world;
		const from = peer.lines.length;
		peer.tell("restarted");
		await world.server.kill();
		await wait(world, 0, 1000);
		world.server = await startServer({
			log: "server-faults.log",
			host: world.lab.server,
			again: world.server,
		});
		await peer.until("new join", () => peer.lines.indexOf("joined", from) >= 0);
	},
};
/** Only where there is time. @type {typeof faults} */
const longFaults = {
	async longHole(world) {
		await world.lab.set({ blackHole: true });
		await wait(world, 9000, 25_000);
	},
};

/** @param {Side} side @param {number} [since] */
const numbers = (side, since = 0) =>
	side.lines.slice(since).flatMap((line) => {
		const [, number] = /^got (?:\S+ )?(\d+)$/.exec(line) ?? [];
		return number ? [Number(number)] : [];
	});

/**
 * All is well: connected, and of sound and numbers come some that were sent after this call.
 * @param {World} world
 */
async function allIsWell({ device, peer }) {
	const [fromDevice, fromPeer] = [device.status()?.sent ?? 0, peer.status()?.sent ?? 0];
	await device.until(
		"connection",
		() => device.status(device.lines.length - 4)?.state === "connected",
	);
	await peer.until("new number", () => (numbers(peer).at(-1) ?? 0) > fromDevice);
	await device.until("new number", () => (numbers(device).at(-1) ?? 0) > fromPeer);
	for (const side of [device, peer]) {
		const since = side.lines.length;
		await side.until("status", () => side.status(since));
		const { rtpIn } = side.status(since);
		const again = side.lines.length;
		await side.until("sound", () => (side.status(again)?.rtpIn ?? 0) > rtpIn + 10);
	}
	await device.until("connection", () => device.status()?.state === "connected");
}

/**
 * @typedef {object} Cycle
 * @property {string} fault
 * @property {number} ms until all was well, from the end of the fault
 * @property {boolean} anew all was joined anew
 * @property {number} slots @property {number} native bytes: memory, when all was well
 *
 * @typedef {object} Journey
 * @property {Cycle[]} cycles
 * @property {Numbers} up what the peer got of the device's numbers @property {Numbers} down and the other way
 * @property {number} left ms that disconnect() took
 *
 * @typedef {object} Numbers
 * @property {number} count @property {number} last
 * @property {number} missing @property {number} repeated @property {number} outOfOrder
 */

/** @param {number[]} got @returns {Numbers} */
function judge(got) {
	const seen = new Set(got);
	const last = got.reduce((most, one) => Math.max(most, one), 0);
	let [outOfOrder, most] = [0, 0];
	const first = new Set();
	for (const number of got) {
		if (first.has(number)) continue; // of those that come again the first counts
		first.add(number);
		if (number < most) outOfOrder++;
		else most = number;
	}
	return {
		count: got.length,
		last,
		missing: last - seen.size - (Math.min(...got) - 1),
		repeated: got.length - seen.size,
		outOfOrder,
	};
}

/**
 * @param {{ cycles: number, seed: number, long?: boolean, only?: string[], tell?: (line: string) => void }} options `long`: outages of up
 *   to 25 s, too; `only`: of these faults
 * @returns {Promise<Journey>}
 */
export async function runFaults({ cycles, seed, long = false, only, tell = () => {} }) {
	const lab = await createLab({ seed });
	const folder = mkdtempSync(join(build, "faults-"));
	/** @type {Side[]} */
	const sides = [];
	/** @type {World | undefined} */
	let world;
	const server = await startServer({ log: "server-faults.log", host: lab.server });
	try {
		await lab.nat("port-restricted");
		await lab.set({ delay });
		const token = (/** @type {string} */ identity) =>
			joinToken(server, { room: "faults", identity });
		const program = join(root, "test/network/faults/peer.mjs");
		const peer = new Side("peer", [...lab.server.within, process.execPath, program], {
			LIVEKIT_URL: server.url,
			LIVEKIT_TOKEN: await token("peer"),
		});
		sides.push(peer);
		await peer.until("proxy", () => peer.lines.some((line) => line.startsWith("proxy ")));
		const port = /^proxy (\d+)$/m.exec(peer.lines.join("\n"))?.[1] ?? "";
		const description = buildApp(join(root, "test/network/faults/device/manifest.json"), {
			outDir: folder,
			config: {
				url: `ws://${lab.server.address}:${port}`,
				token: await token("device"),
				mic: join(root, "test/fixtures/speech-16k.wav"),
				loop: true,
				speaker: join(folder, "speaker.wav"),
			},
		});
		const device = new Side("device", [
			...lab.device.within,
			hostPath(),
			...["--state", join(folder, "state")],
			description,
		]);
		sides.push(device);
		const chance = random(seed);
		world = { lab, server, device, peer, chance };
		await device.until("status", () => device.status());
		await allIsWell(world);

		/** @type {Cycle[]} */
		const done = [];
		const all = { ...faults, ...(long && longFaults) };
		const names = Object.keys(all).filter((name) => !only || only.includes(name));
		for (let i = 0; i < cycles; i++) {
			const fault = names[Math.floor(chance() * names.length)];
			const since = device.lines.length;
			await all[fault](world);
			await lab.set({ delay });
			const begin = performance.now();
			await allIsWell(world);
			const ms = Math.round(performance.now() - begin);
			const anew = device.lines.indexOf("localTrackUnpublished", since) >= 0;
			const memory = await leastMemory(device);
			done.push({ fault, ms, anew, ...memory });
			tell(
				`${i + 1} ${fault}${anew ? ", joined anew" : ""}: ${ms} ms, ${memory.slots} slots, ${memory.native} B`,
			);
		}
		const upNumbers = numbers(peer);
		const downNumbers = numbers(device);
		const status = await device.end();
		const [, left] = /^left after (\d+) ms$/m.exec(device.lines.join("\n")) ?? [];
		if (status !== 0 || !left)
			throw new Failure("the device did not leave:", device.lines.slice(-60).join("\n"));
		return { cycles: done, up: judge(upNumbers), down: judge(downNumbers), left: Number(left) };
	} finally {
		await Promise.all(sides.map((side) => side.end()));
		await (world?.server ?? server).stop();
		await lab.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

/** What is there at least: now and then a message is on its way. @param {Side} device */
async function leastMemory(device) {
	const since = device.lines.length;
	const statuses = () =>
		device.lines
			.slice(since)
			.flatMap((line) => (line.startsWith("status ") ? [JSON.parse(line.slice(7))] : []));
	await device.until("status", () => statuses().length >= readings);
	return {
		slots: Math.min(...statuses().map(({ slots }) => slots)),
		native: Math.min(...statuses().map(({ native }) => native)),
	};
}
