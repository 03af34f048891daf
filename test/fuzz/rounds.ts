/** What fuzzers have in common: rounds for `seconds`, memory that must not grow over them, the end. */

import config from "mc/config";
import { collect, exit, heap } from "simulator";
import Time from "time";

export interface RoundOptions {
	/** Inputs between two looks at memory. */
	size: number;
	/** Bytes of growth from the second look on that are not a leak: garbage that XS keeps for a while. */
	slackChunkBytes: number;
	round(): Promise<void>;
}

/** The same for slots. */
const SLACK_SLOTS = 3_000;

/** Three rounds at least; the count of inputs. Rejects when memory grows. */
export async function runRounds({ size, slackChunkBytes, round }: RoundOptions): Promise<number> {
	const end = Time.ticks + Number(config.seconds) * 1_000;
	let inputs = 0;
	let first: ReturnType<typeof heap> | undefined;
	while (Time.ticks < end || inputs < 3 * size) {
		await round();
		inputs += size;
		collect();
		const now = heap();
		if (inputs === 2 * size) first = now;
		if (first && now.slots > first.slots + SLACK_SLOTS) {
			throw new Error(`slots grow: ${first.slots}, then ${now.slots} after ${inputs} inputs`);
		}
		if (first && now.chunkBytes > first.chunkBytes + slackChunkBytes) {
			throw new Error(`chunks grow: ${first.chunkBytes}, then ${now.chunkBytes}`);
		}
	}
	return inputs;
}

/** Ends with what it resolves to, or with the error and status 1. */
export function conclude(fuzz: Promise<string>): void {
	trace(`seed ${config.seed}\n`);
	fuzz.then(
		(what) => {
			trace(`${what}\n`);
			exit(0);
		},
		(error: unknown) => {
			trace(`${(error as Error)?.stack ?? error}\n`);
			exit(1);
		},
	);
}
