/**
 * What time does to a call: its token expires, the device sleeps. Side by side, for each waits long.
 * @lane together
 */

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level, makePattern } from "./lib/analysis.mjs";
import { outFolder, startDevice } from "./lib/device.mjs";
import { disposePeers, Peer } from "./lib/peer.mjs";
import { tcpProxy } from "./lib/proxies.mjs";
import { until } from "./lib/until.mjs";

const app = "test/e2e/apps/room";
/** Seconds for which the server takes a token that has expired. */
const leeway = 60;

/** @param {ReturnType<typeof startDevice>} caller @param {string} event */
const seen = (caller, event, within = 20_000) =>
	until(() => new RegExp(`^${event}\\b`, "m").test(caller.output()), event, within);

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {string} output */
const story = (output) =>
	output.match(/^(?:signalReconnecting|reconnecting|reconnected|connected|disconnected)\b/gm);

describe("time", { concurrency: true }, () => {
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	const mic = join(outFolder, "pattern-time.wav");
	before(async () => {
		server = await startServer({ log: "server-time.log" });
		mkdirSync(outFolder, { recursive: true });
		writeWav(mic, 16_000, makePattern(16_000, 30));
	});
	after(async () => {
		await server?.stop();
		await disposePeers();
	});

	// The server refreshes it at once, and then every five minutes.
	it("that outlasts the app's token: the server's newer one is used", async (t) => {
		const proxy = await tcpProxy(server.url);
		t.after(() => proxy.close());
		const token = await joinToken(server, {
			room: "expired",
			identity: "device",
			ttl: 18 - leeway,
		});
		const validate = `${server.url.replace("ws", "http")}/rtc/validate?access_token=${token}`;
		const status = async () => (await fetch(validate)).status;
		assert.equal(await status(), 200);
		const config = { url: `ws://127.0.0.1:${proxy.port}`, token, seconds: 60 };
		const script = "connect,wait reconnected,wait 500,disconnect";
		const caller = startDevice("time-expired", { ...config, script }, app);
		await seen(caller, "connected");
		const deadline = performance.now() + 25_000;
		while ((await status()) === 200 && performance.now() < deadline) await pause(200);
		assert.equal(await status(), 401, "the app's token should have expired");
		proxy.cut();
		const { status: end, output } = await caller.end();
		assert.equal(end, 0, output);
		// On a busy machine, media may have been silent for a moment, too.
		assert.match(
			String(story(output)),
			/^connected,(signalReconnecting|reconnecting),reconnected,disconnected$/,
		);
	});

	// Longer than the server's ping timeout (15 s): it has forgotten the participant.
	for (const seconds of [3, 17]) {
		it(`of ${seconds} s that the device sleeps, its clock then jumps: the call goes on`, async () => {
			const room = `asleep${seconds}`;
			const peer = await Peer.join(server, room, "peer");
			const token = await joinToken(server, { room, identity: "device" });
			const config = { url: server.url, token, seconds: 60, mic, loop: true };
			const script = `mic,connect,wait localTrackPublished,wait ${4_000 + seconds * 1000},disconnect`;
			const caller = startDevice(`time-${room}`, { ...config, script }, app);
			await seen(caller, "localTrackPublished");
			await pause(1_000);
			await caller.sleep(seconds * 1_000);
			const before = peer.heard("device").length;
			if (seconds > 15) await seen(caller, "reconnected");
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.equal(story(output)?.filter((event) => event === "disconnected").length, 1);
			const heard = peer.heard("device").subarray(before);
			assert.ok(level(heard) > -40, `${output}\nthe peer did not hear the device afterwards`);
			await peer.leave();
		});
	}
});
