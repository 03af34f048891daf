/** The room as an app sees it, and what its peers see of the app, with a real server between. */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Room, RoomEvent } from "@livekit/rtc-node";
import { readWav, writeWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level, toDecibel, toneAmplitude, trimSilence } from "./lib/analysis.mjs";
import { outFolder, startDevice } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

const mic = "test/fixtures/speech-16k.wav";
const app = "test/e2e/apps/room";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-room.log" });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** @param {string} room @param {string} script @param {{ canPublish?: boolean }} [grants] */
async function device(room, script, grants = {}) {
	const token = await joinToken(server, { room, identity: "device", ...grants });
	return startDevice(`room-${room}`, { url: server.url, token, seconds: 20, mic, script }, app);
}

/** A participant that writes down what it sees of the device. @param {string} name */
async function observer(name) {
	const room = new Room();
	/** @type {string[]} */
	const events = [];
	for (const event of [
		RoomEvent.ParticipantConnected,
		RoomEvent.ParticipantDisconnected,
		RoomEvent.TrackPublished,
		RoomEvent.TrackUnpublished,
		RoomEvent.TrackMuted,
		RoomEvent.TrackUnmuted,
	]) {
		room.on(event, () => events.push(event));
	}
	const token = await joinToken(server, { room: name, identity: "observer" });
	await room.connect(server.url, token, { autoSubscribe: true, dynacast: false });
	return { events, leave: () => room.disconnect() };
}

/** @param {string} output @param {RegExp} pattern */
const lines = (output, pattern) => output.split("\n").filter((line) => pattern.test(line));

describe("the microphone", () => {
	it("is published before connect(), muted, unmuted, unpublished and published anew", async () => {
		const peer = await observer("mic");
		const caller = await device(
			"mic",
			"mic,connect,wait localTrackPublished,wait 300,mute,wait 300,mic,wait 300,unpublish,wait 300,mic,wait 300,disconnect",
		);
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		await until(() => peer.events.includes("participantDisconnected"), "the device to leave");
		assert.deepEqual(peer.events, [
			"participantConnected",
			"trackPublished",
			"trackMuted",
			"trackUnmuted",
			"trackUnpublished",
			"trackPublished",
			"trackUnpublished",
			"participantDisconnected",
		]);
		assert.deepEqual(lines(output, /[tT]rack(Pub|Unpub|Mut|Unmut)/), [
			"localTrackPublished microphone device",
			"trackMuted microphone device",
			"trackUnmuted microphone device",
			"localTrackUnpublished microphone device",
			"localTrackPublished microphone device",
			"localTrackUnpublished microphone device",
		]);
		await peer.leave();
	});

	it("is heard when it is enabled after connect()", async () => {
		const peer = await Peer.join(server, "after", "peer");
		const caller = await device("after", "connect,mic,wait 3000,disconnect");
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		assert.ok(level(peer.heard("device")) > -40, "the peer did not hear the device");
		await peer.leave();
	});

	it("is heard again after it was unpublished", async () => {
		const peer = await Peer.join(server, "again", "peer");
		const caller = await device(
			"again",
			"mic,connect,wait 1500,unpublish,wait 500,mic,wait 3000,disconnect",
		);
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		const heard = peer.heard("device");
		assert.ok(level(heard.subarray(-2 * peerRate)) > -40, "the peer did not hear the device again");
		await peer.leave();
	});

	it("is told of when it gives nothing but zeros, and only then", async () => {
		const zeros = join(outFolder, "zeros.wav");
		mkdirSync(outFolder, { recursive: true });
		writeWav(zeros, 16_000, new Int16Array(6 * 16_000));
		for (const [name, file, times] of /** @type {const} */ ([
			["zeros", zeros, 1],
			["sound", mic, 0],
		])) {
			const token = await joinToken(server, { room: name, identity: "device" });
			const config = { url: server.url, token, seconds: 20, mic: file };
			const script = "mic,connect,wait localTrackPublished,wait 1500,disconnect";
			const { output } = await startDevice(`room-${name}`, { ...config, script }, app).end();
			assert.equal(lines(output, /^localAudioSilenceDetected microphone/).length, times, output);
		}
	});

	it("is refused without the permission, and the call goes on", async () => {
		const caller = await device(
			"refused",
			"mic,connect,wait mediaDevicesError,wait 300,disconnect",
			{
				canPublish: false,
			},
		);
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		assert.equal(lines(output, /^connected/).length, 1, output);
	});
});

