/** npm start: the set-up, then one voice call from the simulator. */

import { randomBytes } from "node:crypto";
import {
	closeSync,
	constants,
	existsSync,
	mkdirSync,
	mkdtempSync,
	openSync,
	readFileSync,
	rmSync,
	statSync,
} from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { parseCommand } from "./lib/arguments.mjs";
import { Background } from "./lib/background.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { requireNetwork } from "./lib/network.mjs";
import { build, logs, root } from "./lib/paths.mjs";
import { resample } from "./lib/resample.mjs";
import { readWav, writeWav } from "./lib/wav.mjs";
import { setUp } from "./setup/index.mjs";

const help = `npm start -- [options]: a voice call from the simulated device

Without --url it calls an agent on this machine that echoes what it hears.

  --url URL --token TOKEN   join this LiveKit server instead (wss:// or https://; ws:// or http://)
                            (arguments are for all users of the machine to see; a token in the
                            environment's LIVEKIT_TOKEN is not)
  --ca FILE.pem             trust these roots for wss:// instead of the system's
  --insecure                do not check the server's certificate at all
  --mic FILE.wav|alsa       what the device hears (PCM of any rate; default: a spoken sentence)
  --speaker FILE.wav|alsa   where what it plays goes (default: out/speaker.wav)
  --seconds N               length of the call, a day at most (default: the microphone file and 3 s more; alsa 30)
  --board NAME              which board to simulate (default and only one so far: desktop)
  --report FILE.json        write timeline and counters
  --help                    this text`;

const defaultMicrophone = "test/fixtures/speech-16k.wav";
const boards = ["desktop"];
const microphoneRates = [16_000, 24_000, 48_000];
const agentTimeout = 15_000;
const longestCall = 24 * 60 * 60; // seconds; timers hold no more than 24 days
const extraTime = 30_000; // for joining and leaving, beyond the call's own seconds

/**
 * @typedef {object} Options the values of `help`'s options
 * @property {string} [url] @property {string} [token] @property {string} [ca]
 * @property {boolean} insecure
 * @property {string} mic @property {string} speaker @property {string} [seconds]
 * @property {string} board @property {string} [report]
 * @property {boolean} help
 */

/** @param {string[]} args @returns {Options} */
function readOptions(args) {
	const text = /** @type {const} */ ({ type: "string" });
	const textOr = (/** @type {string} */ value) =>
		/** @type {const} */ ({ type: "string", default: value });
	const flag = /** @type {const} */ ({ type: "boolean", default: false });
	const options = {
		url: text,
		token: text,
		ca: text,
		insecure: flag,
		mic: textOr(join(root, defaultMicrophone)),
		speaker: textOr(join(root, "out", "speaker.wav")),
		seconds: text,
		board: textOr("desktop"),
		report: text,
		help: flag,
	};
	const usage = "npm start -- --help lists the options";
	const values = /** @type {Options} */ (parseCommand(usage, { args, options }).values);
	if (values.url) values.token ??= process.env.LIVEKIT_TOKEN;
	return values;
}

