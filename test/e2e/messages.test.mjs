/** Streams, RPC and other messages between a simulated device and a libwebrtc peer, one call for all. */

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { Room, RoomEvent } from "@livekit/rtc-node";
import { Packr } from "msgpackr";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { holds, startDevice } from "./lib/device.mjs";
import { disposePeers } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

const roomName = "messages";
/** @type {import("../../tools/server/server.mjs").Server} */
let server;
/** @type {ReturnType<typeof startDevice>} */
let device;
/** @type {Room} */
let room;
/** @type {import("@livekit/rtc-node").LocalParticipant} */
let me;

const token = (/** @type {string} */ identity) => joinToken(server, { room: roomName, identity });

before(async () => {
	server = await startServer({ log: "server-messages.log" });
	const config = {
		url: server.url,
		token: await token("device"),
		seconds: 120,
		maxTextBytes: holds.text,
	};
	device = startDevice("messages", config, "test/e2e/apps/messages");
	room = new Room();
	await room.connect(server.url, await token("peer"), { autoSubscribe: true, dynacast: false });
	assert.ok(room.localParticipant);
	me = room.localParticipant;
	await until(() => /^connected/m.test(device.output()), "the device to connect");
	await until(() => room.remoteParticipants.has("device"), "to meet the device");
});
after(async () => {
	await room?.disconnect();
	await device?.stop();
	await server?.stop();
	await disposePeers();
});

/** Bounded: the peer's library waits for a device that is stuck until that has left. */
const it = (/** @type {string} */ name, /** @type {() => Promise<void>} */ run) =>
	test(name, { timeout: 20_000 }, run);
beforeEach(() => assert.ok(room.remoteParticipants.has("device"), "the device is gone"));
afterEach((context) => {
	const { passed } = /** @type {{ passed?: boolean }} */ (context);
	if (passed === false)
		process.stdout.write(`the device said:\n${device.output().slice(-8_000)}\n`);
});

const destinationIdentity = "device";
const call = (/** @type {string} */ method, payload = "", /** @type {object} */ more = {}) =>
	me.performRpc({ destinationIdentity, method, payload, ...more });
/** Lets the device call us. @param {object} what */
const called = async (what) => JSON.parse(await call("call", JSON.stringify(what)));

/** Resolves to the next text of `topic`. @param {string} topic */
const nextText = (topic) =>
	new Promise((resolve, reject) => {
		room.registerTextStreamHandler(topic, (reader) => {
			room.unregisterTextStreamHandler(topic);
			reader.readAll().then((text) => resolve({ text, info: reader.info }), reject);
		});
	});
/** Resolves to the next bytes of `topic`. @param {string} topic */
const nextBytes = (topic) =>
	new Promise((resolve, reject) => {
		room.registerByteStreamHandler(topic, (reader) => {
			room.unregisterByteStreamHandler(topic);
			const done = (/** @type {Uint8Array[]} */ chunks) =>
				resolve({ bytes: Buffer.concat(chunks), info: reader.info });
			reader.readAll().then(done, reject);
		});
	});

describe("streams", () => {
	const alphabet = ["a", "ä", "€", "😀", "👩‍🚀"];
	const texts = [1, 2, 100, 14_999, 15_001, 60_000].map((length) =>
		Array.from({ length }, (_, i) => alphabet[(i + length) % 5]).join(""),
	);

	for (const text of texts) {
		const size = Buffer.byteLength(text);
		it(`a text of ${size} bytes comes back, character for character`, async () => {
			const echo = nextText("echo");
			const attributes = { colour: "blåbær 🫐" };
			await me.sendText(text, { topic: "echo", attributes, destinationIdentities: ["device"] });
			const back = await echo;
			assert.equal(back.text === text, true, "the text is another");
			assert.equal(back.info.attributes.colour, attributes.colour);
		});
	}

	it("an empty text, and one read whole", async () => {
		for (const text of ["", "😀".repeat(Math.min(5_000, holds.text / 4))]) {
			const whole = nextText("whole");
			await me.sendText(text, { topic: "whole", destinationIdentities: ["device"] });
			assert.equal((await whole).text, text);
		}
	});

	it("a text written piece by piece", async () => {
		const echo = nextText("echo");
		const writer = await me.streamText({ topic: "echo", destinationIdentities: ["device"] });
		for (let i = 0; i < 200; i++) await writer.write(`${i} 🙂 `);
		await writer.close();
		assert.equal((await echo).text, Array.from({ length: 200 }, (_, i) => `${i} 🙂 `).join(""));
	});

	for (const size of [1, 2, 15_000, 15_001, 200_000]) {
		it(`${size} bytes come back`, async () => {
			const bytes = Buffer.from(Array.from({ length: size }, (_, i) => (i * 7 + (i >> 8)) & 255));
			const topic = "echo";
			const echo = nextBytes(topic);
			const options = { topic, name: "näme", mimeType: "x/y", totalSize: size };
			const writer = await me.streamBytes({ ...options, destinationIdentities: ["device"] });
			await writer.write(bytes);
			await writer.close();
			const { bytes: back, info } = await echo;
			assert.ok(bytes.equals(back), `${back.length} bytes, or others`);
			assert.deepEqual([info.name, info.mimeType], ["näme", "x/y"]);
		});
	}

	it("one that comes faster than it is read waits, and so does what comes behind it", async () => {
		const bytes = Buffer.alloc(400_000, 7);
		const whole = nextText("slow");
		const writer = await me.streamBytes({ topic: "slow", destinationIdentities: ["device"] });
		await writer.write(bytes);
		await writer.close();
		assert.equal(await call("echo", "and this?"), "and this?");
		assert.equal((await whole).text, "400000");
	});

	it("a file comes back", async () => {
		const whole = nextBytes("whole");
		const writer = await me.streamBytes({ topic: "whole", name: "f", mimeType: "x/y" });
		await writer.write(new Uint8Array([1, 2, 3]));
		await writer.close();
		const { bytes, info } = await whole;
		assert.deepEqual([...bytes], [1, 2, 3]);
		assert.equal(info.name, "f");
	});
});

