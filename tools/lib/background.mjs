/** Processes that run beside a command: logged, bounded in time, and never left behind. */

import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { tail } from "./command.mjs";
import { Failure } from "./failure.mjs";
import { root } from "./paths.mjs";

const guard = join(root, "tools", "lib", "guard.mjs");
const stopTimeout = 5_000;

export class Background {
	#child;
	#log;
	#name;
	/** Exit status once it has ended; -1 when a signal ended it. @type {number | undefined} */
	status;
	/** Resolves to the exit status. @type {Promise<number>} */
	ended;

	/**
	 * @param {string} name for messages
	 * @param {string[]} command and its arguments
	 * @param {{ log: string, env?: NodeJS.ProcessEnv }} options `log` is the file for its output
	 */
	constructor(name, command, { log, env }) {
		this.#name = name;
		this.#log = log;
		mkdirSync(dirname(log), { recursive: true });
		const file = openSync(log, "w");
		// Detached, so that Ctrl-C reaches only the command that ends them in the right order.
		this.#child = spawn(process.execPath, [guard, ...command], {
			cwd: root,
			env: { ...process.env, ...env },
			stdio: ["pipe", file, file],
			detached: true,
		});
		closeSync(file);
		this.#child.stdin?.on("error", () => {});
		this.ended = new Promise((resolve) => {
			this.#child.once("exit", (code) => {
				this.status = code ?? -1;
				resolve(this.status);
			});
		});
	}

	get pid() {
		return this.#child.pid;
	}

	/**
	 * Waits until `probe` gives a value; fails when the process ends before, or the time is over.
	 * @template T
	 * @param {() => Promise<T | undefined> | T | undefined} probe
	 * @param {number} timeout milliseconds
	 * @returns {Promise<T>}
	 */
	async ready(probe, timeout) {
		const deadline = performance.now() + timeout;
		for (;;) {
			const value = await probe();
			if (value !== undefined) return value;
			const where = `log: ${relative(root, this.#log)}`;
			if (this.status !== undefined) {
				throw new Failure(`${this.#name} ended at once; ${where}`, tail(this.#log));
			}
			if (performance.now() > deadline) {
				throw new Failure(
					`${this.#name} was not ready within ${timeout / 1000} s; ${where}`,
					tail(this.#log),
				);
			}
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** Ends it, politely first, and waits for that. Calling it again is harmless. */
	async stop() {
		this.#child.stdin?.end();
		const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeout);
		await this.ended;
		clearTimeout(timer);
	}
}
