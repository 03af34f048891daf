/**
 * What reads text and frames from a server, for `seconds`: one of TARGETS. The same seed makes the
 * same inputs.
 *
 * Config: target, seconds, seed, port (of server.mjs).
 */

import { Chance } from "fuzz/chance";
import { conclude, runRounds } from "fuzz/rounds";
import config from "mc/config";
import { collect, heap } from "simulator";
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
const ROUND = 500;
/** Milliseconds: what a closed stream has queued is sent in the background, for a second at most. */
const GONE_WITHIN = 3_000;

const sleep = (milliseconds: number) =>
	new Promise<void>((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});

async function streamsAreGone(): Promise<void> {
	const end = Time.ticks + GONE_WITHIN;
	const left = () => {
		collect();
		return nativeMemory().stream.current;
	};
	while (left() > 0) {
		if (Time.ticks > end) throw new Error(`${left()} bytes of streams are left`);
		await sleep(10);
	}
}

async function fuzz(): Promise<string> {
	const make = TARGETS.get(config.target);
	if (!make) throw new Error(`no target ${config.target}`);
	const target = await make(new Chance(Number(config.seed)), Number(config.port));
	const executions = await runRounds({
		size: ROUND,
		slackChunkBytes: 100_000,
		round: async () => {
			for (let i = 0; i < ROUND; i++) {
				const input = target.make();
				try {
					target.execute(input);
				} catch (error) {
					trace(`input: ${JSON.stringify(input)}\n`);
					throw error;
				}
			}
			await target.rest?.();
			await sleep(0);
		},
	});
	await streamsAreGone();
	for (const [what, count] of Object.entries(target.seen))
		if (count === 0) throw new Error(`of ${executions} inputs none was ${what}`);
	return `${executions} inputs: ${JSON.stringify(target.seen)}, ${heap().slots} slots`;
}

conclude(fuzz());
