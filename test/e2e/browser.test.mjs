/** livekit-client in a browser, and simulated devices, in one room: each has what the other sends. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { root } from "../../tools/lib/paths.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level } from "./lib/analysis.mjs";
import { openPage } from "./lib/browser.mjs";
import { startDevice } from "./lib/device.mjs";
import { until } from "./lib/until.mjs";

const name = "browser";
const mic = "test/fixtures/speech-16k.wav";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
/** @type {Awaited<ReturnType<typeof openPage>>} */
let page;
/** Sound, mute, attributes and data. @type {ReturnType<typeof startDevice>} */
let device;
/** Streams and RPC. @type {ReturnType<typeof startDevice>} */
let messages;

const token = (/** @type {string} */ identity) => joinToken(server, { room: name, identity });

before(async () => {
	server = await startServer({ log: "server-browser.log" });
	const config = { url: server.url, seconds: 90, mic };
	device = startDevice(
		"browser-device",
		{ ...config, token: await token("device"), script: "mic,connect,serve" },
		"test/e2e/apps/room",
	);
	messages = startDevice(
		"browser-messages",
		{ ...config, token: await token("messages") },
		"test/e2e/apps/messages",
	);
	page = await openPage({
		scripts: [join(root, "node_modules/livekit-client/dist/livekit-client.umd.js")],
		microphone: join(root, mic),
		log: "chromium.log",
	});
	// Not by the front of an old server, which is none for browsers.
	const { hostname } = new URL(server.url);
	await page.run(joinRoom, `ws://${hostname}:${server.ports.http}`, await token("web"));
});
after(async () => {
	await page?.close();
	await device?.stop();
	await messages?.stop();
	await server?.stop();
});

/** In the page: what comes is kept in `events`. @param {string} url @param {string} token */
async function joinRoom(url, token) {
	const scope = /** @type {any} */ (globalThis);
	const { Room, RoomEvent } = scope.LivekitClient;
	const room = new Room();
	/** @type {string[]} */
	const events = [];
	Object.assign(scope, { room, events });
	for (const event of [RoomEvent.TrackMuted, RoomEvent.TrackUnmuted]) {
		room.on(event, (/** @type {any} */ _publication, /** @type {any} */ { identity }) =>
			events.push(`${event} ${identity}`),
		);
	}
	room.on(
		RoomEvent.ParticipantAttributesChanged,
		(/** @type {object} */ changed, /** @type {any} */ { identity }) =>
			events.push(`attributes ${identity} ${JSON.stringify(changed)}`),
	);
	room.on(
		RoomEvent.DataReceived,
		(/** @type {Uint8Array} */ payload, /** @type {any} */ participant) =>
			events.push(`data ${participant?.identity} ${new TextDecoder().decode(payload)}`),
	);
	room.on(
		RoomEvent.TrackSubscribed,
		(/** @type {any} */ track, /** @type {any} */ _p, /** @type {any} */ who) => {
			const context = new scope.AudioContext();
			const analyser = context.createAnalyser();
			context
				.createMediaStreamSource(new scope.MediaStream([track.mediaStreamTrack]))
				.connect(analyser);
			track.attach(); // Chromium gives sound of others to nobody before it plays
			const samples = new Float32Array(analyser.fftSize);
			setInterval(() => {
				analyser.getFloatTimeDomainData(samples);
				const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
				if (power > 1e-4) events.push(`heard ${who.identity}`);
			}, 50);
		},
	);
	room.registerRpcMethod("shout", async (/** @type {any} */ { payload, callerIdentity }) => {
		return `${callerIdentity}: ${payload.length}`;
	});
	await room.connect(url, token);
	// Both say the same: an echo canceller would take it for an echo.
	const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
	await room.localParticipant.setMicrophoneEnabled(true, plain);
}

/** @param {string} what that begins an event of the page */
const browserSees = (what, timeout = 15_000) =>
	page.run(
		async (what, timeout) => {
			const { events } = /** @type {any} */ (globalThis);
			const deadline = Date.now() + timeout;
			const there = () => events.some((/** @type {string} */ event) => event.startsWith(what));
			while (!there()) {
				if (Date.now() > deadline) throw new Error(`no ${what}; the browser has ${events.join()}`);
				await new Promise((resolve) => setTimeout(resolve, 20));
			}
		},
		what,
		timeout,
	);

