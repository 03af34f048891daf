/** livekit-xs run: an app in the simulator, with its microphone, speaker and config. */

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseCommand } from "./lib/arguments.mjs";
import { callConfig, callHelp, callOptions, checkCall, openMicrophone } from "./lib/call.mjs";
import { Failure } from "./lib/failure.mjs";
import { deviceMemory } from "./lib/memory.mjs";
import { requireDeviceHost, setUp } from "./setup/index.mjs";

const help = `npx livekit-xs run [FOLDER] [options] [key=value …]: an app in the simulator

FOLDER has the app's manifest.json (default: this folder). Its "mc/config" gets url, token and what else
is given, key=value as text. The exit status is the app's.

  --url URL --token TOKEN   the LiveKit server to join (wss:// or https://; ws:// or http://)
${callHelp}
  --seconds N               length of the call, when the app reads it
  --profile psram|internal  with the memory of a board with PSRAM or without (docs/memory.md)
  --state FOLDER            keep the app's settings there (default: they go with its end)
  --help                    this text`;

const text = /** @type {const} */ ({ type: "string" });

/**
 * @typedef {import("./lib/call.mjs").CallOptions & { profile?: string, state?: string, help: boolean }} Options
 */

/** @param {string[]} args */
function readLine(args) {
	const usage = "npx livekit-xs run --help lists the options";
	const { values, positionals } = parseCommand(usage, {
		args,
		options: {
			...callOptions,
			profile: text,
			state: text,
			help: /** @type {const} */ ({ type: "boolean", default: false }),
		},
		allowPositionals: true,
	});
	/** @type {[string, string][]} */
	const pairs = [];
	/** @type {string[]} */
	const folders = [];
	for (const word of positionals) {
		const [, key, value] = /^([\w.-]+)=(.*)$/s.exec(word) ?? [];
		if (key) pairs.push([key, value]);
		else folders.push(word);
	}
	// Not repeated: what is too much may be a token.
	if (folders.length > 1) throw new Failure(`more than one folder; ${usage}`);
	const options = /** @type {Options} */ (values);
	return { options, folder: folders[0] ?? ".", more: Object.fromEntries(pairs) };
}

/** @param {string[]} args @returns {Promise<number>} */
export async function run(args) {
	const { options, folder, more } = readLine(args);
	if (options.help) {
		console.log(help);
		return 0;
	}
	const { profile, state } = options;
	const memory = profile === undefined ? undefined : deviceMemory(profile);
	if (!existsSync(join(folder, "manifest.json"))) {
		throw new Failure(`${join(folder, "manifest.json")} does not exist: give the app's folder`);
	}
	checkCall(options);
	await setUp({ server: false });
	if (memory) await requireDeviceHost(memory.libraries);
	const microphone = openMicrophone(options.mic);
	const config = { ...callConfig(options, microphone), ...more };
	// Only now: the compiler is among what the set-up brings to a clone.
	const { startSimulator } = await import("./lib/simulator.mjs");
	const app = startSimulator(resolve(folder), {
		config,
		...(memory && { memory }),
		...(state && { state: resolve(state) }),
	});
	for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
		process.on(signal, () => app.stop());
	}
	const status = await app.ended;
	await microphone.stop();
	return status;
}
