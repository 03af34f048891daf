/**
 * A device's memory on the desktop: calls in the 32-bit host, whose engine has a board's fixed heap and
 * whose native code keeps to a profile's budgets. @lane alone
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { after, before, describe, it } from "node:test";
import { Room } from "@livekit/rtc-node";
import { broken } from "../../bench/budgets.mjs";
import { figure } from "../../bench/figures.mjs";
import { profiles } from "../../bench/memory/profiles.mjs";
import { hostPath } from "../../tools/app/run.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { otherThanBoards } from "../../tools/setup/sources.mjs";
import { level } from "./lib/analysis.mjs";
import { holdsOf, startDevice } from "./lib/device.mjs";
import { attack } from "./lib/hostile.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-memory.log" });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** A board like CoreS3. @type {import("../../tools/lib/memory.mjs").Memory} */
const board = { libraries: "x86-32", profile: "psram" };
/** One without PSRAM. @type {import("../../tools/lib/memory.mjs").Memory} */
const small = { libraries: "x86-32-internal", profile: "internal" };

/** Two peer connections: a board without PSRAM has no memory for them, and budgets are for one. */
const old = process.env.LIVEKIT_XS_OLD_SERVER === "1";

/** Why it cannot be tried. @param {import("../../tools/lib/memory.mjs").Memory} memory */
const missing = ({ libraries }) =>
	existsSync(hostPath({ libraries }))
		? (libraries === small.libraries && otherThanBoards()) || false
		: "there is no such 32-bit host here";
const skip = missing(board);

const budgets = JSON.parse(
	readFileSync(new URL("../../bench/budgets.json", import.meta.url), "utf8"),
);
/** What a call of the device's app may need of it. */
const heap = {
	slots: budgets["memory.xs.slots"],
	chunk: budgets["memory.xs.chunk_bytes"],
	stack: budgets["memory.xs.stack"],
};

