/**
 * Sound of an app's own, and sound that an app reads, beside libwebrtc; two calls side by side.
 * @lane alone
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { readWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import {
	clicks,
	level,
	longestGap,
	strongestFrequency,
	toDecibel,
	toneAmplitude,
	trimSilence,
} from "./lib/analysis.mjs";
import { startDevice } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

const amplitude = 8000; // of the app's tones

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-custom-audio.log" });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** @param {string} room @param {string[]} steps */
async function device(room, steps) {
	const token = await joinToken(server, { room, identity: "device" });
	const mic = "test/fixtures/speech-16k.wav";
	const script = [...steps, "disconnect"].join(",");
	const config = { url: server.url, token, seconds: 20, mic, script };
	return startDevice(`sound-${room}`, config, "test/e2e/apps/sound");
}

/** @param {Awaited<ReturnType<typeof device>>} caller */
async function ended(caller) {
	const { status, output, report } = await caller.end();
	assert.equal(status, 0, output);
	return report;
}

/**
 * What the peer heard of the device's track, when that is `seconds` long: it may be behind.
 * @param {Peer} peer @param {string} track @param {number} seconds
 */
async function heard(peer, track, seconds) {
	const enough = () => peer.heardCount("device", track) >= seconds * peerRate;
	await until(enough, `${seconds} s of ${track}`);
	return peer.heard("device", track);
}

/**
 * The tone is there for `seconds` as it was made, without a gap or a click, and none of the others.
 * @param {Int16Array} heard @param {number} hertz @param {number} seconds @param {number[]} [others]
 */
function assertTone(heard, hertz, seconds, others = []) {
	const sound = trimSilence(heard, peerRate).subarray(peerRate / 2, peerRate * (seconds - 0.2));
	const missing = seconds - 0.7 - sound.length / peerRate;
	assert.ok(missing < 0.6, `${hertz} Hz: ${missing} s are missing`);
	const found = strongestFrequency(
		sound.subarray(0, peerRate / 2),
		peerRate,
		hertz - 50,
		hertz + 50,
	);
	assert.ok(Math.abs(found - hertz) < 1, `${found} Hz instead of ${hertz}`);
	const off = level(sound) - toDecibel(amplitude);
	assert.ok(Math.abs(off) < 1, `${hertz} Hz is off by ${off} dB`);
	assert.ok(longestGap(sound, peerRate, toDecibel(amplitude) - 12) <= 40, `${hertz} Hz has a gap`);
	const broken = clicks(sound, peerRate, 40);
	assert.deepEqual(broken, [], `${hertz} Hz: clicks at ${broken} s`);
	for (const other of others) {
		const left = toDecibel(toneAmplitude(sound, peerRate, other)) - toDecibel(amplitude);
		assert.ok(left < -35, `beside ${hertz} Hz there is ${other} Hz with ${left} dB`);
	}
}

