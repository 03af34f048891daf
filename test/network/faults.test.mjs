/**
 * Calls through faults: five by seed, of which `npm run soak` has a hundred; and TCP whose
 * other end has vanished, which says so with no FIN, RST or answer.
 * @lane together
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startDevice } from "../e2e/lib/device.mjs";
import { until } from "../e2e/lib/until.mjs";
import { complaints, runFaults } from "./faults/run.mjs";
import { createLab, labRefusal } from "./lab.mjs";
import { pause } from "./lib.mjs";

const skip = await labRefusal();
/** Milliseconds without a word after which the client gives signalling up: the server's pingTimeout. */
const pingTimeout = 15_000;

describe("a call", { skip }, () => {
	it("through faults is whole after each, with all its data once and in order, and needs no more memory", async (t) => {
		// All has been joined anew once before what memory is held to: then nothing is made that was not.
		const journey = await runFaults({
			cycles: 5,
			seed: 14541,
			tell: (line) => t.diagnostic(line),
		});
		assert.deepEqual(complaints(journey), []);
	});

	describe("signalling whose server has vanished", { skip }, () => {
		/** @type {Awaited<ReturnType<typeof createLab>>} */
		let lab;
		/** @type {import("../../tools/server/server.mjs").Server} */
		let server;
		before(async () => {
			lab = await createLab({ seed: 31 });
			await lab.set({ delay: 10 });
			server = await startServer({ log: "server-half-open.log", host: lab.server });
		});
		after(async () => {
			await server?.stop();
			await lab?.close();
		});

		it("is noticed, tried again in bounded time, and comes back; sound never stops", async (t) => {
			const { port } = new URL(server.url);
			const token = await joinToken(server, { room: "half-open", identity: "device" });
			const mic = "test/fixtures/speech-16k.wav";
			const script = "mic,connect,wait localTrackPublished,wait reconnected,wait 500,disconnect";
			const config = { url: server.url, token, seconds: 60, mic, loop: true, script };
			const caller = startDevice("half-open", config, "test/e2e/apps/room", lab.device);
			const said = (/** @type {string} */ event, within = 20_000) =>
				until(() => new RegExp(`^${event}\\b`, "m").test(caller.output()), event, within);
			await said("localTrackPublished");
			await pause(500);

			const start = performance.now();
			await lab.set({ delay: 10, blockPorts: [Number(port)] });
			const before = (await lab.stats()).up.kinds.rtp;
			await said("signalReconnecting", pingTimeout + 3_000);
			const noticed = performance.now() - start;
			await pause(4_000); // tries hang in their SYN meanwhile
			const sent = (await lab.stats()).up.kinds.rtp - before;
			const seconds = (performance.now() - start) / 1000;
			await lab.set({ delay: 10 });
			const back = performance.now();
			await said("reconnected");
			t.diagnostic(
				`noticed after ${Math.round(noticed)} ms, back ${Math.round(performance.now() - back)} ms`,
			);
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.ok(noticed > 5_000, "it was not half-open: something told the device");
			assert.ok(sent / seconds > 45, `${sent} packets of sound in ${seconds} s`);
			assert.doesNotMatch(output, /^reconnecting/m);
			assert.doesNotMatch(output, /^localTrackUnpublished(.|\n)*^reconnected/m);
		});
	});
});