const deviceSees = (/** @type {RegExp} */ what) =>
	until(() => what.test(device.output()), `${what}; the device said:\n${device.output()}`, 15_000);

/** @param {string} script */
const order = async (script) => {
	await page.run(async (script) => {
		const { room } = /** @type {any} */ (globalThis);
		await room.localParticipant.publishData(new TextEncoder().encode(script), {
			reliable: true,
			topic: "do",
			destinationIdentities: ["device"],
		});
	}, script);
};
/** As order(), and it is done. @param {string} script */
const tell = async (script) => {
	await order(script);
	await deviceSees(new RegExp(`^done ${script}`, "m"));
};

it("each has the other's track, and the browser hears the device", async () => {
	await deviceSees(/^trackSubscribed .*web/m);
	await browserSees("heard device");
	await deviceSees(/^activeSpeakersChanged .*web/m);
	await new Promise((resolve) => setTimeout(resolve, 2_000)); // for its speaker to have some of it
});

it("mutes", async () => {
	await page.run(() =>
		/** @type {any} */ (globalThis).room.localParticipant.setMicrophoneEnabled(false),
	);
	await deviceSees(/^trackMuted .*web/m);
	await tell("mute");
	await browserSees("trackMuted device");
	await tell("mic");
	await browserSees("trackUnmuted device");
});

it("attributes, of both", async () => {
	await tell("attribute mood=good 😀");
	await browserSees('attributes device {"mood":"good 😀"}');
	await page.run(() =>
		/** @type {any} */ (globalThis).room.localParticipant.setAttributes({ page: "☂" }),
	);
	await deviceSees(/^participantAttributesChanged {"page":"☂"} web/m);
});

it("data, both ways", async () => {
	await tell("data hello");
	await browserSees("data device hello");
});

it("text streams, both ways", async () => {
	const text = "a€😀👩‍🚀".repeat(4000);
	const length = await page.run(async (text) => {
		const { room } = /** @type {any} */ (globalThis);
		const back = new Promise((resolve) =>
			room.registerTextStreamHandler("echo", (/** @type {any} */ reader) =>
				resolve(reader.readAll()),
			),
		);
		await room.localParticipant.sendText(text, {
			topic: "echo",
			destinationIdentities: ["messages"],
		});
		return (await back) === text ? text.length : -1;
	}, text);
	assert.equal(length, text.length);
});

it("RPC, both ways, with its errors", async () => {
	const results = await page.run(async () => {
		const { room, LivekitClient } = /** @type {any} */ (globalThis);
		const call = (/** @type {string} */ method, payload = "") =>
			room.localParticipant
				.performRpc({ destinationIdentity: "messages", method, payload })
				.catch((/** @type {any} */ error) =>
					error instanceof LivekitClient.RpcError
						? `${error.code} ${error.data ?? ""}`
						: error.name,
				);
		return {
			who: await call("who"),
			echo: (await call("echo", "é".repeat(7000))).length,
			refuse: await call("refuse"),
			unknown: await call("nobody"),
			called: JSON.parse(await call("call", JSON.stringify({ method: "shout", size: 600 }))),
			refused: JSON.parse(await call("call", JSON.stringify({ method: "nothing" }))).code,
		};
	});
	assert.deepEqual(results, {
		who: "web",
		echo: 7000,
		refuse: "101 tomorrow",
		unknown: "1400 ",
		called: { length: "messages: 300".length },
		refused: 1400,
	});
});

it("and the device has played what the browser said", async () => {
	await order("disconnect");
	const { status, output } = await device.end();
	assert.equal(status, 0, output);
	const { rate, samples } = readWav(device.speaker);
	const loudest = Array.from({ length: samples.length / rate }, (_, second) =>
		level(samples.subarray(second * rate, (second + 1) * rate)),
	).reduce((one, other) => Math.max(one, other), -100);
	assert.ok(loudest > -40, `${loudest} dB`);
});
