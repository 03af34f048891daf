/**
 * Sound between the device and real libwebrtc, through a real server.
 * @lane alone
 */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { readWav, writeWav } from "../../tools/lib/wav.mjs";
import { oldServers, startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import {
	clicks,
	longestGap,
	makePattern,
	pattern,
	readPattern,
	toDecibel,
	trimSilence,
} from "./lib/analysis.mjs";
import { makeCertificates } from "./lib/certificates.mjs";
import { outFolder, startDevice } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { tcpProxy, tlsProxy } from "./lib/proxies.mjs";
import { until } from "./lib/until.mjs";

const microphoneRate = 16_000;
const seconds = 10;
const settling = 1; // seconds at the start of a recording that codec and jitter buffer may take
const patternFile = join(outFolder, "pattern.wav");

/** @type {import("../../tools/server/server.mjs").Server} */
let server;

before(async () => {
	server = await startServer({ log: "server-audio.log" });
	mkdirSync(outFolder, { recursive: true });
	writeWav(patternFile, microphoneRate, makePattern(microphoneRate, seconds + 3));
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/**
 * @param {string} room @param {string} identity @param {Record<string, string | number>} [config]
 * @param {string} [app]
 */
async function device(room, identity, config, app) {
	const token = await joinToken(server, { room, identity });
	const call = { url: server.url, token, seconds: seconds + 3, mic: patternFile, ...config };
	return startDevice(`${room}-${identity}`, call, app);
}

/** @typedef {import("node:test").TestContext} TestContext */

/**
 * The pattern's tones must be in `recorded` as they were made.
 * @param {TestContext} t @param {Int16Array} recorded @param {number} rate
 * @returns {{ whole: Int16Array, turns: number[] }} the stretch that was looked at
 */
function assertTones(t, recorded, rate) {
	const sound = trimSilence(recorded, rate).subarray(settling * rate);
	const whole = sound.subarray(0, seconds * rate);
	assert.equal(whole.length, seconds * rate, `only ${sound.length / rate} s of sound came`);

	const { frequencies, levels, turns } = readPattern(whole, rate);
	t.diagnostic(
		frequencies.map((hertz, i) => `${hertz.toFixed(1)} Hz, ${levels[i].toFixed(2)} dB`).join("; "),
	);
	frequencies.forEach((hertz, i) => {
		const expected = pattern.frequencies[i];
		assert.ok(Math.abs(hertz - expected) < 2, `${hertz} Hz instead of ${expected}`);
	});
	levels.forEach((decibel, i) => {
		assert.ok(Math.abs(decibel) <= 1, `${pattern.frequencies[i]} Hz is off by ${decibel} dB`);
	});
	return { whole, turns };
}

/** @param {TestContext} t @param {Int16Array} sound of the pattern @param {number} rate */
function assertNoGap(t, sound, rate) {
	const gap = longestGap(sound, rate, toDecibel(pattern.amplitude) - 12);
	t.diagnostic(`longest gap ${gap} ms in ${(sound.length / rate).toFixed(1)} s`);
	assert.ok(gap <= 40, `a gap of ${gap} ms`);
}

/**
 * And nothing may be missing, doubled or broken.
 * @param {TestContext} t @param {Int16Array} recorded @param {number} rate
 */
function assertPattern(t, recorded, rate) {
	const { whole, turns } = assertTones(t, recorded, rate);
	assert.ok(
		turns.length >= 2 * seconds - 2 && turns.every((turn) => Math.abs(turn - pattern.each) <= 0.06),
		`tones changed after ${turns} s`,
	);
	assertNoGap(t, whole, rate);
	const broken = clicks(whole, rate, 40);
	assert.deepEqual(broken, [], `clicks at ${broken} s`);
}

describe("sound", () => {
	it("goes both ways between a device and a peer, and the device is an active speaker", async (t) => {
		const peer = await Peer.join(server, "talk", "peer");
		const say = await peer.publish(peerRate);
		const caller = await device("talk", "device");
		await until(() => peer.others.includes("device"), "the device to join");
		const [{ status, output, report }] = await Promise.all([
			caller.end(),
			say(makePattern(peerRate, seconds + 3)),
		]);
		assert.equal(status, 0, output);
		// A tone hides what is missing: the peer goes on with it for so long.
		const { framesCaptured, rtpOut } = report.peer;
		// The last one may be on its way when the call ends. With two peer connections there are some at
		// the beginning, too: the microphone is open before the way is.
		const unsent = framesCaptured - rtpOut;
		const most = oldServers ? 10 : 1;
		assert.ok(framesCaptured >= 50 * seconds && unsent >= 0 && unsent <= most, `${unsent} unsent`);
		const { rate, samples } = readWav(caller.speaker);
		assertPattern(t, samples, rate);
		assertPattern(t, peer.heard("device"), peerRate);
		assert.ok(peer.speakers.has("device"), "never an active speaker");
		await peer.leave();
	});

	it("goes both ways between two devices, and that of 48 kHz to a peer", async (t) => {
		const mic = join(outFolder, "pattern-48k.wav");
		writeWav(mic, 48_000, makePattern(48_000, seconds + 3));
		const peer = await Peer.join(server, "both", "peer");
		const one = await device("both", "one");
		const other = await device("both", "other", { mic, micRate: 48_000 });
		const ended = await Promise.all([one.end(), other.end()]);
		for (const { status, output } of ended) {
			assert.equal(status, 0, output);
		}
		for (const { speaker } of [one, other]) {
			const { rate, samples } = readWav(speaker);
			assertTones(t, samples, rate);
		}
		assertPattern(t, peer.heard("other"), peerRate);
		await peer.leave();
	});

	it("goes on while signalling breaks and is resumed with a TLS handshake", async (t) => {
		const folder = join(outFolder, "certificates-audio");
		mkdirSync(folder, { recursive: true });
		const certificates = makeCertificates(folder);
		const tls = await tlsProxy(server.url, certificates);
		const proxy = await tcpProxy(`ws://127.0.0.1:${tls.port}`);
		t.after(() => Promise.all([proxy.close(), tls.close()]));
		const peer = await Peer.join(server, "resumed", "peer");
		const say = await peer.publish(peerRate);
		const caller = await device(
			"resumed",
			"device",
			{
				url: `wss://localhost:${proxy.port}`,
				ca: readFileSync(certificates.ca, "utf8"),
				seconds: 20,
				script: "mic,connect,wait reconnected,wait 2500,disconnect",
			},
			"test/e2e/apps/room",
		);
		await until(() => /^trackSubscribed/m.test(caller.output()), "the subscription");
		const said = say(makePattern(peerRate, 6));
		await new Promise((resolve) => setTimeout(resolve, 2000));
		proxy.cut();
		const { status, output } = await caller.end();
		await said;
		assert.equal(status, 0, output);
		assert.match(output, /^signalReconnecting(.|\n)*^reconnected/m);
		assert.doesNotMatch(output, /^localTrackUnpublished(.|\n)*^reconnected/m);
		const { rate, samples } = readWav(caller.speaker);
		for (const [recorded, of] of /** @type {[Int16Array, number][]} */ ([
			[peer.heard("device"), peerRate],
			[samples, rate],
		])) {
			const sound = trimSilence(recorded, of).subarray(settling * of);
			assert.ok(sound.length > 2.5 * of, `only ${sound.length / of} s of sound came`);
			assertNoGap(t, sound, of);
		}
		await peer.leave();
	});
});
