/** A call in the simulator: the options that `npm start` and `livekit-xs run` share. */

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
import { dirname, join, resolve } from "node:path";
import { Failure } from "./failure.mjs";
import { build, root } from "./paths.mjs";
import { resample } from "./resample.mjs";
import { readWav, writeWav } from "./wav.mjs";

const microphoneRates = [16_000, 24_000, 48_000];
const longestCall = 24 * 60 * 60; // seconds; timers hold no more than 24 days

/** The lines of a help text that say what `callOptions` do. */
export const callHelp = `\
                            (arguments are for all users of the machine to see; a token in the
                            environment's LIVEKIT_TOKEN is not)
  --ca FILE.pem             trust these roots for wss:// instead of the system's
  --insecure                do not check the server's certificate at all
  --mic FILE.wav|alsa       what the device hears (PCM of any rate; default: a spoken sentence)
  --speaker FILE.wav|alsa   where what it plays goes (default: out/speaker.wav)
  --report FILE.json        write timeline and counters`;

const text = /** @type {const} */ ({ type: "string" });
const textOr = (/** @type {string} */ value) =>
	/** @type {const} */ ({ type: "string", default: value });

/** For parseArgs. */
export const callOptions = {
	url: text,
	token: text,
	ca: text,
	insecure: /** @type {const} */ ({ type: "boolean", default: false }),
	mic: textOr(join(root, "test/fixtures/speech-16k.wav")),
	speaker: textOr(join("out", "speaker.wav")),
	seconds: text,
	report: text,
};

/**
 * @typedef {object} CallOptions the values of `callOptions`
 * @property {string} [url] @property {string} [token] @property {string} [ca]
 * @property {boolean} insecure
 * @property {string} mic @property {string} speaker @property {string} [seconds]
 * @property {string} [report]
 */

/**
 * Takes the token from the environment when there is none, and fails on what cannot work before
 * anything is started.
 * @param {CallOptions} options
 */
export function checkCall(options) {
	const { url, ca, mic, speaker, report, seconds } = options;
	if (url) options.token ??= process.env.LIVEKIT_TOKEN;
	if (Boolean(url) !== Boolean(options.token)) {
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
 * @typedef {object} Microphone
 * @property {{ mic: string, micRate?: number }} config for the app
 * @property {number} [seconds] the file's
 * @property {() => Promise<void>} stop when the call is over
 */

/**
 * The file that the device takes for its microphone: of one channel, 16 bits and a rate it has. What is
 * otherwise is made so, into a folder that goes with the call.
 * @param {string} mic @returns {Microphone}
 */
export function openMicrophone(mic) {
	if (mic === "alsa") return { config: { mic }, stop: async () => {} };
	const { rate, samples, plain } = readWav(mic);
	const seconds = samples.length / rate;
	if (plain && microphoneRates.includes(rate)) {
		return { config: { mic: resolve(mic), micRate: rate }, seconds, stop: async () => {} };
	}
	const micRate = microphoneRates.find((one) => one >= rate) ?? 48_000;
	const folder = mkdtempSync(join(build, `run-${process.pid}-`));
	const path = join(folder, "microphone.wav");
	writeWav(path, micRate, resample(samples, rate, micRate));
	const stop = async () => rmSync(folder, { recursive: true, force: true });
	return { config: { mic: path, micRate }, seconds, stop };
}

/**
 * What the app finds in mc/config.
 * @param {CallOptions} options that have passed checkCall() @param {Microphone} microphone
 */
export function callConfig({ url, token, ca, insecure, speaker, seconds, report }, microphone) {
	return {
		...(url && token && { url, token }),
		...(seconds !== undefined && { seconds: Number(seconds) }),
		...microphone.config,
		speaker: speaker === "alsa" ? speaker : resolve(speaker),
		...(report && { report: resolve(report) }),
		...(ca && { ca: readFileSync(ca, "utf8") }),
		...(insecure && { insecure: true }),
	};
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
