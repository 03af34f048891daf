/**
 * A server from before 1.9, which wants a peer connection each way: a call, its data, and its way back.
 * With LIVEKIT_XS_OLD_SERVER=1 all other tests run against such a server, too; by hand, for time's sake.
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DataPacket_Kind, RoomServiceClient } from "livekit-server-sdk";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level } from "./lib/analysis.mjs";
import { startDevice } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { tcpProxy } from "./lib/proxies.mjs";
import { until } from "./lib/until.mjs";

const room = "old";

describe("a server without /rtc/v1", () => {
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	/** @type {Awaited<ReturnType<typeof tcpProxy>>} */
	let proxy;
	/** @type {Peer} */
	let peer;
	/** @type {ReturnType<typeof startDevice>} */
	let device;
	/** Of the peer. @type {AbortController} */
	const talk = new AbortController();

	before(async () => {
		server = await startServer({ log: "server-old.log", old: true });
		proxy = await tcpProxy(server.url);
		peer = await Peer.join(server, room, "peer");
		const say = await peer.publish(peerRate);
		const tone = Int16Array.from({ length: peerRate / 5 }, (_, i) => 9000 * Math.sin(i / 7));
		(async () => {
			while (!talk.signal.aborted) await say(tone);
		})();
		device = startDevice(
			"old-server",
			{
				url: `ws://127.0.0.1:${proxy.port}`,
				token: await joinToken(server, { room, identity: "device" }),
				seconds: 60,
				mic: "test/fixtures/speech-16k.wav",
				script: "mic,connect,serve",
			},
			"test/e2e/apps/room",
		);
	});
	after(async () => {
		talk.abort();
		await device?.stop();
		await peer?.leave();
		await proxy?.close();
		await server?.stop();
		await disposePeers();
	});

	const says = (/** @type {string} */ what, from = 0) =>
		until(
			() => new RegExp(`^${what}`, "m").test(device.output().slice(from)),
			`${what}; the device said:\n${device.output()}`,
			15_000,
		);

	/** By a data packet of the server's. @param {string} script */
	async function tell(script) {
		const from = device.output().length;
		const api = new RoomServiceClient(
			server.url.replace("ws:", "http:"),
			server.key,
			server.secret,
		);
		await api.sendData(room, new TextEncoder().encode(script), DataPacket_Kind.RELIABLE, {
			topic: "do",
			destinationIdentities: ["device"],
		});
		await says(`done ${script}`, from);
	}

	/** The peer hears it, from now on. */
	async function heard() {
		const before = peer.heard("device").length;
		const newest = () =>
			peer
				.heard("device")
				.subarray(before)
				.subarray(-peerRate / 2);
		const isLoud = () => newest().length === peerRate / 2 && level(newest()) > -40;
		await until(isLoud, "the device's voice", 15_000);
	}

	it("is joined by itself: both hear each other, and data comes", async () => {
		await says("serving");
		await says("trackSubscribed");
		await heard();
		await tell("data hello");
	});

	it("hears a microphone that is unpublished and published anew", async () => {
		await tell("unpublish");
		await tell("mic");
		await heard();
	});

	it("resumes a connection that broke", async () => {
		const from = device.output().length;
		proxy.cut();
		await says("reconnected", from);
		await tell("data still here");
		await heard();
		assert.doesNotMatch(device.output().slice(from), /^(reconnecting|participantDisconnected)/m);
	});

	it("is joined anew when it does not know the device any more, again with two", async () => {
		const from = device.output().length;
		await tell("simulate node-failure");
		await says("reconnected", from);
		await says("trackSubscribed", from);
		await says("localTrackPublished", from);
		await tell("data back");
		await heard();
		await tell("disconnect").catch(() => {}); // it may be gone before it can say so
		const { status, output, report } = await device.end();
		assert.equal(status, 0, output);
		assert.ok(report.peer.rtpIn > 20 && report.peer.rtpOut > 20);
		assert.equal(report.peer.strangeMessages, 0);
	});
});
