/** Commands that run to their end: quietly, into a log file, in bounded time. */

import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { delimiter, join } from "node:path";
import { Failure } from "./failure.mjs";
import { displayPath, logs, root } from "./paths.mjs";

const tailLines = 25;

/** Logs of this run; older ones are started over. @type {Set<string>} */
const ours = new Set();

/** The last lines of a log file, indented for the terminal. @param {string} path */
export function tail(path) {
	const lines = readFileSync(path, "utf8").trimEnd().split("\n");
	return lines
		.slice(-tailLines)
		.map((line) => `    ${line}`)
		.join("\n");
}

/** Where `name` is on PATH, or undefined. @param {string} name */
export function which(name) {
	return (process.env.PATH ?? "")
		.split(delimiter)
		.map((folder) => join(folder, name))
		.find((path) => existsSync(path));
}

/**
 * What a short command prints, or undefined when it is missing or fails.
 * @param {string} command
 * @param {string[]} args
 * @param {{ input?: string }} [options]
 */
export function capture(command, args, { input } = {}) {
	const result = spawnSync(command, args, { encoding: "utf8", input, timeout: 120_000 });
	return result.status === 0 ? result.stdout : undefined;
}

/**
 * Runs a command with its output in <log>.log of the logs and fails with the log's end.
 * @param {string} command
 * @param {string[]} args
 * @param {{ log: string, what: string, secrets?: string[], cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number }} options
 *   `what` names the work in the error line; `secrets`: more arguments, which the log is not told;
 *   `timeout` in ms, 20 minutes by default
 */
export async function run(command, args, options) {
	const { log, what, secrets = [], cwd = root, env, timeout = 20 * 60_000 } = options;
	mkdirSync(logs, { recursive: true });
	const path = join(logs, `${log}.log`);
	const file = openSync(path, ours.has(path) ? "a" : "w");
	ours.add(path);
	try {
		writeSync(file, `$ ${command} ${args.join(" ")}\n`);
		const child = spawn(command, [...args, ...secrets], {
			cwd,
			env: { ...process.env, ...env },
			stdio: ["ignore", file, file],
		});
		// Not spawn's own timeout: that one stays when there is no such command.
		const timer = setTimeout(() => child.kill(), timeout);
		const end = await new Promise((resolve) => {
			child.once("error", (error) => resolve(error.message));
			child.once("exit", (code, signal) => resolve(code ?? signal));
		});
		clearTimeout(timer);
		if (end !== 0) {
			const why = typeof end === "number" ? `exit status ${end}` : end;
			throw new Failure(`${what} failed (${why}); log: ${displayPath(path)}`, tail(path));
		}
	} finally {
		closeSync(file);
	}
}
