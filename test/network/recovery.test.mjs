/** A call whose network goes away and comes back, or becomes another one. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startDevice } from "../e2e/lib/device.mjs";
import { until } from "../e2e/lib/until.mjs";
import { createLab, labRefusal } from "./lab.mjs";
import { pause } from "./lib.mjs";

const skip = await labRefusal();

describe("a call through the laboratory", { skip }, () => {
	/** @type {Awaited<ReturnType<typeof createLab>>} */
	let lab;
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	before(async () => {
		lab = await createLab({ seed: 21 });
		await lab.set({ delay: 10 });
		server = await startServer({ log: "server-recovery.log", host: lab.server });
	});
	after(async () => {
		await server?.stop();
		await lab?.close();
	});

	/** A device that talks, and when it says what. @param {string} room @param {string} then */
	async function call(room, then) {
		const token = await joinToken(server, { room, identity: "device" });
		const script = `mic,connect,wait localTrackPublished,${then},disconnect`;
		const mic = "test/fixtures/speech-16k.wav";
		const config = { url: server.url, token, seconds: 60, mic, loop: true, script };
		const caller = startDevice(`recovery-${room}`, config, "test/e2e/apps/room", lab.device);
		const said = (/** @type {string} */ event, within = 20_000) =>
			until(() => new RegExp(`^${event}\\b`, "m").test(caller.output()), event, within);
		await said("localTrackPublished");
		await pause(1000);
		return { caller, said };
	}

	/** Milliseconds. @param {() => Promise<unknown>} what */
	async function time(what) {
		const start = performance.now();
		await what();
		return Math.round(performance.now() - start);
	}

	for (const [seconds, limit] of [
		[2.5, 1000],
		[10, 1000],
	]) {
		it(`comes back from ${seconds} s of nothing`, async (t) => {
			const { caller, said } = await call(`hole${seconds * 1000}`, "wait reconnected,wait 500");
			await lab.set({ blackHole: true });
			const noticed = await time(() => said("reconnecting"));
			await pause(seconds * 1000 - noticed);
			await lab.set({ delay: 10 });
			const back = await time(() => said("reconnected"));
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			t.diagnostic(`noticed after ${noticed} ms, back after ${back} ms`);
			assert.ok(noticed < 3000, `noticed after ${noticed} ms`);
			assert.ok(back < limit, `back after ${back} ms`);
			assert.doesNotMatch(output, /^localTrackUnpublished(.|\n)*^reconnected/m);
		});
	}

	it("moves to another address, and nobody joins anew", async (t) => {
		const { caller, said } = await call("moved", "wait reconnected,wait 1000");
		await lab.moveDevice("10.77.0.9");
		const back = await time(() => said("reconnected"));
		const before = (await lab.stats()).up.kinds.rtp;
		await pause(800);
		const sent = (await lab.stats()).up.kinds.rtp - before;
		const { status, output } = await caller.end();
		assert.equal(status, 0, output);
		t.diagnostic(`back after ${back} ms, ${sent} packets in 800 ms`);
		assert.ok(sent > 20, `only ${sent} packets of sound`);
		assert.doesNotMatch(output, /^localTrackUnpublished(.|\n)*^reconnected/m);
	});
});
