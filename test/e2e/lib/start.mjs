/** `npm start`, as a user runs it. */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { root } from "../../../tools/lib/paths.mjs";
import { processesWith } from "./processes.mjs";

/** @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
export function start(args, env) {
	// All that it starts inherits this, so that we find what it leaves behind.
	const mark = randomUUID();
	const child = spawn(process.execPath, ["tools/start.mjs", ...args], {
		cwd: root,
		env: { ...process.env, ...env, LIVEKIT_XS_MARK: mark },
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text) => {
			output += text;
		});
	}
	const ended = new Promise((resolve) => child.once("close", resolve));
	return {
		child,
		output: () => output,
		/** @type {Promise<number | null>} */ ended,
		left: () => processesWith(mark),
	};
}
