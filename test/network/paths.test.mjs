/** Paths through a network: each is the one that is used when all better ones are blocked. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { logs, root } from "../../tools/lib/paths.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { compare } from "../e2e/lib/analysis.mjs";
import { startDevice } from "../e2e/lib/device.mjs";
import { createLab, labRefusal } from "./lab.mjs";

const skip = await labRefusal();
const speech = join(root, "test/fixtures/speech-16k.wav");

describe("paths through a network", { skip }, () => {
	/** @type {Awaited<ReturnType<typeof createLab>>} */
	let lab;
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	before(async () => {
		lab = await createLab({ seed: 31 });
		server = await startServer({ log: "server-paths.log", host: lab.server });
	});
	after(async () => {
		await server?.stop();
		await lab?.close();
	});

	/**
	 * A call with the echo agent. The path, and how alike what comes back is.
	 * @param {string} room
	 */
	async function call(room) {
		const log = join(logs, `agent-paths-${room}.log`);
		const agentToken = await joinToken(server, { room, identity: "agent", agent: true });
		const script = join(root, "tools", "agent", "echo.mjs");
		const agent = lab.server.spawn("the echo agent", [process.execPath, script], {
			log,
			env: { LIVEKIT_URL: server.url, LIVEKIT_TOKEN: agentToken },
		});
		try {
			await agent.ready(() => /^ready$/m.test(readFileSync(log, "utf8")) || undefined, 15_000);
			const token = await joinToken(server, { room, identity: "device" });
			const said = readWav(speech);
			const seconds = Math.ceil(said.samples.length / said.rate + 2);
			const config = { url: server.url, token, seconds, mic: speech };
			const device = startDevice(`paths-${room}`, config, "examples/voice-agent", lab.device);
			const { status, output, report } = await device.end();
			assert.equal(status, 0, output);
			const heard = readWav(device.speaker);
			const { likeness } = compare(said.samples, heard.samples, said.rate);
			return { likeness, path: report.path, timeline: report.timeline, stats: report.peer };
		} finally {
			await agent.stop();
		}
	}

	it("over TCP to the server, when UDP is blocked", async (t) => {
		await lab.set({ delay: 10, blockUdp: true });
		const { likeness, path, timeline, stats } = await call("tcp");
		t.diagnostic(JSON.stringify({ likeness, path, timeline }));
		assert.deepEqual([path.candidateType, path.protocol], ["prflx", "tcp"]);
		assert.ok(likeness > 0.6, `likeness ${likeness}`);
		// Paced behind the checks that UDP swallowed, and two round trips: TCP's and the check's.
		const ice = timeline.ice - timeline.joined;
		assert.ok(ice < 300, `a path after ${ice} ms`);
		assert.equal(stats.droppedSend, 0);
	});
});
