/** Apps in the desktop simulator. */

import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { buildApp, hostPath } from "../app/run.mjs";
import { Background } from "./background.mjs";
import { commonMemory } from "./memory.mjs";
import { build, root } from "./paths.mjs";

/** Removes what runs that are over have left in `folder`; when they were killed, tokens among it. */
export function sweepRuns(folder = build) {
	for (const name of readdirSync(folder)) {
		const [, owner] = /^run-(\d+)-/.exec(name) ?? [];
		if (owner && !isAlive(Number(owner)))
			rmSync(join(folder, name), { recursive: true, force: true });
	}
}

/** @param {number} pid */
function isAlive(pid) {
	try {
		return process.kill(pid, 0);
	} catch (error) {
		return /** @type {NodeJS.ErrnoException} */ (error).code !== "ESRCH"; // EPERM: another user's
	}
}

/**
 * Starts an app. Its description, which holds a token, and its settings storage are its own and
 * readable by this user alone; they go when it ends.
 * @param {string} app its folder: a path, or from the package's top, such as examples/voice-agent
 * @param {{ config: Record<string, string | number | boolean>, log?: string, sanitize?: boolean,
 *   host?: { within: readonly string[] }, memory?: import("./memory.mjs").Memory, state?: string }} options `config` goes over the
 *   manifest's; `log` is the file for its output, ours when absent; `host`: the laboratory's, this machine
 *   if not given; `state`: a folder for its settings, which stays
 */
export function startSimulator(app, { config, log, sanitize = false, host, memory, state }) {
	mkdirSync(build, { recursive: true });
	sweepRuns();
	const folder = mkdtempSync(join(build, `run-${process.pid}-`));
	const description = buildApp(resolve(root, app, "manifest.json"), { outDir: folder, config });
	if (state) mkdirSync(state, { recursive: true, mode: 0o700 });
	const { profile, libraries, heap } = memory ?? (sanitize ? {} : commonMemory());
	const program = [
		hostPath({ sanitize, libraries }),
		...["--state", state ?? join(folder, "state")],
		...(profile ? ["--profile", profile] : []),
		...(heap ? ["--heap", `${heap.chunk},${heap.slots},${heap.stack}`] : []),
		description,
	];
	const command = [...(host?.within ?? []), ...program];
	const simulator = new Background(app, command, { log });
	simulator.ended.then(() => rmSync(folder, { recursive: true, force: true }));
	return simulator;
}
