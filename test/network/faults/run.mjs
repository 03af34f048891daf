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
/** ms for memory to be as before: a TCP connection is closed 3 s after ICE has found a better way. */
const patience = 6_000;
/** ms between the device's numbers. */
const numberEvery = 100;
/** Slots that come and go with what is on its way. */
const spareSlots = 24;
/** Bytes, likewise. */
const spareNative = 1_024;

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
	/** Numbers of the other side, as they came. @type {number[]} */
	got = [];

	/** @param {string} name @param {string[]} command @param {NodeJS.ProcessEnv} [env] */
	constructor(name, [program, ...args], env) {
		this.#name = name;
		this.#child = spawn(program, args, { cwd: root, env: { ...process.env, ...env } });
		this.#ended = once(this.#child, "close");
		for (const stream of [this.#child.stdout, this.#child.stderr]) {
			createInterface(stream).on("line", (line) => {
				const [, number] = /^got (?:\S+ )?(\d+)$/.exec(line) ?? [];
				if (number) this.got.push(Number(number));
				else this.lines.push(line);
			});
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
				throw new Failure(`${this.#name}: no ${what}; it said:`, this.lines.slice(-40).join("\n"));
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
 *   device: Side, peer: Side, chance: () => number, letGo?: number }} World `letGo`: ms for which the server
 *   took what the device sent and passed it on to nobody */

/** A look-up cannot be ended before it is answered, and no name is in here. @param {World["lab"]} lab */
const serverOptions = (lab) => ({
	log: "server-faults.log",
	host: lab.server,
	rtc: { stun_servers: [`${lab.server.address}:3478`] },
});

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
	async told(world) {
		const { device, peer, chance } = world;
		const scenarios = ["node-failure", "migration"];
		const [from, begin] = [device.lines.length, performance.now()];
		peer.tell(`simulate ${scenarios[Math.floor(chance() * scenarios.length)]}`);
		// Now and then the server takes a resume after all.
		const back = ["localTrackUnpublished", "reconnected"];
		await device.until("way back", () => back.some((line) => device.lines.includes(line, from)));
		world.letGo = performance.now() - begin;
	},
	/** Killed, and started again. */
	async restart(world) {
		const { peer } = world;
		const from = peer.lines.length;
		await world.server.kill();
		peer.tell("killed");
		await wait(world, 0, 1000);
		world.server = await startServer({
			...serverOptions(world.lab),
			again: world.server,
		});
		await peer.until("new join", () => peer.lines.indexOf("joined", from) >= 0);
	},
};
/** Only where there is time. @type {typeof faults} */
const longFaults = {
	async longHole(world) {
		await world.lab.set({ blackHole: true });
		await wait(world, 9000, 20_000); // of which the numbers still fit the device's replay buffer
	},
};

/**
 * @typedef {object} Numbers what is wrong with those of a cycle
 * @property {number} missing @property {number} repeated @property {number} outOfOrder
 */

/** Judges numbers cycle by cycle. @param {Side} side */
function watchNumbers(side) {
	let [most, judged] = [0, 0];
	const seen = new Set();
	/** @returns {Numbers} of those since the last time */
	return () => {
		const got = side.got.slice(judged);
		judged = side.got.length;
		const before = most;
		const fresh = new Set(got.filter((one) => !seen.has(one)));
		let outOfOrder = 0;
		for (const one of fresh) {
			if (one < most) outOfOrder++;
			most = Math.max(most, one);
			seen.add(one);
		}
		return {
			missing: most - before - fresh.size,
			repeated: got.length - fresh.size,
			outOfOrder,
		};
	};
}

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
	await peer.until("new number", () => (peer.got.at(-1) ?? 0) > fromDevice);
	await device.until("new number", () => (device.got.at(-1) ?? 0) > fromPeer);
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
 * @property {number} unheard how many numbers the server may have taken and passed on to nobody
 * @property {number} slots @property {number} native bytes: memory, when all was well
 *
 * @property {Numbers} up the peer's of the device @property {Numbers} down and the other way
 *
 * @typedef {{ cycles: Cycle[], left: number, kept: number }} Journey `left`: ms that disconnect() took, in
 *   a black hole; `kept`: native bytes in use 2 s after its beginning
 */

/**
 * What is not as docs/session.md promises. A resume loses and repeats nothing, but for what
 * livekit-server drops in a long outage. While all is joined anew the device is not there to get
 * anything; what it sends comes once, by its nonce. A server that lets go without a word goes on taking what
 * it passes on to nobody; one that is killed takes with it what it had, its participants, and what it
 * knew of nonces.
 * @param {Journey} journey
 */
