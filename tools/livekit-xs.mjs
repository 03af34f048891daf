#!/usr/bin/env node
/** livekit-xs COMMAND …: what the package offers to a project that has installed it, and to a clone. */

import { Failure, runMain } from "./lib/failure.mjs";

/** A command is the script of that name, which reads the rest of the line. @type {Record<string, string>} */
const commands = {
	run: "runs an app in the simulator; --help says more",
	doctor: "says what this machine lacks, and how to mend it",
};

const help = `npx livekit-xs COMMAND …

${Object.entries(commands)
	.map(([name, does]) => `  ${name.padEnd(8)}${does}\n`)
	.join("")}`;

const [command, ...rest] = process.argv.slice(2);
if (Object.hasOwn(commands, command ?? "")) {
	process.argv.splice(2, process.argv.length, ...rest);
	await import(`./${command}.mjs`);
} else {
	await runMain(async () => {
		if (command !== "--help") {
			throw new Failure(`npx livekit-xs needs a command: ${Object.keys(commands).join(", ")}`);
		}
		console.log(help.trimEnd());
	});
}