/** Calls that were one too many for the device. */
let refused = 0;

describe("calls of the peer", () => {
	it("payloads of all sizes, one after the other and at once", async () => {
		assert.equal(await call("who"), "peer");
		const payloads = [0, 1, 100, 14_000, 15_360].map((size) => "x".repeat(size));
		payloads.push("😀".repeat(3_840));
		for (const payload of payloads) assert.equal(await call("echo", payload), payload);
		const many = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(15_360));
		const results = await Promise.allSettled(many.map((payload) => call("echo", payload)));
		// What does not fit a board's memory beside others is refused at once, and the rest answered.
		for (const [i, one] of results.entries()) {
			if (one.status === "fulfilled") assert.equal(one.value, many[i]);
			else
				assert.deepEqual(
					[one.reason.code, one.reason.data],
					[1500, "too much to handle at a time"],
				);
		}
		refused = results.filter(({ status }) => status === "rejected").length;
		assert.ok(holds.text < 10 * 15_360 ? refused < 10 : refused === 0, `${refused} refused`);
		assert.equal(await call("echo", payloads[5]), payloads[5]);
	});

	it("errors", async () => {
		const failing = async (/** @type {Promise<unknown>} */ promise) => {
			const { code, message, data } = await promise.then(
				() => assert.fail(),
				(error) => error,
			);
			return { code, message, data };
		};
		assert.deepEqual(await failing(call("refuse")), {
			code: 101,
			message: "not today 🙈",
			data: "tomorrow",
		});
		assert.equal((await failing(call("break"))).code, 1500);
		assert.equal((await failing(call("none"))).code, 1400);
		assert.equal((await failing(call("slow", "", { responseTimeout: 1_000 }))).code, 1502);
	});
});

describe("calls of the device", () => {
	before(() => {
		me.registerRpcMethod("echo", async ({ payload }) => payload);
		me.registerRpcMethod("large", async () => "x".repeat(15_361));
		me.registerRpcMethod("slow", () => new Promise((resolve) => setTimeout(resolve, 3_000, "")));
		me.registerRpcMethod("break", async () => {
			throw new Error("expected in this test");
		});
	});

	it("payloads of all sizes, one after the other and at once", async () => {
		for (const size of [0, 2, 100, 14_000, 15_360]) {
			assert.deepEqual(await called({ method: "echo", size }), { length: size / 2 });
		}
		// In a board's heap there is room for one of the app's own, and what comes back.
		const length = holds.text < 10 * 15_360 ? 1 : 10;
		const many = Array.from({ length }, () => called({ method: "echo", size: 15_360 }));
		for (const one of await Promise.all(many)) assert.deepEqual(one, { length: 7_680 });
	});

	it("errors", async () => {
		const code = async (/** @type {object} */ what) => (await called(what)).code;
		assert.equal(await code({ method: "none" }), 1400);
		assert.equal(await code({ method: "break" }), 1500);
		assert.equal(await code({ method: "slow", responseTimeout: 500 }), 1502);
		assert.equal(await code({ method: "echo", to: "nobody", maxRoundTripLatency: 500 }), 1401);
	});

	it("a recipient that leaves", async () => {
		const guest = new Room();
		await guest.connect(server.url, await token("guest"), { autoSubscribe: true, dynacast: false });
		let calls = 0;
		guest.localParticipant?.registerRpcMethod("never", () => {
			calls++;
			return new Promise(() => {});
		});
		const result = called({ method: "never", to: "guest" });
		await until(() => calls === 1, "the call");
		await guest.disconnect();
		assert.equal((await result).code, 1503);
	});
});

