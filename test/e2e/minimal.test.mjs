/** The README's app does what the README says. */

import { after, before, it } from "node:test";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level } from "./lib/analysis.mjs";
import { startDevice } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	// It is built without servers before 1.9.
	server = await startServer({ log: "server-minimal.log", old: false });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

it("examples/minimal joins, talks and listens", async () => {
	const peer = await Peer.join(server, "minimal", "peer");
	await peer.publish(peerRate);
	const device = startDevice(
		"minimal",
		{
			url: server.url,
			token: await joinToken(server, { room: "minimal", identity: "device" }),
			mic: "test/fixtures/speech-16k.wav",
			seconds: 0,
		},
		"examples/minimal",
	);
	try {
		await until(
			() => /connected to minimal as device/.test(device.output()),
			`the call; it said: ${device.output()}`,
		);
		await until(() => /hearing peer/.test(device.output()), "the peer's track");
		await until(() => level(peer.heard("device")) > -40, "the device's voice");
	} finally {
		await device.stop();
		await peer.leave();
	}
});
