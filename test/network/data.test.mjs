/**
 * Data packets between us and libwebrtc through the laboratory, when packets are lost.
 * @lane together
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { logs, root } from "../../tools/lib/paths.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startDevice } from "../e2e/lib/device.mjs";
import { createLab, labRefusal } from "./lab.mjs";

const skip = await labRefusal();

describe("data through the laboratory", { skip }, () => {
	/** @type {Awaited<ReturnType<typeof createLab>>} */
	let lab;
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	before(async () => {
		lab = await createLab({ seed: 12 });
		server = await startServer({ log: "server-network-data.log", host: lab.server });
	});
	after(async () => {
		await server?.stop();
		await lab?.close();
	});

	it("is whole and in order at 5 % of loss, a thousand messages at a time", async () => {
		await lab.set({ delay: 5, loss: 0.05 });
		const log = join(logs, "data-peer-network.log");
		const token = await joinToken(server, { room: "data", identity: "peer" });
		const peer = lab.server.spawn(
			"the data peer",
			[process.execPath, join(root, "test/network/data-peer.mjs")],
			{
				log,
				env: { LIVEKIT_URL: server.url, LIVEKIT_TOKEN: token },
			},
		);
		const device = startDevice(
			"network-data",
			{
				url: server.url,
				token: await joinToken(server, { room: "data", identity: "device" }),
				seconds: 240,
				role: "echo",
			},
			"test/e2e/apps/data",
			lab.device,
		);
		const { status, output, report } = await device.end();
		await peer.ended;
		const said = readFileSync(log, "utf8");
		assert.equal(status, 0, `${output}\n${said}`);
		assert.match(said, /^reliable: 1000 of 1000$/m);
		const lossy = Number(/^lossy: (\d+) of 1000$/m.exec(said)?.[1]);
		// 5 % each way between us and the server, of each chunk; lossy packets are not sent again.
		assert.ok(lossy > 790 && lossy < 940, said);
		assert.equal(report.received.reliable, 1_001);
		assert.ok(report.peer.sctpRetransmitted > 100, "nothing was lost");
		assert.equal(report.data.malformed + report.data.duplicates, 0);
		const { up, down } = await lab.stats();
		assert.ok(up.drops.lost > 100 && down.drops.lost > 100, "the laboratory lost nothing");
	});
});
