/** Data packets between simulated devices and libwebrtc peers, with a real server between. */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DataPacketKind, Room, RoomEvent } from "@livekit/rtc-node";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { holds, startDevice } from "./lib/device.mjs";
import { message, sizeOf } from "./lib/messages.mjs";
import { disposePeers } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

const app = "test/e2e/apps/data";
const { KIND_LOSSY: lossyKind, KIND_RELIABLE: reliableKind } = DataPacketKind;
const sizes = [1, 2, 10, 100, 1_000, 1_100, 1_200, 5_000, 16_000, 60_000].map((size) =>
	Math.min(size, holds.largest),
);

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-data.log" });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** @param {string} room @param {string} identity @param {Record<string, string | number>} config */
async function device(room, identity, config, grants = {}) {
	const token = await joinToken(server, { room, identity, ...grants });
	const all = { url: server.url, token, seconds: 60, ...config };
	return startDevice(`data-${room}-${identity}`, all, app);
}

/** A device that echoes, and is connected. @param {string} room @param {Record<string, string | number>} [config] */
async function echo(room, config) {
	const caller = await device(room, "device", { role: "echo", ...config });
	await until(() => /^connected/m.test(caller.output()), "the device to connect");
	return caller;
}

/**
 * A libwebrtc participant and what came to it.
 * @param {string} name @param {string} [identity]
 */
async function participant(name, identity = "peer") {
	const room = new Room();
	/** @type {{ payload: Buffer, from?: string, kind?: number, topic?: string }[]} */
	const received = [];
	room.on(RoomEvent.DataReceived, (payload, from, kind, topic) => {
		received.push({ payload: Buffer.from(payload), from: from?.identity, kind, topic });
	});
	const token = await joinToken(server, { room: name, identity });
	await room.connect(server.url, token, { autoSubscribe: true, dynacast: false });
	const local = room.localParticipant;
	assert.ok(local);
	return {
		received,
		/** @param {Uint8Array} payload @param {object} [options] */
		send: (payload, options = {}) => local.publishData(payload, { reliable: true, ...options }),
		/** The server tells who came with some delay, and data may overtake it. @param {string} other */
		meet: (other) => until(() => room.remoteParticipants.has(other), `to meet ${other}`),
		leave: () => room.disconnect(),
	};
}

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Ends a device and returns its report. @param {Awaited<ReturnType<typeof participant>>} peer */
async function end(peer, caller) {
	await peer.send(Buffer.of(0), { topic: "end" });
	const { status, output, report } = await caller.end();
	assert.equal(status, 0, output);
	return report;
}

