/**
 * npm run soak: a call in the network laboratory through random faults, one after the other.
 *   npm run soak -- [--cycles N] [--seed N]
 */

import { complaints, runFaults } from "../test/network/faults/run.mjs";
import { parseCommand } from "./lib/arguments.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { setUp } from "./setup/index.mjs";

const usage = "npm run soak -- [--cycles N] [--seed N]";

/** @param {string} text @param {string} what */
function readCount(text, what) {
	if (!/^[1-9]\d{0,5}$/.test(text)) throw new Failure(`--${what} is a number from 1 on; ${usage}`);
	return Number(text);
}

await runMain(async () => {
	const { values } = parseCommand(usage, {
		args: process.argv.slice(2),
		options: {
			cycles: { type: "string", default: "100" },
			seed: { type: "string", default: "1" },
		},
	});
	const [cycles, seed] = [readCount(values.cycles, "cycles"), readCount(values.seed, "seed")];
	await setUp();
	const journey = await runFaults({ cycles, seed, long: true, tell: console.log });
	const found = complaints(journey);
	if (found.length > 0) throw new Failure(`with seed ${seed}:`, found.join("\n"));
	console.log(`${cycles} faults: whole after each`);
});