export function complaints({ cycles, left, kept }) {
	const found = cycles.flatMap(({ fault, anew, unheard, up, down }, i) => {
		const killed = fault === "restart";
		const wrong = {
			"lost on the way up": killed ? 0 : Math.max(0, up.missing - unheard),
			"twice on the way up": killed ? 0 : up.repeated,
			"lost on the way down": anew || fault === "longHole" ? 0 : down.missing,
			"twice on the way down": down.repeated,
			"out of order": up.outOfOrder + down.outOfOrder,
		};
		return Object.entries(wrong).flatMap(([what, count]) =>
			count > 0 ? [`cycle ${i + 1}, ${fault}: ${count} ${what}`] : [],
		);
	});
	const half = Math.ceil(cycles.length / 2);
	for (const [what, spare] of /** @type {["slots" | "native", number][]} */ ([
		["slots", spareSlots],
		["native", spareNative],
	])) {
		const most = (/** @type {Cycle[]} */ some) => Math.max(...some.map((one) => one[what]));
		const growth = most(cycles.slice(half)) - most(cycles.slice(0, half));
		if (growth > spare) found.push(`${what} grew by ${growth}`);
	}
	if (left > 2000) found.push(`disconnect() took ${left} ms`);
	if (kept > 0) found.push(`disconnect() kept ${kept} B`);
	return found;
}

/**
 * @param {{ cycles: number, seed: number, long?: boolean, only?: string[], tell?: (line: string) => void }} options `long`: outages of up
 *   to 20 s, too; `only`: of these faults
 * @returns {Promise<Journey>}
 */
export async function runFaults({ cycles, seed, long = false, only, tell = () => {} }) {
	const lab = await createLab({ seed });
	const folder = mkdtempSync(join(build, "faults-"));
	/** @type {Side[]} */
	const sides = [];
	/** @type {World | undefined} */
	let world;
	const server = await startServer(serverOptions(lab));
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
		const description = buildApp(join(root, "test/e2e/apps/faults/manifest.json"), {
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
		const half = Math.ceil(cycles / 2);
		const start = await settledMemory(device);
		const [up, down] = [watchNumbers(peer), watchNumbers(device)];
		for (const judge of [up, down]) judge(); // what was before both were here

		/** @type {Cycle[]} */
		const done = [];
		const all = { ...faults, ...(long && longFaults) };
		const names = Object.keys(all).filter((name) => !only || only.includes(name));
		for (let i = 0; i < cycles; i++) {
			const fault = names[Math.floor(chance() * names.length)];
			const since = device.lines.length;
			world.letGo = undefined;
			await all[fault](world);
			const { letGo } = /** @type {World} */ (world);
			const unheard = letGo === undefined ? 0 : Math.ceil(letGo / numberEvery) + 1;
			await lab.set({ delay });
			const begin = performance.now();
			await allIsWell(world);
			const ms = Math.round(performance.now() - begin);
			const anew = device.lines.indexOf("localTrackUnpublished", since) >= 0;
			const before = done.slice(0, half).map(({ slots, native }) => ({ slots, native }));
			const memory = await settledMemory(device, i < half ? [start] : before);
			done.push({ fault, ms, anew, unheard, ...memory, up: up(), down: down() });
			tell(
				`${i + 1} ${fault}${anew ? ", joined anew" : ""}: ${ms} ms, ${memory.slots} slots, ${memory.native} B`,
			);
		}
		await lab.set({ blackHole: true });
		await pause(2000); // it is on its way back when it is told to leave
		const status = await device.end();
		const [, left, kept] =
			/^left after (\d+) ms, (\d+) B kept$/m.exec(device.lines.join("\n")) ?? [];
		if (status !== 0 || !left)
			throw new Failure("the device did not leave:", device.lines.slice(-60).join("\n"));
		return { cycles: done, left: Number(left), kept: Number(kept) };
	} finally {
		await Promise.all(sides.map((side) => side.end()));
		await (world?.server ?? server).stop();
		await lab.close();
		rmSync(folder, { recursive: true, force: true });
	}
}

/**
 * What is there at least, for now and then a message is on its way; once that is no more than it was, if
 * it comes to that.
 * @param {Side} device @param {Pick<Cycle, "slots" | "native">[]} [before]
 */
async function settledMemory(device, before = []) {
	const since = device.lines.length;
	const end = performance.now() + patience;
	const least = () => {
		const statuses = device.lines
			.slice(since)
			.flatMap((line) => (line.startsWith("status ") ? [JSON.parse(line.slice(7))] : []));
		return {
			count: statuses.length,
			slots: Math.min(...statuses.map(({ slots }) => slots)),
			native: Math.min(...statuses.map(({ native }) => native)),
		};
	};
	const most = Math.max(...before.map(({ native }) => native)) + spareNative;
	await device.until("status", () => {
		const { count, native } = least();
		return count >= readings && (!before.length || native <= most || performance.now() > end);
	});
	const { slots, native } = least();
	return { slots, native };
}