describe("in a device's memory", { skip }, () => {
	for (const memory of [board, small]) {
		const name = `a voice call has sound both ways, and native code keeps to its budgets: ${memory.profile}`;
		it(name, { skip: missing(memory) || (old && memory === small) }, async (t) => {
			const room = `memory-${memory.profile}`;
			const peer = await Peer.join(server, room, "peer");
			const talk = await peer.publish(peerRate);
			const device = startDevice(
				room,
				{
					url: server.url,
					token: await joinToken(server, { room, identity: "device" }),
					mic: "test/fixtures/speech-16k.wav",
					seconds: 4,
				},
				"examples/voice-agent",
				undefined,
				memory,
			);
			const talked = talk(
				Int16Array.from({ length: 5 * peerRate }, (_, i) => 8000 * Math.sin(i / 20)),
			);
			const { status, output, report } = await device.end();
			await talked;
			assert.equal(status, 0, output);
			const { rate, samples } = readWav(device.speaker);
			assert.ok(level(samples.subarray(-rate)) > -30, "the peer was not heard");
			assert.ok(level(peer.heard("device")) > -40, "the device was not heard");
			for (const [name, { peak, failures }] of Object.entries(report.native)) {
				assert.equal(failures, 0, `${name} was refused memory, at ${peak} B`);
			}
			if (memory === small) {
				const { heap, stacks } = profiles().internal;
				const name = "memory.internal_profile.total";
				const total = figure(name, "B", [report.nativePeak + heap + stacks]);
				assert.deepEqual(broken(name, [total]), []);
				t.diagnostic(`native ${report.nativePeak} B, with heap and stacks ${total.value} B`);
			}
			await peer.leave();
		});
	}

	it("a room's app works: data both ways", async () => {
		// More, and larger, than fits native memory or the heap at one time.
		const { largest } = holdsOf("psram");
		const config = { url: server.url, seconds: 20, count: 70, largest };
		const token = (/** @type {string} */ identity) =>
			joinToken(server, { room: "memory-data", identity });
		const app = "test/e2e/apps/data";
		const echo = startDevice(
			"memory-echo",
			{ ...config, role: "echo", token: await token("echo") },
			app,
			undefined,
			board,
		);
		const ask = startDevice(
			"memory-ask",
			{ ...config, role: "ask", token: await token("ask") },
			app,
			undefined,
			board,
		);
		const { status, output } = await ask.end();
		assert.equal(status, 0, output);
		assert.match(output, /all echoes are exact/);
		await echo.stop();
	});

	it("nobody can fill it, whatever they send, and others are served as before", async (t) => {
		const room = "memory-hostile";
		const token = (/** @type {string} */ identity, agent = false) =>
			joinToken(server, { room, identity, agent });
		const device = startDevice(
			room,
			{ url: server.url, token: await token("device"), seconds: 60 },
			"test/e2e/apps/messages",
			undefined,
			board,
		);
		const other = new Room();
		await other.connect(server.url, await token("other"), { autoSubscribe: true, dynacast: false });
		await until(() => /^connected/m.test(device.output()), "the device to connect");
		const call = (/** @type {string} */ method, payload = "") =>
			other.localParticipant?.performRpc({ destinationIdentity: "device", method, payload });
		await attack(server.url, await token("hostile", true), async (name) => {
			const begin = performance.now();
			assert.equal(await call("echo", name), name, `${name}: ${device.output()}`);
			t.diagnostic(`${name}: another is answered in ${Math.round(performance.now() - begin)} ms`);
		});
		await call("end");
		const { status, output, report } = await device.end();
		await other.disconnect();
		assert.equal(status, 0, output);
		for (const [name, { failures }] of Object.entries(report.native)) {
			assert.equal(failures, 0, `${name} was refused memory`);
		}
		assert.ok(report.data.malformed > 0 && report.objectsRefused > 0 && report.rpc.refused > 0);
		t.diagnostic(JSON.stringify([report.rpc, report.streams, report.native.sctp]));
	});

	it("beside the microphone there is room for sound of an app's own, and a stream", async (t) => {
		const peer = await Peer.join(server, "memory-sound", "peer");
		await peer.publish(peerRate);
		const device = startDevice(
			"memory-sound",
			{
				url: server.url,
				token: await joinToken(server, { room: "memory-sound", identity: "device" }),
				mic: "test/fixtures/speech-16k.wav",
				seconds: 15,
				script: [
					...["connect", "mic", "heard", "wait 100", "memory call"],
					...["talk a 16000 500 0.2", "said a", "memory source16"],
					...["unpublish a", "close a", "wait 100"],
					...["talk b 44100 500 0.2", "said b", "memory source44"],
					...["unpublish b", "close b", "wait 100"],
					...["listen& 16000 0.6", "wait 100", "memory stream16", "wait 700"],
					...["listen& 48000 0.6", "wait 100", "memory stream48", "wait 700"],
					"disconnect",
				].join(","),
			},
			"test/e2e/apps/sound",
			undefined,
			board,
		);
		const { status, output, report } = await device.end();
		await peer.leave();
		assert.equal(status, 0, output);
		for (const [name, { failures }] of Object.entries(report.native)) {
			assert.equal(failures, 0, `${name} was refused memory`);
		}
		// docs/memory.md has these.
		const { call } = report.measured;
		for (const [name, most] of Object.entries({
			source16: { audio: 4400, opus: 9200, rtp: 5900 },
			source44: { audio: 9600, opus: 15_300, rtp: 5900 },
			stream16: { audio: 6500, opus: 0, rtp: 0 },
			stream48: { audio: 8500, opus: 0, rtp: 0 },
		})) {
			const now = report.measured[name];
			for (const [key, bytes] of Object.entries(most)) {
				t.diagnostic(`${name} ${key}: ${now[key] - call[key]} B`);
				assert.ok(now[key] - call[key] <= bytes, `${name}: ${now[key] - call[key]} B ${key}`);
			}
		}
	});

	it("calls one after the other leave nothing behind", async (t) => {
		const peer = await Peer.join(server, "memory-cycles", "peer");
		await peer.publish(peerRate);
		const echo = startDevice(
			"memory-cycles-echo",
			{
				url: server.url,
				seconds: 60,
				role: "echo",
				token: await joinToken(server, { room: "memory-cycles", identity: "echo" }),
			},
			"test/e2e/apps/data",
		);
		await until(() => peer.others.includes("echo"), "the echo");
		const device = startDevice(
			"memory-cycles",
			{
				url: server.url,
				token: await joinToken(server, { room: "memory-cycles", identity: "device" }),
				mic: "test/fixtures/speech-16k.wav",
				seconds: 0.1,
				cycles: 12,
			},
			"bench/memory/device",
			undefined,
			old ? board : { ...board, heap },
		);
		const { status, output } = await device.end(40_000);
		await echo.stop();
		await peer.leave();
		assert.equal(status, 0, output);
		const [, text] = /^memory (\{.*)$/m.exec(output) ?? [];
		const { peak, slots, native } = JSON.parse(text);
		t.diagnostic(text);
		assert.equal(native, 0);
		assert.ok(Math.abs(slots) < 64, `${slots} slots more after 7 calls`);
		const needed = [figure("memory.native.call_peak", "B", [peak])];
		if (!old) assert.deepEqual(broken("memory.native.call_peak", needed), []);
	});

	it("who is refused hears why: asking takes little", { skip: missing(small) }, async () => {
		const other = { ...server, secret: "x".repeat(32) };
		const token = await joinToken(other, { room: "memory-refused", identity: "device" });
		const device = startDevice(
			"memory-refused",
			{ url: server.url, token, mic: "test/fixtures/speech-16k.wav", seconds: 3 },
			"examples/voice-agent",
			undefined,
			small,
		);
		const { status, output } = await device.end();
		assert.equal(status, 1, output);
		assert.match(output, /^the token's signature is wrong/);
	});

	it("without enough of it, a call ends with an error, not a crash", async () => {
		const device = startDevice(
			"memory-none",
			{
				url: server.url,
				token: await joinToken(server, { room: "memory-none", identity: "device" }),
				mic: "test/fixtures/speech-16k.wav",
				seconds: 3,
			},
			"examples/voice-agent",
			undefined,
			// What a board with PSRAM holds of packets and TLS does not fit one without.
			{ ...board, profile: "internal" },
		);
		const { status, output } = await device.end();
		assert.equal(status, 1, output);
		assert.match(output, /no memory for|the media connection failed/);
	});
});