/** Fails on what cannot work before anything is started. @param {Options} options */
function checkOptions({ url, token, ca, mic, speaker, report, board, seconds }) {
	if (!boards.includes(board)) {
		throw new Failure(`no board "${board}"; there is: ${boards.join(", ")}`);
	}
	if (Boolean(url) !== Boolean(token)) {
		throw new Failure("--url and --token (or LIVEKIT_TOKEN in the environment) go together");
	}
	if (url && !/^(?:wss?|https?):\/\/[^/?#]/i.test(url)) {
		throw new Failure(
			`--url${schemeAndHost(url)}: must be a server's, such as wss://example.livekit.cloud`,
		);
	}
	if (seconds !== undefined && !(Number(seconds) > 0 && Number(seconds) <= longestCall)) {
		throw new Failure(
			`--seconds ${seconds}: must be a number above 0 and at most ${longestCall} (a day)`,
		);
	}
	for (const [name, path] of Object.entries({ mic, ca })) {
		if (path && path !== "alsa" && !statSync(path, { throwIfNoEntry: false })?.isFile()) {
			throw new Failure(`--${name} ${path}: no such file`);
		}
	}
	if (mic !== "alsa") readWav(mic);
	for (const [name, path] of Object.entries({ speaker, report })) {
		if (path && path !== "alsa") requireWritable(name, resolve(path));
	}
}

/**
 * The file that the device takes for its microphone: of one channel, 16 bits and a rate it has. What is
 * otherwise is made so, into a folder that goes with the call.
 * @param {string} mic @param {{ stop(): Promise<void> }[]} running
 */
function microphoneFile(mic, running) {
	const { rate, samples, plain } = readWav(mic);
	const seconds = samples.length / rate;
	if (plain && microphoneRates.includes(rate)) return { path: resolve(mic), rate, seconds };
	const to = microphoneRates.find((one) => one >= rate) ?? 48_000;
	const folder = mkdtempSync(join(build, `run-${process.pid}-`));
	running.push({ stop: async () => rmSync(folder, { recursive: true, force: true }) });
	const path = join(folder, "microphone.wav");
	writeWav(path, to, resample(samples, rate, to));
	return { path, rate: to, seconds };
}

/** A URL's beginning, which holds no secret: the rest may be a token. @param {string} url */
function schemeAndHost(url) {
	const [, scheme, host] = /^\s*([a-z][a-z\d+.-]*):\/\/(?:[^/?#]*@)?([^/?#]*)/i.exec(url) ?? [];
	return scheme ? ` ${scheme}://${host}` : "";
}

/** Not mkdir's own `recursive`: that one never returns in /proc. @param {string} path */
function makeFolder(path) {
	if (existsSync(path)) return;
	makeFolder(dirname(path));
	mkdirSync(path);
}

/**
 * Makes the folder and the file, which what is played or measured then replaces.
 * @param {string} option @param {string} path
 */
function requireWritable(option, path) {
	const { O_WRONLY, O_CREAT, O_NONBLOCK } = constants; // a pipe that nobody reads must not hold us
	try {
		makeFolder(dirname(path));
		closeSync(openSync(path, O_WRONLY | O_CREAT | O_NONBLOCK));
	} catch (error) {
		const [why] = /** @type {Error} */ (error).message.split(", "); // the rest repeats the path
		throw new Failure(`--${option} ${path}: cannot be written (${why})`);
	}
}

/**
 * A server and the echo agent in a room of it; what must end later goes to `running`.
 * @param {{ stop(): Promise<void> }[]} running
 */
async function startLocalRoom(running) {
	// Only now: these need what the set-up brings.
	const { startServer } = await import("./server/server.mjs");
	const { joinToken } = await import("./server/token.mjs");
	const server = await startServer();
	running.push(server);
	const room = `call-${randomBytes(4).toString("hex")}`;
	const agentLog = join(logs, "agent.log");
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
	const { url, token } =
		options.url && options.token
			? { url: options.url, token: options.token }
			: await startLocalRoom(running);
	const { startSimulator } = await import("./lib/simulator.mjs");
	const file = options.mic === "alsa" ? undefined : microphoneFile(options.mic, running);
	// Long enough for the echo of what is said to come back.
	const seconds = Number(options.seconds ?? (file ? Math.ceil(file.seconds + 3) : 30));
	const report = resolve(options.report ?? join(build, "report.json"));
	rmSync(report, { force: true });

	const device = startSimulator("examples/voice-agent", {
		config: {
			url,
			token,
			seconds,
			mic: file?.path ?? "alsa",
			...(file && { micRate: file.rate }),
			speaker: options.speaker === "alsa" ? "alsa" : resolve(options.speaker),
			report,
			...(options.ca && { ca: readFileSync(options.ca, "utf8") }),
			...(options.insecure && { insecure: true }),
		},
	});
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
	checkOptions(options);
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
