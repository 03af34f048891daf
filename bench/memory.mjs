/**
 * What a call needs of a device's memory: in the 32-bit host with a device's libraries, with the app in
 * a clone of "flash" and heaps that do not grow. Peaks of a heap have garbage in them; so its need is
 * the smallest fixed heap in which the call still works, found by bisecting.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Room, RoomEvent } from "@livekit/rtc-node";
import { disposePeers, Peer, peerRate } from "../test/e2e/lib/peer.mjs";
import { Failure } from "../tools/lib/failure.mjs";
import { logs } from "../tools/lib/paths.mjs";
import { startSimulator } from "../tools/lib/simulator.mjs";
import { startServer } from "../tools/server/server.mjs";
import { joinToken } from "../tools/server/token.mjs";
import { buildDeviceHost } from "../tools/setup/index.mjs";
import { figure } from "./figures.mjs";
import { internalProfile, profiles } from "./memory/profiles.mjs";

/** @typedef {import("../tools/lib/memory.mjs").Memory} Memory */
/** @typedef {{ peak: number, peaks: Record<string, number>, slots: number, native: number }} Measured */

const cycles = 55; // five until what stays for good is there
const slotStep = 16;
const chunkStep = 256;
const stackStep = 8;

/**
 * Sends back what it gets, and talks, in a room of its own.
 * @param {import("../tools/server/server.mjs").Server} server @param {string} room
 */
async function startEcho(server, room) {
	const peer = await Peer.join(server, room, "peer");
	const talk = await peer.publish(peerRate);
	const tone = Int16Array.from({ length: peerRate }, (_, i) => 8000 * Math.sin(i / 20));
	let talking = true;
	const talked = (async () => {
		while (talking) await talk(tone);
	})();
	const echo = new Room();
	// To the device by name: its data may be here before the news that it has come.
	echo.on(RoomEvent.DataReceived, (payload) => {
		echo.localParticipant?.publishData(payload, {
			reliable: true,
			destination_identities: ["device"],
		});
	});
	await echo.connect(server.url, await joinToken(server, { room, identity: "echo" }), {
		autoSubscribe: false,
		dynacast: false,
	});
	return {
		async stop() {
			talking = false;
			await talked;
			await echo.disconnect();
			await peer.leave();
		},
	};
}

/**
 * @param {import("../tools/server/server.mjs").Server} server @param {string} room
 * @param {Memory} memory @param {{ seconds: number, cycles: number }} call
 * @returns {Promise<Measured | string>} or what the host said of why there was none
 */
async function tryCall(server, room, memory, call) {
	mkdirSync(logs, { recursive: true });
	const log = join(logs, "bench-memory.log");
	const token = await joinToken(server, { room, identity: "device" });
	const config = { url: server.url, token, mic: "test/fixtures/speech-16k.wav", ...call };
	const speaker = join(logs, "bench-memory.wav");
	const device = startSimulator("bench/memory/device", {
		config: { ...config, speaker },
		log,
		memory,
	});
	await device.endWithin((call.seconds + 3) * call.cycles * 1000 + 20_000);
	const output = readFileSync(log, "utf8");
	const [, measured] = /^memory (\{.*)$/m.exec(output) ?? [];
	return measured ? JSON.parse(measured) : output;
}

/**
 * The smallest multiple of `step` up to `most` that works.
 * @param {number} most @param {number} step @param {(size: number) => Promise<boolean>} works
 */
async function smallest(most, step, works) {
	let [low, high] = [0, Math.ceil(most / step)];
	while (high - low > 1) {
		const middle = (low + high) >> 1;
		if (await works(middle * step)) high = middle;
		else low = middle;
	}
	return high * step;
}

/** @returns {Promise<import("./figures.mjs").Figure[]>} */
export async function memory() {
	for (const libraries of /** @type {const} */ (["x86-32", "x86-32-internal"])) {
		const missing = await buildDeviceHost(libraries);
		if (missing) throw new Failure(missing);
	}
	const server = await startServer({ log: "server-bench-memory.log" });
	const room = "bench-memory";
	const echo = await startEcho(server, room);
	try {
		/** @param {Memory} memory @param {{ seconds: number, cycles: number }} call */
		const measure = async (memory, call) => {
			const measured = await tryCall(server, room, memory, call);
			if (typeof measured === "string")
				throw new Failure(`no call with the memory of ${memory.profile}: ${measured.trim()}`);
			return measured;
		};
		const call = { seconds: 1.5, cycles: 1 };
		const psram = await measure({ profile: "psram", libraries: "x86-32" }, call);
		const internal = await measure({ profile: "internal", libraries: "x86-32-internal" }, call);
		const { psram: board, internal: small } = profiles();
		/** With less of one of the board's three. @param {{ chunk?: number, slots?: number, stack?: number }} less */
		const works = async (less) => {
			const { chunk, slots, stack } = { ...board, ...less };
			const memory = /** @type {Memory} */ ({
				profile: "psram",
				libraries: "x86-32",
				heap: { chunk, slots, stack },
			});
			return typeof (await tryCall(server, room, memory, call)) !== "string";
		};
		const slots = await smallest(board.slots, slotStep, (slots) => works({ slots }));
		const chunk = await smallest(board.chunk, chunkStep, (chunk) => works({ chunk }));
		const stack = await smallest(board.stack, stackStep, (stack) => works({ stack }));
		const growth = await measure(
			{ profile: "psram", libraries: "x86-32" },
			{ seconds: 0.3, cycles },
		);
		return [
			figure("memory.xs.slots", "count", [slots]),
			figure("memory.xs.chunk_bytes", "B", [chunk]),
			figure("memory.xs.stack", "count", [stack]),
			figure("memory.native.call_peak", "B", [psram.peak]),
			...Object.entries(psram.peaks).map(([name, peak]) =>
				figure(`memory.native.psram.${name}`, "B", [peak]),
			),
			...Object.entries(internal.peaks).map(([name, peak]) =>
				figure(`memory.native.internal.${name}`, "B", [peak]),
			),
			figure("memory.internal_profile.xs", "B", [small.heap]),
			figure("memory.internal_profile.stacks", "B", [small.stacks]),
			figure("memory.internal_profile.call_peak", "B", [internal.peak]),
			...internalProfile(internal.peak),
			figure("memory.growth.slots", "count", [growth.slots]),
			figure("memory.growth.native_bytes", "B", [growth.native]),
		];
	} finally {
		await echo.stop();
		await server.stop();
		await disposePeers();
	}
}
