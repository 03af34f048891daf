/** Simulated devices: apps in XS; examples/voice-agent, as `npm start` runs it, if not told otherwise. */

import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { profiles } from "../../../bench/memory/profiles.mjs";
import { commonMemory } from "../../../tools/lib/memory.mjs";
import { build } from "../../../tools/lib/paths.mjs";
import { startSimulator } from "../../../tools/lib/simulator.mjs";

/** Where devices leave what they make. */
export const outFolder = join(build, "e2e");

/**
 * What devices can hold of data: bytes of the largest message, without the packet around it; bytes of
 * texts and calls at a time, and how many of those.
 * @param {"psram" | "internal" | undefined} profile the memory that they have, a desktop's if none
 */
export function holdsOf(profile) {
	if (!profile) return { largest: 60_000, text: 200_000, streams: 16 };
	const { maxData, maxText, maxStreams } = profiles()[profile];
	return { largest: maxData - 200, text: maxText, streams: maxStreams };
}

/** All devices that are not given a memory of their own. */
export const holds = holdsOf(commonMemory().profile);

/**
 * @param {string} name of its files
 * @param {{ url: string, token: string, seconds: number } & Record<string, string | number | boolean>} config
 * @param {string} [app]
 * @param {{ within: readonly string[] }} [host] the laboratory's, this machine if not given
 * @param {import("../../../tools/lib/memory.mjs").Memory} [memory] a device's
 */
export function startDevice(name, config, app = "examples/voice-agent", host, memory) {
	mkdirSync(outFolder, { recursive: true });
	const file = (/** @type {string} */ extension) => join(outFolder, `${name}.${extension}`);
	const [log, speaker, report] = [file("log"), file("wav"), file("json")];
	for (const path of [log, speaker, report]) rmSync(path, { force: true });
	const simulator = startSimulator(app, {
		config: { speaker, report, ...config },
		log,
		host,
		memory,
	});
	return {
		speaker,
		stop: () => simulator.stop(),
		/** Its machine sleeps for so long. @param {number} ms */
		async sleep(ms) {
			simulator.sleep();
			await new Promise((resolve) => setTimeout(resolve, ms));
			simulator.wake();
		},
		/** What it has printed so far. */
		output: () => readFileSync(log, "utf8"),
		/**
		 * Waits for its end, which must come within its own seconds and `extra` ms more.
		 * @returns {Promise<{ status: number, output: string, report: any }>}
		 */
		async end(extra = 15_000) {
			let late = false;
			const timer = setTimeout(
				() => {
					late = true;
					simulator.stop();
				},
				config.seconds * 1000 + extra,
			);
			const status = await simulator.ended;
			clearTimeout(timer);
			const output = readFileSync(log, "utf8");
			if (late) throw new Error(`${name} did not end by itself; it said:\n${output}`);
			const there = existsSync(report);
			return { status, output, report: there && JSON.parse(readFileSync(report, "utf8")) };
		},
	};
}
