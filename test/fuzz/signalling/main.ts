/**
 * What reads text and frames from a server, for `seconds`: one of TARGETS. The same seed makes the
 * same inputs.
 *
 * Config: target, seconds, seed, port (of server.mjs).
 */

import { Chance } from "fuzz/chance";
import config from "mc/config";
import { collect, exit, heap } from "simulator";
import Time from "time";
import Timer from "timer";
import { nativeMemory } from "webrtc-native/device";
import { candidateTarget } from "./candidate";
import { httpTarget } from "./http";
import { sdpTarget } from "./sdp";
import type { TargetMaker } from "./target";
import { websocketTarget } from "./websocket";

const TARGETS: ReadonlyMap<unknown, TargetMaker> = new Map<string, TargetMaker>([
	["sdp", sdpTarget],
	["candidate", candidateTarget],
	["websocket", websocketTarget],
	["http", httpTarget],
]);
/** Inputs between two looks at memory. */
const ROUND = 500;
/** Growth from the second look on that is not a leak: garbage of a kind that XS keeps for a while. */
const SLACK = { slots: 3_000, chunkBytes: 100_000 };

async function fuzz(): Promise<string> {
	const make = TARGETS.get(config.target);
	if (!make) throw new Error(`no target ${config.target}`);
	const target = await make(new Chance(Number(config.seed)), Number(config.port));
	const end = Time.ticks + Number(config.seconds) * 1_000;
	let executions = 0;
	let first: ReturnType<typeof heap> | undefined;
	while (Time.ticks < end || executions < 3 * ROUND) {
		for (let i = 0; i < ROUND; i++) {
			const input = target.make();
			try {
				target.execute(input);
			} catch (error) {
				trace(`input: ${JSON.stringify(input)}\n`);
				throw error;
			}
		}
		executions += ROUND;
		await target.rest?.();
		await new Promise<void>((resolve) => {
			Timer.set(() => resolve(), 0);
		});
		collect();
		const now = heap();
		if (executions === 2 * ROUND) first = now;
		if (first && now.slots > first.slots + SLACK.slots)
			throw new Error(`slots grow: ${first.slots}, then ${now.slots} after ${executions}`);
		if (first && now.chunkBytes > first.chunkBytes + SLACK.chunkBytes)
			throw new Error(`chunks grow: ${first.chunkBytes}, then ${now.chunkBytes}`);
	}
	const { stream } = nativeMemory();
	if (stream.current > 0) throw new Error(`${stream.current} bytes of streams are left`);
	for (const [what, count] of Object.entries(target.seen))
		if (count === 0) throw new Error(`of ${executions} inputs none was ${what}`);
	return `${executions} inputs: ${JSON.stringify(target.seen)}, ${heap().slots} slots`;
}

trace(`seed ${config.seed}\n`);
fuzz().then(
	(what) => {
		trace(`${what}\n`);
		exit(0);
	},
	(error: unknown) => {
		trace(`${(error as Error)?.stack ?? error}\n`);
		exit(1);
	},
);
