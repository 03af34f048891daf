/**
 * What reads text and frames from a server, for `seconds`: one of TARGETS. The same seed makes the
 * same inputs.
 *
 * Config: target, seconds, seed, port (of server.mjs).
 */

import { Chance } from "fuzz/chance";
import { conclude, runRounds } from "fuzz/rounds";
import config from "mc/config";
import { heap } from "simulator";
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
			await new Promise<void>((resolve) => {
				Timer.set(() => resolve(), 0);
			});
		},
	});
	const { stream } = nativeMemory();
	if (stream.current > 0) throw new Error(`${stream.current} bytes of streams are left`);
	for (const [what, count] of Object.entries(target.seen))
		if (count === 0) throw new Error(`of ${executions} inputs none was ${what}`);
	return `${executions} inputs: ${JSON.stringify(target.seen)}, ${heap().slots} slots`;
}

conclude(fuzz());
