/** npm start: the set-up, then one voice call from the simulator. */

import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { parseCommand } from "./lib/arguments.mjs";
import { Background } from "./lib/background.mjs";
import { callConfig, callHelp, callOptions, checkCall, openMicrophone } from "./lib/call.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { requireNetwork } from "./lib/network.mjs";
import { logs, root } from "./lib/paths.mjs";
import { setUp } from "./setup/index.mjs";

const help = `npm start -- [options]: a voice call from the simulated device

Without --url it calls an agent on this machine that echoes what it hears.

  --url URL --token TOKEN   join this LiveKit server instead (wss:// or https://; ws:// or http://)
${callHelp}
  --seconds N               length of the call, a day at most (default: the microphone file and 3 s more; alsa 30)
  --board NAME              which board to simulate (default and only one so far: desktop)
  --help                    this text`;

const boards = ["desktop"];
const agentTimeout = 15_000;
const extraTime = 30_000; // for joining and leaving, beyond the call's own seconds
/** In build/log: what this run writes, for others may run beside it. It stays until a later one begins. */
const ours = `run-${process.pid}-start`;

/** @typedef {import("./lib/call.mjs").CallOptions & { board: string, help: boolean }} Options */

/** Fails on what cannot work before anything is started. @param {string[]} args @returns {Options} */
function readOptions(args) {
	const options = {
		...callOptions,
		board: /** @type {const} */ ({ type: "string", default: "desktop" }),
		help: /** @type {const} */ ({ type: "boolean", default: false }),
	};
	const usage = "npm start -- --help lists the options";
	const values = /** @type {Options} */ (parseCommand(usage, { args, options }).values);
	if (values.help) return values;
	if (!boards.includes(values.board)) {
		throw new Failure(`no board "${values.board}"; there is: ${boards.join(", ")}`);
	}
	checkCall(values);
	return values;
}

/**
 * A server and the echo agent in a room of it; what must end later goes to `running`.
 * @param {{ stop(): Promise<void> }[]} running
 */
async function startLocalRoom(running) {
	// Only now: these need what the set-up brings.
	const { startServer } = await import("./server/server.mjs");
	const { joinToken } = await import("./server/token.mjs");
	const server = await startServer({ log: join(ours, "server.log") });
	running.push(server);
	const room = `call-${randomBytes(4).toString("hex")}`;
	const agentLog = join(logs, ours, "agent.log");
	const agent = new Background(
		"the echo agent",
		[process.execPath, join(root, "tools", "agent", "echo.mjs")],
		{
			log: agentLog,
			env: {
				LIVEKIT_URL: server.url,
				LIVEKIT_TOKEN: await joinToken(server, { room, identity: "agent", agent: true }),
			},
		},
	);
	running.push(agent);
	const ready = () => /^ready$/m.test(readFileSync(agentLog, "utf8")) || undefined;
	await agent.ready(ready, agentTimeout);
	return { url: server.url, token: await joinToken(server, { room, identity: "device" }) };
}

/**
 * @param {Options} options @param {{ stop(): Promise<void> }[]} running
 * @returns {Promise<{ timeline: Record<string, number> } | undefined>} the device's report, when it
 *   has made its call
 */
async function call(options, running) {
	const { startSimulator, sweepRuns } = await import("./lib/simulator.mjs");
	mkdirSync(join(logs, ours), { recursive: true });
	sweepRuns(logs);
	const { url, token } = options.url ? options : await startLocalRoom(running);
	const microphone = openMicrophone(options.mic);
	running.push(microphone);
	// Long enough for the echo of what is said to come back.
	const inTime = microphone.seconds ? Math.ceil(microphone.seconds + 3) : 30;
	const seconds = Number(options.seconds ?? inTime);
	const report = options.report ?? join(logs, ours, "report.json");
	rmSync(report, { force: true }); // one from before

	const made = { ...options, url, token, seconds: `${seconds}`, report };
	const config = callConfig(made, microphone);
	const device = startSimulator("examples/voice-agent", { config });
	running.push(device);
	const status = await device.endWithin(seconds * 1000 + extraTime);
	if (status !== 0) return undefined; // the device has said why
	return JSON.parse(readFileSync(report, "utf8"));
}

await runMain(async () => {
	const options = readOptions(process.argv.slice(2));
	if (options.help) {
		console.log(help);
		return;
	}
	if (!options.url) requireNetwork();
	console.log("set-up");
	await setUp({ server: !options.url });

	/** What was started, in order; it ends in the opposite one. @type {{ stop(): Promise<void> }[]} */
	const running = [];
	const stopAll = async () => {
		for (const one of running.splice(0).reverse()) await one.stop();
	};
	for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) {
		process.once(signal, () => stopAll().finally(() => process.exit(130)));
	}
	try {
		console.log("call");
		const measured = await call(options, running);
		if (!measured) return 1;
		if (measured.timeline.firstSoundOut === undefined) {
			throw new Failure("nobody in the room was heard: is there an agent that speaks?");
		}
		if (options.speaker !== "alsa") {
			console.log(`what the device played: ${relative(process.cwd(), options.speaker)}`);
		}
	} finally {
		await stopAll();
	}
});
