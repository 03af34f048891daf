/** Processes that run beside a command: logged, bounded in time, and never left behind. */

import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { tail } from "./command.mjs";
import { Failure } from "./failure.mjs";
import { displayPath, root } from "./paths.mjs";

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
	 * @param {{ log?: string, env?: NodeJS.ProcessEnv }} options `log` is the file for its output,
	 *   which goes to ours when absent
	 */
	constructor(name, command, { log, env }) {
		this.#name = name;
		this.#log = log;
		if (log) mkdirSync(dirname(log), { recursive: true });
		const output = log ? openSync(log, "w") : "inherit";
		// Detached, so that Ctrl-C reaches only the command that ends them in the right order.
		this.#child = spawn(process.execPath, [guard, ...command], {
			env: { ...process.env, ...env },
			stdio: ["pipe", output, output],
			detached: true,
		});
		if (typeof output === "number") closeSync(output);
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
			if (this.status !== undefined) throw this.#failure("ended at once");
			if (performance.now() > deadline) {
				throw this.#failure(`was not ready within ${timeout / 1000} s`);
			}
			await new Promise((resolve) => setTimeout(resolve, 20));
		}
	}

	/** @param {string} what */
	#failure(what) {
		const log = this.#log;
		return log
			? new Failure(`${this.#name} ${what}; log: ${displayPath(log)}`, tail(log))
			: new Failure(`${this.#name} ${what}`);
	}

	/** Ends the command at once; it can do nothing about it. */
	async kill() {
		this.#child.kill("SIGUSR2");
		await this.ended;
	}

	/** Holds all of its threads, as when its machine sleeps, until wake(). */
	sleep() {
		this.#child.kill("SIGTSTP");
	}

	wake() {
		this.#child.kill("SIGCONT");
	}

	/** Waits for its end; fails when it had to be stopped. @param {number} timeout milliseconds */
	async endWithin(timeout) {
		let late = false;
		const timer = setTimeout(() => {
			late = true;
			this.stop();
		}, timeout);
		const status = await this.ended;
		clearTimeout(timer);
		if (late) throw this.#failure(`did not end within ${timeout / 1000} s and was stopped`);
		return status;
	}

	/** Ends it, politely first, and waits for that. Calling it again is harmless. */
	async stop() {
		this.#child.stdin?.end();
		const timer = setTimeout(() => this.#child.kill("SIGKILL"), stopTimeout);
		await this.ended;
		clearTimeout(timer);
	}
}