describe("sound of an app's own", { concurrency: true }, () => {
	describe("an AudioSource", { concurrency: false }, () => {
		it("of any rate is heard as it is, beside others, at the pace of its queue", async (t) => {
			const peer = await Peer.join(server, "rates", "peer");
			const tones = { 8000: 500, 16000: 700, 24000: 900, 44100: 1100, 48000: 1300 };
			const caller = await device("rates", [
				"connect",
				...["talk a 8000 500 2", "talk b 16000 700 2", "talk c 24000 900 2"],
				...["said a", "said b", "said c", "wait 600"],
				...["a", "b", "c"].flatMap((name) => [`unpublish ${name}`, `close ${name}`]),
				...["mic", "talk d 44100 1100 2", "talk e 48000 1300 2"],
				...["said d", "said e", "wait 600"],
			]);
			const { measured, peer: stats } = await ended(caller);
			const hertz = Object.values(tones);
			for (const [i, name] of ["a", "b", "c", "d", "e"].entries()) {
				const others = hertz.filter((other) => other !== hertz[i]);
				assertTone(await heard(peer, name, 1.5), hertz[i], 2, others);
				const { took, longest, ahead, left } = measured[name];
				t.diagnostic(`${name}: ${JSON.stringify(measured[name])}`);
				// 2 s, but for what is queued at the end; never further ahead than the queue and a frame.
				assert.ok(took > 1900 && took < 2100, `${name}: 2 s took ${took} ms`);
				assert.ok(ahead <= 50 + 20 + 10, `${name}: ${ahead} ms ahead`);
				assert.ok(longest < 250, `${name}: a frame took ${longest} ms`);
				assert.equal(left, 0);
			}
			assert.ok(level(peer.heard("device", "microphone")) > -40, "the microphone was not heard");
			assert.equal(stats.encodeErrors, 0);
			await peer.leave();
		});

		it("sends nothing while muted, unpublished or silent, and goes on at its pace", async () => {
			const peer = await Peer.join(server, "life", "peer");
			const caller = await device("life", [
				"connect",
				...["talk a 16000 500 4", "wait 800", "count talking", "mute a", "wait 60"],
				...["count muted", "wait 500", "count stillMuted", "unmute a", "wait 500"],
				...["count unmuted", "unpublish a", "wait 500", "publish a", "wait 500"],
				...["talk b 16000 700 9", "wait 300", "close b", "said b", "said a", "wait 600"],
				...["count silent", "wait 400", "count stillSilent"],
			]);
			const { measured } = await ended(caller);
			assert.ok(measured.talking > 25, `${measured.talking} packets`);
			assert.equal(measured.stillMuted, measured.muted);
			assert.ok(measured.unmuted > measured.muted + 15, `${measured.unmuted} ${measured.muted}`);
			assert.ok(Math.abs(measured.a.took - 4000) < 150, `4 s took ${measured.a.took} ms`);
			assert.equal(measured.b.error, "AudioSourceError: the AudioSource is closed");
			assert.equal(measured.stillSilent, measured.silent);
			assert.ok(level(trimSilence(await heard(peer, "a", 2), peerRate)) > -20);
			await peer.leave();
		});
	});

	describe("an AudioStream", { concurrency: false }, () => {
		/** Says a tone of 600 Hz until it leaves, at most 12 s. @param {string} room */
		async function speaker(room) {
			const peer = await Peer.join(server, room, "peer");
			const say = await peer.publish(peerRate);
			const tone = Int16Array.from({ length: 12 * peerRate }, (_, i) =>
				Math.round(amplitude * Math.sin((2 * Math.PI * 600 * i) / peerRate)),
			);
			say(tone).catch(() => {});
			return peer;
		}

		it("has what a track says, at the speaker's rate and another, while it plays", async () => {
			const peer = await speaker("listen");
			const caller = await device("listen", [
				...["connect", "heard", "listen& 16000 2.5", "listen 44100 2.5"],
			]);
			const { measured, peer: stats } = await ended(caller);
			for (const rate of [16000, 44100]) {
				const { took, loud, amplitude: found, hertz } = measured[`listen ${rate}`];
				assert.ok(loud > 1.5, `${rate}: ${loud} s of sound in 2.5 s`);
				assert.ok(Math.abs(hertz - 600) < 10, `${rate}: ${hertz} Hz`);
				assert.ok(Math.abs(toDecibel(found) - toDecibel(amplitude)) < 1, `${rate}: ${found}`);
				assert.ok(Math.abs(took - 2500) < 150, `${rate}: 2.5 s took ${took} ms`);
			}
			assert.equal(stats.framesUnread, 0);
			const { rate, samples } = readWav(caller.speaker);
			assert.ok(level(trimSilence(samples, rate)) > -15, "it did not play");
			await peer.leave();
		});

		it("is there instead of the speaker, and an app can send what it reads", async () => {
			const peer = await speaker("echo");
			const caller = await device("echo", ["connect", "volume 0", "echo& 24000", "wait 5500"]);
			assertTone(await heard(peer, "echo", 3.5), 600, 3);
			await peer.leave();
			const { measured } = await ended(caller);
			assert.equal(measured.echo.rate, 24000);
			const { samples } = readWav(caller.speaker);
			assert.equal(Math.max(...samples.map(Math.abs)), 0, "it played");
			assert.match(caller.output(), /the stream has ended/);
		});

		it("and what it is sent with is published again when the room was joined anew", async () => {
			const peer = await Peer.join(server, "anew", "peer");
			const caller = await device("anew", [
				...["connect", "talk a 16000 500 4.5", "wait 500", "simulate node-failure", "said a"],
				"wait 300",
			]);
			const { measured } = await ended(caller);
			assert.equal(measured.published, 2);
			assert.ok(Math.abs(measured.a.took - 4500) < 150, `4.5 s took ${measured.a.took} ms`);
			const sound = trimSilence(await heard(peer, "a", 2.5), peerRate);
			assertTone(sound.subarray(-1.5 * peerRate), 500, 1.5);
			await peer.leave();
		});
	});
});
