/**
 * What a participant costs the engine's heap; and how long a call to a method of another participant takes, from us and from rtc-node in turns: to
 * the same libwebrtc participant, through the same server, in the same run.
 */

import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { dispose, Room } from "@livekit/rtc-node";
import { Background } from "../tools/lib/background.mjs";
import { Failure } from "../tools/lib/failure.mjs";
import { logs, root } from "../tools/lib/paths.mjs";
import { startSimulator } from "../tools/lib/simulator.mjs";
import { startServer } from "../tools/server/server.mjs";
import { joinToken } from "../tools/server/token.mjs";
import { buildDeviceHost } from "../tools/setup/index.mjs";
import { figure, median } from "./figures.mjs";

const runs = 5;
const count = 100;
const longest = 60_000; // milliseconds

/** @typedef {{ url: string, token: string, log: string }} Caller */

/** @type {Record<string, (caller: Caller) => Background>} */
const callers = {
	"livekit-xs": ({ url, token, log }) =>
		startSimulator("bench/room/device", { config: { url, token, count }, log }),
	"rtc-node": ({ url, token, log }) =>
		new Background("the calling peer", [process.execPath, join(root, "bench/room/caller.mjs")], {
			log,
			env: { LIVEKIT_URL: url, LIVEKIT_TOKEN: token, COUNT: String(count) },
		}),
};

/** The median of its calls, in milliseconds. @param {string} name @param {Omit<Caller, "log">} caller */
async function measure(name, caller) {
	mkdirSync(logs, { recursive: true });
	const log = join(logs, `bench-room-${name}.log`);
	const status = await callers[name]({ ...caller, log }).endWithin(longest);
	const [, times] = /^times (\[.*\])$/m.exec(readFileSync(log, "utf8")) ?? [];
	if (status !== 0 || !times) throw new Failure(`${name} did not make its calls; log: ${log}`);
	return median(JSON.parse(times));
}

/** Bytes of one slot on a device. */
const slotBytes = 16;
/** Kept in full. */
const limit = 32;
const large = 100;

/**
 * Participants with one track each in the engine's heap, in the 32-bit host: bytes for one, and of all
 * that was alive in the engine at most.
 * @param {number} count
 */
async function participants(count) {
	mkdirSync(logs, { recursive: true });
	const log = join(logs, "bench-room-memory.log");
	const app = startSimulator("bench/room/device-memory", {
		config: { count, limit },
		log,
		memory: { libraries: "x86-32" },
	});
	const status = await app.endWithin(longest);
	const [, slots, chunks, peak] =
		/^slots (\d+) chunks (\d+)\npeak (\d+)$/m.exec(readFileSync(log, "utf8")) ?? [];
	if (status !== 0 || !slots) throw new Failure(`participants were not measured; log: ${log}`);
	const each = Math.round((Number(slots) * slotBytes + Number(chunks)) / count);
	return { each, peak: Number(peak) };
}

/** @returns {Promise<import("./figures.mjs").Figure[]>} */
export async function room() {
	const missing = await buildDeviceHost("x86-32");
	if (missing) throw new Failure(missing);
	const { each } = await participants(limit);
	const { peak } = await participants(large);
	const server = await startServer({ log: "server-bench-room.log" });
	const responder = new Room();
	try {
		const token = (/** @type {string} */ identity) =>
			joinToken(server, { room: "bench-rpc", identity });
		await responder.connect(server.url, await token("responder"), {
			autoSubscribe: true,
			dynacast: false,
		});
		responder.localParticipant?.registerRpcMethod("echo", async ({ payload }) => payload);
		/** @type {Record<string, number[]>} */
		const values = { "livekit-xs": [], "rtc-node": [] };
		for (let run = 0; run < runs; run++) {
			for (const name of Object.keys(callers)) {
				values[name].push(await measure(name, { url: server.url, token: await token(name) }));
			}
		}
		const peer = { name: "rtc-node", values: values["rtc-node"] };
		return [
			figure("room.heap_per_participant", "B", [each]),
			figure("room.join.participants100.peak_bytes", "B", [peak]),
			figure("room.rpc_round_trip", "ms", values["livekit-xs"], peer),
		];
	} finally {
		await responder.disconnect();
		await server.stop();
		await dispose();
	}
}
