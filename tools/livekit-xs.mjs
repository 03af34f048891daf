#!/usr/bin/env node
/** livekit-xs COMMAND …: what the package offers to a project that has installed it, and to a clone. */

import { Failure, runMain } from "./lib/failure.mjs";

/** @typedef {(args: string[]) => Promise<number | void>} Command resolves to the exit status */

/** @type {Record<string, { does: string, load: () => Promise<Command> }>} */
const commands = {
	run: {
		does: "runs an app in the simulator",
		load: async () => (await import("./run.mjs")).run,
	},
	build: {
		does: "builds an app with the Moddable SDK, for a board or for the SDK's simulator",
		load: async () => (await import("./device.mjs")).build,
	},
	flash: {
		does: "builds an app and writes it to the board",
		load: async () => (await import("./device.mjs")).flash,
	},
	doctor: {
		does: "says what this machine lacks, and how to mend it",
		load: async () => (await import("./doctor.mjs")).doctor,
	},
};

const help = [
	"npx livekit-xs COMMAND …; --help behind most of them says more",
	"",
	...Object.entries(commands).map(([name, { does }]) => `  ${name.padEnd(8)}${does}`),
].join("\n");

await runMain(async () => {
	const [name, ...args] = process.argv.slice(2);
	if (name === "--help") {
		console.log(help);
		return;
	}
	if (!name || !Object.hasOwn(commands, name)) {
		throw new Failure(`npx livekit-xs needs a command: ${Object.keys(commands).join(", ")}`);
	}
	const command = await commands[name].load();
	return command(args);
});
