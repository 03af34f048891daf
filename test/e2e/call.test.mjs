/**
 * The call of npm start: how it sounds, what it reports, how soon it is there.
 * @lane alone
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { commonMemory } from "../../tools/lib/memory.mjs";
import { root } from "../../tools/lib/paths.mjs";
import { resample } from "../../tools/lib/resample.mjs";
import { readWav, writeWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startEchoAgent } from "./lib/agent.mjs";
import { clicks, compare } from "./lib/analysis.mjs";
import { outFolder } from "./lib/device.mjs";
import { start } from "./lib/start.mjs";
import { until } from "./lib/until.mjs";

const said = readWav(join(root, "test/fixtures/speech-16k.wav"));

/**
 * The echo of what was said must be what it was, but later.
 * @param {import("node:test").TestContext} t
 * @param {Int16Array} heard at the rate of `said`
 * @param {{ seconds?: number, off?: number }} [options] `seconds` of `said` to look for, `off`: by
 *   how much the speed may be
 */
function assertEcho(t, heard, { seconds = said.samples.length / said.rate, off = 0.005 } = {}) {
	const part = said.samples.subarray(0, Math.round(seconds * said.rate));
	const { likeness, speed, delay } = compare(part, heard, said.rate);
	t.diagnostic(
		`likeness ${likeness.toFixed(2)}, speed ${speed.toFixed(4)}, delay ${delay.toFixed(2)} s`,
	);
	assert.ok(likeness > 0.7, `likeness ${likeness}`);
	assert.ok(Math.abs(speed - 1) < off, `speed ${speed}`);
	assert.ok(delay > 0.5 && delay < 3, `the echo came after ${delay} s`);
	const broken = clicks(heard, said.rate).length;
	assert.ok(broken <= clicks(said.samples, said.rate).length, "clicks that nobody said");
}

/** Rooms of the calls that bring their own server. */
const rooms = Object.freeze(["call-resampled", "call-alsa"]);

describe("npm start", () => {
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	/** @type {import("../../tools/lib/background.mjs").Background[]} */
	let agents = [];
	before(async () => {
		server = await startServer({ log: "server-call.log" });
		agents = await Promise.all(rooms.map((room) => startEchoAgent(server, room)));
	});
	after(async () => {
		await Promise.all(agents.map((agent) => agent.stop()));
		await server?.stop();
	});

	/**
	 * A call of 5 s with a server that is there, to its end.
	 * @param {string} room @param {string[]} options @param {NodeJS.ProcessEnv} [env]
	 */
	async function callOurs(room, options, env) {
		const token = await joinToken(server, { room, identity: "device" });
		const run = start(["--url", server.url, "--seconds", "5", ...options], {
			LIVEKIT_TOKEN: token,
			...env,
		});
		assert.equal(await run.ended, 0, run.output());
		assert.deepEqual(run.left(), []);
	}

	it("makes a call in under 5 s when the set-up is done, plays the echo of what was said, and leaves nothing behind", async (t) => {
		const [speaker, report] = [join(outFolder, "start.wav"), join(outFolder, "start.json")];
		const begin = performance.now();
		const run = start(["--speaker", speaker, "--report", report]);
		await until(() => /joined/i.test(run.output()), `the call; it said: ${run.output()}`, 5000);
		t.diagnostic(`joined after ${((performance.now() - begin) / 1000).toFixed(2)} s`);
		assert.equal(await run.ended, 0, run.output());
		assert.deepEqual(run.left(), []);

		const heard = readWav(speaker);
		assert.equal(heard.rate, said.rate);
		assertEcho(t, heard.samples);

		const { timeline, peer, xs, peakRss } = JSON.parse(readFileSync(report, "utf8"));
		for (const name of [
			"joined",
			"ice",
			"dtls",
			"dataReady",
			"firstPacketOut",
			"firstPacketIn",
			"firstSoundOut",
		]) {
			assert.ok(timeline[name] > 0, `${name} is missing in ${JSON.stringify(timeline)}`);
		}
		assert.equal(timeline.connect, 0);
		// 50 packets a second for the sentence's seconds and more, each way.
		const packets = 50 * (said.samples.length / said.rate);
		for (const name of ["rtpIn", "rtpOut", "srtpInPackets", "srtpOutPackets"]) {
			assert.ok(peer[name] > 0.8 * packets, `${name}: ${peer[name]} of ${packets}`);
		}
		for (const name of ["framesEncoded", "framesDecoded"]) {
			assert.ok(peer[name] > 0.8 * packets, `${name}: ${peer[name]} of ${packets}`);
		}
		for (const way of ["In", "Out"]) {
			assert.ok(peer[`bytes${way}`] > peer[`rtpPayload${way}`], `bytes${way}`);
			assert.ok(peer[`rtpPayload${way}`] > 10 * packets, `rtpPayload${way}`);
			assert.equal(peer[`srtp${way}Authentication`], 0);
		}
		for (const name of ["lost", "remoteLost"]) {
			assert.ok(peer[name] >= 0 && peer[name] < 0.05 * packets, `${name}: ${peer[name]}`);
		}
		assert.ok(xs.chunkBytes > 4_000 && xs.chunkBytesPeak >= xs.chunkBytes, JSON.stringify(xs));
		assert.ok(xs.slots > 1_000 && xs.slotsPeak >= xs.slots, JSON.stringify(xs));
		assert.ok(peakRss > 1e6 && peakRss < 1e9, `${peakRss} bytes`);
	});

	it("takes a file of any rate", async (t) => {
		const [mic, speaker] = [join(outFolder, "speech-44k.wav"), join(outFolder, "second.wav")];
		writeWav(mic, 44_100, resample(said.samples, said.rate, 44_100));
		await callOurs("call-resampled", ["--mic", mic, "--speaker", speaker]);
		// A rate taken for another would be off by 8 %; the jitter buffers may shift a frame in 3 s.
		assertEcho(t, readWav(speaker).samples, { seconds: 3, off: 0.03 });
	});

	// The 32-bit host has no ALSA.
	const skip = Boolean(commonMemory().profile);
	it("speaks and listens through ALSA", { skip }, async (t) => {
		const [configuration, mic, speaker] = ["asound.conf", "alsa-in.raw", "alsa-out.raw"].map(
			(name) => join(outFolder, name),
		);
		// A sound card that is two files. It has no clock: it may run ahead as far as the audio thread
		// lets a real one.
		writeFileSync(
			configuration,
			`pcm.!default { type file slave.pcm { type null } format raw file "${speaker}" infile "${mic}" }`,
		);
		writeFileSync(mic, said.samples);
		await callOurs("call-alsa", ["--mic", "alsa", "--speaker", "alsa"], {
			ALSA_CONFIG_PATH: configuration,
		});
		const heard = readFileSync(speaker);
		const samples = new Int16Array(heard.buffer, heard.byteOffset, heard.length >> 1);
		assertEcho(t, samples, { seconds: 3, off: 0.04 });
	});
});
