/** A call through the laboratory, all of which crosses it. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { logs, root } from "../../tools/lib/paths.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startEchoAgent } from "../e2e/lib/agent.mjs";
import { compare } from "../e2e/lib/analysis.mjs";
import { startDevice } from "../e2e/lib/device.mjs";
import { createLab, labRefusal } from "./lab.mjs";

const skip = await labRefusal();
const speech = join(root, "test/fixtures/speech-16k.wav");

describe("a call through the laboratory", { skip }, () => {
	/** @type {Awaited<ReturnType<typeof createLab>>} */
	let lab;
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	/** @type {import("../../tools/lib/background.mjs").Background | undefined} */
	let agent;
	before(async () => {
		lab = await createLab({ seed: 11 });
		server = await startServer({ log: "server-network.log", host: lab.server });
	});
	afterEach(() => agent?.stop());
	after(async () => {
		await server?.stop();
		await lab?.close();
	});

	/** @param {string} room @param {number} seconds */
	async function call(room, seconds) {
		const token = await joinToken(server, { room, identity: "device" });
		const config = { url: server.url, token, seconds, mic: speech };
		return startDevice(`network-${room}`, config, "examples/voice-agent", lab.device);
	}

	/** The counts of both sides, when nothing is under way between them. */
	async function settled() {
		await lab.set({ blackHole: true }); // stragglers, such as the server's to a device that has left
		const pending = async () => {
			const { up, down } = await lab.stats();
			return up.pending + down.pending > 0;
		};
		while (await pending()) await new Promise((resolve) => setTimeout(resolve, 20));
		for (;;) {
			const before = await lab.stats();
			const [device, far] = [await lab.device.interfaces(), await lab.server.interfaces()];
			const { up, down } = await lab.stats();
			const came = (/** @type {typeof before} */ of) =>
				of.up.received.packets + of.down.received.packets;
			if (came(before) === came({ ...before, up, down })) return { up, down, device, far };
		}
	}

	/** What the forwarder counted is what went over the interfaces, and nothing went another way. */
	async function assertAllCrossed() {
		const { up, down, device, far } = await settled();
		for (const { eth0, lo, ...others } of [device, far]) assert.deepEqual(others, {}, "a way out");
		assert.equal(device.lo.sent.packets, 0, "the device talked to itself");
		/** @param {{ packets: number, bytes: number }} interface */
		const tally = ({ packets, bytes }) => ({ packets, bytes });
		assert.deepEqual(tally(device.eth0.sent), up.received);
		assert.deepEqual(tally(far.eth0.received), up.forwarded);
		assert.deepEqual(tally(far.eth0.sent), down.received);
		assert.deepEqual(tally(device.eth0.received), down.forwarded);
		for (const { carried, received, duplicated, forwarded, drops, pending } of [up, down]) {
			const dropped = Object.values(drops).reduce((sum, n) => sum + n, 0);
			assert.equal(
				carried + received.packets + duplicated,
				forwarded.packets + dropped + pending,
				"every packet has one fate",
			);
		}
		return { up, down };
	}

	it("is understood at 50 ms of round trip and 2 % of loss", async () => {
		await lab.set({ delay: 25, loss: 0.02 });
		agent = await startEchoAgent(server, "lossy", lab.server);
		const said = readWav(speech);
		const device = await call("lossy", Math.ceil(said.samples.length / said.rate + 3));
		const { status, output, report } = await device.end();
		assert.equal(status, 0, output);
		const heard = readWav(device.speaker);
		const { likeness } = compare(said.samples, heard.samples, said.rate);
		assert.ok(likeness > 0.6, `likeness ${likeness}`);
		assert.ok(report.timeline.firstPacketOut >= 4 * 50, "faster than the path allows");

		const { up, down } = await assertAllCrossed();
		assert.ok(up.kinds.rtp > 100 && down.kinds.rtp > 100, "sound each way");
		assert.ok(up.drops.lost > 0 && down.drops.lost > 0, "something was lost");
	});

	it("crosses it whoever calls: us and libwebrtc, through a symmetric NAT", async () => {
		await lab.set({ delay: 10 });
		await lab.nat("symmetric");
		const before = await lab.stats();
		const device = await call("natted", 3);
		const { status, output } = await device.end();
		assert.equal(status, 0, output);
		const between = await lab.stats();
		const token = await joinToken(server, { room: "natted", identity: "rtc-node" });
		const script = join(root, "bench", "join", "peer.mjs");
		const peer = lab.device.spawn("rtc-node", [process.execPath, script], {
			log: join(logs, "rtc-node-network.log"),
			env: { LIVEKIT_URL: server.url, LIVEKIT_TOKEN: token },
		});
		const sent = async () => (await lab.stats()).up.kinds.rtp - between.up.kinds.rtp;
		await peer.ready(async () => (await sent()) > 100 || undefined, 10_000);
		await peer.stop();

		assert.ok(between.up.kinds.rtp - before.up.kinds.rtp > 100, "our sound");
		await assertAllCrossed();
		assert.ok((await lab.stats()).natFlows >= 4, "signalling and media of each");
	});
});