describe("other messages", () => {
	/** The next arguments of one of the room's events. @param {string} event */
	const next = (event) =>
		new Promise((resolve) => {
			room.once(/** @type {any} */ (event), (...args) => resolve(args));
		});

	it("objects come back as msgpackr in Node reads them", async () => {
		const packr = new Packr({ useRecords: false });
		const values = [
			null,
			Array.from({ length: 71 }, (_, length) => "😀".repeat(length)),
			{ temperature: -1.5, on: true, where: "Küche 🍲", nested: [{ a: [] }] },
			[2n ** 63n - 1n, -(2n ** 63n), 2 ** 40],
			new Date("2026-02-03T04:05:06.789Z"),
			Buffer.from([0, 1, 255]),
			"x".repeat(Math.min(20_000, holds.largest)),
		];
		for (const value of values) {
			const echo = next(RoomEvent.DataReceived);
			const topic = "msgpack/sensor";
			await me.publishData(packr.pack(value), { reliable: true, topic });
			const [payload, from, , backTopic] = await echo;
			assert.deepEqual(packr.unpack(Buffer.from(payload)), value);
			assert.deepEqual([from.identity, backTopic], ["device", topic]);
		}
	});

	it("chat, and an edited message", async () => {
		/** @type {{ id: string, message: string, editTimestamp?: number }[]} */
		const heard = [];
		room.on(RoomEvent.ChatMessage, (message, from) => {
			if (from?.identity === "device") heard.push(message);
		});
		await me.sendChatMessage("hello 👋");
		await until(() => heard.length === 2, "an answer and its edited form");
		assert.deepEqual(
			heard.map(({ message }) => message),
			["you said …", "you said hello 👋"],
		);
		assert.equal(heard[0].id, heard[1].id);
		assert.ok(heard[1].editTimestamp);
		await me.sendText("as agents do", { topic: "lk.chat" });
		await until(() => heard.some(({ message }) => message === "you said as agents do"), "more");
	});

	it("DTMF", async () => {
		const echo = next(RoomEvent.DtmfReceived);
		await me.publishDtmf(11, "#");
		assert.deepEqual((await echo).slice(0, 2), [11, "#"]);
	});

	it("a transcription, which the server takes from agents only", async () => {
		const agent = new Room();
		const options = { room: roomName, identity: "agent", agent: true };
		await agent.connect(server.url, await joinToken(server, options), {
			autoSubscribe: true,
			dynacast: false,
		});
		const segment = { id: "1", text: "Grüße 🙂", startTime: 0n, endTime: 0n, language: "de" };
		await agent.localParticipant?.publishTranscription({
			participantIdentity: "peer",
			trackSid: "TR_none", // rtc-node aborts at an empty one
			segments: [{ ...segment, final: true }],
		});
		await until(() => /^heard peer: Grüße 🙂 true$/m.test(device.output()), "the transcription");
		await agent.disconnect();
	});
});

/** Of one sender. */
const places = Math.ceil((3 / 4) * holds.streams);

it("streams that never end fill their sender's places, and nobody else's", async () => {
	const hostile = new Room();
	await hostile.connect(server.url, await token("hostile"), {
		autoSubscribe: true,
		dynacast: false,
	});
	const options = { topic: "echo", destinationIdentities: ["device"] };
	for (let i = 0; i < 50; i++) {
		const writer = await hostile.localParticipant?.streamText(options);
		await writer?.write("and so on …");
	}
	const echo = nextText("echo");
	await me.sendText("still there?", options);
	assert.equal((await echo).text, "still there?");
	assert.equal(await call("echo", "and this?"), "and this?");
	await hostile.disconnect();
	const ended = () => device.output().match(/hostile left before its end/g)?.length === places;
	await until(ended, "its streams to end with it");
});

it("afterwards nothing is left over", async () => {
	await call("end");
	const { status, output, report } = await device.end();
	assert.equal(status, 0, output);
	assert.equal(report.streams.streamsFailed, places);
	// Beside the hostile peer's: calls whose requests found no place.
	const others = report.streams.streamsRefused - (50 - places);
	assert.ok(others >= 0 && others <= refused, `${others} streams refused beside them`);
	assert.equal(report.rpc.outgoing, 0);
	assert.equal(report.rpc.refused, refused);
	assert.equal(report.data.malformed + report.objectsRefused, 0);
});