describe("participants", () => {
	it("come, publish, are heard and go, more than once", async () => {
		const caller = await device(
			"others",
			"connect,wait participantDisconnected,wait participantDisconnected,disconnect",
		);
		await until(() => /^connected/m.test(caller.output()), "the device to connect");
		for (const identity of ["one", "two"]) {
			const peer = await Peer.join(server, "others", identity);
			const say = await peer.publish(peerRate);
			const heard = new RegExp(`trackSubscribed .*${identity}`);
			await until(() => heard.test(caller.output()), `${identity} to be subscribed`);
			await say(new Int16Array(peerRate / 2).fill(1000));
			await peer.leave();
			const gone = new RegExp(`participantDisconnected ${identity}`);
			await until(() => gone.test(caller.output()), `${identity} to be gone`);
		}
		const { status, output, report } = await caller.end();
		assert.equal(status, 0, output);
		assert.deepEqual(
			lines(output, /participant(Conn|Disconn)|trackSubscribed|trackUns/).map(withoutReason),
			[
				"participantConnected one",
				"trackSubscribed microphone one",
				"trackUnsubscribed microphone one",
				"participantDisconnected one",
				"participantConnected two",
				"trackSubscribed microphone two",
				"trackUnsubscribed microphone two",
				"participantDisconnected two",
			],
		);
		assert.ok(report.peer.rtpIn > 30, `only ${report.peer.rtpIn} packets came`);
		assert.equal(report.peer.staleAnswers, 0);
	});
});

describe("tracks", () => {
	it("of several participants play at once, each at its volume", async () => {
		const tones = { a: 500, b: 700, c: 900 };
		const peers = await Promise.all(
			Object.keys(tones).map((name) => Peer.join(server, "many", name)),
		);
		const says = await Promise.all(peers.slice(0, 2).map((peer) => peer.publish(peerRate)));
		const caller = await device("many", "connect,volume b=0.5,wait 4500,disconnect");
		await until(() => /^connected/m.test(caller.output()), "the device to connect");
		says.push(await peers[2].publish(peerRate)); // the third one needs a section of its own
		const tone = (/** @type {number} */ hertz) =>
			Int16Array.from({ length: 3 * peerRate }, (_, i) =>
				Math.round(4000 * Math.sin((2 * Math.PI * hertz * i) / peerRate)),
			);
		await Promise.all(Object.values(tones).map((hertz, i) => says[i](tone(hertz))));
		const { status, output, report } = await caller.end();
		assert.equal(status, 0, output);
		assert.equal(lines(output, /^trackSubscribed/).length, 3, output);
		// 50 packets a second each, for 3 s; the beginning may be missed.
		assert.ok(report.peer.framesDecoded > 3 * 100, `${report.peer.framesDecoded} frames decoded`);
		// Media may overtake the answer that tells of it, not by much.
		assert.ok(report.peer.droppedUnknownStream < 10, `${report.peer.droppedUnknownStream} dropped`);
		const { rate, samples } = readWav(caller.speaker);
		const mix = trimSilence(samples, rate);
		const middle = mix.subarray(mix.length - 2 * rate, mix.length - rate);
		for (const [name, hertz] of Object.entries(tones)) {
			const wanted = name === "b" ? 2000 : 4000;
			const off = toDecibel(toneAmplitude(middle, rate, hertz)) - toDecibel(wanted);
			assert.ok(Math.abs(off) < 1.5, `${name} is off by ${off} dB`);
		}
		await Promise.all(peers.map((peer) => peer.leave()));
	});

	it("of video are left alone, and audio goes on", async () => {
		const peer = await Peer.join(server, "video", "peer");
		const stop = await peer.publishVideo();
		const say = await peer.publish(peerRate);
		const caller = await device("video", "connect,wait 3500,disconnect");
		await until(() => /^trackSubscribed/m.test(caller.output()), "the audio to be subscribed");
		await say(new Int16Array(2 * peerRate).fill(500));
		const { status, output, report } = await caller.end();
		stop();
		assert.equal(status, 0, output);
		assert.ok(report.peer.framesDecoded > 80, `${report.peer.framesDecoded} frames decoded`);
		// The server asks for a video section after every answer.
		assert.ok(report.signal.messagesOut < 8, `${report.signal.messagesOut} messages sent`);
		await peer.leave();
	});
});

describe("the device's end", () => {
	it("is told when another takes its identity", async () => {
		const caller = await device("twice", "connect,wait disconnected");
		await until(() => /^connected/m.test(caller.output()), "the device to connect");
		const other = await Peer.join(server, "twice", "device");
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		assert.equal(lines(output, /^disconnected 2$/).length, 1, output);
		await other.leave();
	});

	it("can be asked for while the server is gone", async () => {
		const own = await startServer({ log: "server-gone.log" });
		const token = await joinToken(own, { room: "gone", identity: "device" });
		const caller = startDevice(
			"room-gone",
			{ url: own.url, token, seconds: 20, script: "connect,wait reconnecting,wait 500,disconnect" },
			app,
		);
		await until(() => /^connected/m.test(caller.output()), "the device to connect");
		await own.kill();
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		assert.deepEqual(lines(output, /^disconnected /), ["disconnected 1"]);
	});
});

/** "participantDisconnected one 1" without the 1. @param {string} line */
const withoutReason = (line) =>
	line.replace(/^((?:\S+ )?participantDisconnected \S+).*/, "$1").replace(/^(track\w+)\s+/, "$1 ");