describe("reliable packets", () => {
	it("of 1 B to 60 kB come back in order and byte-exact, a thousand at a time", async () => {
		const peer = await participant("reliable");
		const caller = await echo("reliable");
		await peer.meet("device");
		const count = 1_000;
		const size = (/** @type {number} */ i) => Math.min(sizeOf(i), holds.largest);
		const sent = Array.from({ length: count }, (_, i) => message(i, size(i)));
		await Promise.all(sent.map((payload) => peer.send(payload)));
		await until(() => peer.received.length === count, "the echoes", 60_000);
		for (const [i, { payload, kind, from }] of peer.received.entries()) {
			assert.ok(payload.equals(sent[i]), `echo ${i} of ${sent[i].length} bytes is another`);
			assert.equal(kind, reliableKind);
			assert.equal(from, "device");
		}
		const { received, bufferStatus, timeline, peer: counters, data } = await end(peer, caller);
		assert.equal(received.reliable, count + 1);
		assert.ok(bufferStatus.high > 0, "60 kB never waited");
		assert.equal(bufferStatus.low, bufferStatus.high);
		assert.deepEqual(data, {
			packetsIn: count + 1,
			packetsOut: count,
			malformed: 0,
			duplicates: 0,
		});
		assert.equal(counters.sctpRefused + counters.strangeMessages + counters.lossyDropped, 0);
		assert.ok(timeline.dataReady > timeline.dtls);
		await peer.leave();
	});

	it("go to whom they are for, with their topic", async () => {
		const peer = await participant("whom");
		const other = await participant("whom", "other");
		const caller = await echo("whom");
		await peer.meet("device");
		await other.meet("peer");
		const topic = "tópico 🎙️👩‍🚀";
		await peer.send(Buffer.from("🙂"), { topic, destination_identities: ["device"] });
		await peer.send(Buffer.from("not you"), { destination_identities: ["other"] });
		await until(() => peer.received.length === 1, "the echo");
		assert.deepEqual(peer.received[0], {
			payload: Buffer.from("🙂"),
			from: "device",
			kind: reliableKind,
			topic,
		});
		await until(() => other.received.length === 1, "the other's message");
		assert.equal(other.received[0].from, "peer");
		const report = await end(peer, caller);
		assert.equal(report.received.reliable, 2);
		await peer.leave();
		await other.leave();
	});

	it("over the board's cap are refused and counted, and nothing else is lost", async () => {
		const peer = await participant("cap");
		const caller = await echo("cap", { maxDataBytes: 4_000 });
		for (const size of [3_000, 60_000, 100, 4_500, 3_500]) await peer.send(message(size, size));
		await until(() => peer.received.length === 3, "the echoes");
		assert.deepEqual(
			peer.received.map(({ payload }) => payload.length),
			[3_000, 100, 3_500],
		);
		const report = await end(peer, caller);
		assert.equal(report.peer.sctpRefused, 2);
		await peer.leave();
	});

	it("do not make memory grow", async () => {
		const peer = await participant("memory");
		const caller = await echo("memory");
		const measures = () => [...caller.output().matchAll(/^memory (\d+)$/gm)].map(([, n]) => +n);
		for (let round = 1; round <= 3; round++) {
			for (let i = 0; i < 100; i++) await peer.send(message(i, Math.min(20_000, holds.largest)));
			await until(() => peer.received.length === round * 100, "the echoes", 30_000);
			await peer.send(Buffer.of(0), { topic: "memory" });
			await until(() => measures().length === round, "the measure");
		}
		const [first, , third] = measures();
		assert.ok(third <= first + 20_100, `native messages: ${measures()}`);
		await end(peer, caller);
		await peer.leave();
	});
});

describe("lossy packets", () => {
	it("of 1 B to 60 kB come back byte-exact", async () => {
		const peer = await participant("lossy");
		const caller = await echo("lossy");
		for (const [i, size] of sizes.entries()) {
			const payload = message(i, size);
			await peer.send(payload, { reliable: false });
			await until(() => peer.received.length === i + 1, `the echo of ${size} bytes`);
			assert.ok(peer.received[i].payload.equals(payload));
			assert.equal(peer.received[i].kind, lossyKind);
		}
		await end(peer, caller);
		await peer.leave();
	});

	it("come whole and once when there are a thousand at a time", async () => {
		const peer = await participant("burst");
		const caller = await echo("burst");
		const count = 1_000;
		const sent = Array.from({ length: count }, (_, i) => message(i, 8 + (i % 90)));
		for (const [i, payload] of sent.entries()) {
			await peer.send(payload, { reliable: false });
			if (i % 10 === 9) await pause(5);
		}
		await peer.send(Buffer.from("last"));
		await until(() => peer.received.some(({ kind }) => kind === reliableKind), "the reliable one");
		await pause(500);
		const lossy = peer.received.filter(({ kind }) => kind === lossyKind);
		const numbers = new Set(lossy.map(({ payload }) => payload.readUInt32BE()));
		assert.equal(numbers.size, lossy.length, "one came twice");
		for (const { payload } of lossy) assert.ok(payload.equals(sent[payload.readUInt32BE()]));
		const report = await end(peer, caller);
		// Nothing is lost on the way; but each sender, the server too, drops what would come late.
		assert.ok(lossy.length <= report.received.lossy - report.peer.lossyDropped);
		assert.ok(lossy.length > count / 2, `${lossy.length} of ${count}`);
		assert.equal(report.peer.sctpAbandoned, 0);
		await peer.leave();
	});
});

describe("two devices", () => {
	it("exchange a thousand messages", async () => {
		const replier = await device("two", "echo", { role: "echo" });
		const asker = await device("two", "asker", {
			role: "ask",
			count: 1_000,
			largest: holds.largest,
		});
		const { status, output } = await asker.end();
		assert.equal(status, 0, output);
		assert.match(output, /^all echoes are exact$/m);
		await replier.stop();
	});
});
