/** A libwebrtc participant that asks as much of a device as it can: much at a time, and values by the hundred. */

import { Room } from "@livekit/rtc-node";
import { until } from "./until.mjs";

const destinationIdentities = ["device"];

/** MessagePack of an array of `count` items, each these bytes. @param {number} count @param {number[]} item */
const list = (count, item) =>
	Buffer.from([0xdc, count >> 8, count & 255, ...new Array(count).fill(item).flat()]);

/**
 * Joins, and runs `attacks` against the participant "device", which runs test/e2e/apps/messages.
 * @param {string} url @param {string} token an agent's, whose transcriptions the server takes
 * @param {(name: string) => Promise<void>} check called after each attack
 */
export async function attack(url, token, check) {
	const room = new Room();
	await room.connect(url, token, { autoSubscribe: true, dynacast: false });
	const me = room.localParticipant;
	if (!me) throw new Error("not connected");
	await until(() => room.remoteParticipants.has("device"), "to meet the device");
	const many = (/** @type {number} */ count, /** @type {(i: number) => Promise<unknown>} */ run) =>
		Promise.allSettled(Array.from({ length: count }, (_, i) => run(i)));
	const call = (/** @type {string} */ method, /** @type {number} */ size) => () =>
		me.performRpc({ destinationIdentity: "device", method, payload: "x".repeat(size) });

	/** @type {Record<string, () => Promise<unknown>>} */
	const attacks = {
		// Of 1,200 only the packet is dropped; 100 each are kept as long as their streams.
		attributes: () =>
			many(6, (i) => {
				const count = i === 0 ? 1_200 : 100;
				const names = Array.from({ length: count }, (_, n) => n.toString(36).padStart(3, "0"));
				const attributes = Object.fromEntries(names.map((name) => [name, "x"]));
				return me.streamText({ topic: "echo", destinationIdentities, attributes });
			}),
		objects: () =>
			many(12, (i) => {
				const payload = list([1_020, 127, 126][i % 3], [[0x90], [0x80], [0xa1, 0x61]][i >> 2]);
				return me.publishData(payload, { reliable: true, topic: "msgpack/x" });
			}),
		transcriptions: () =>
			many(4, (i) => {
				const segments = Array.from({ length: i % 2 ? 120 : 400 }, (_, n) => {
					const times = { startTime: 0n, endTime: 0n };
					return { id: `${n}`, text: "x", language: "de", final: false, ...times };
				});
				const track = { participantIdentity: "peer", trackSid: "TR_none" };
				return me.publishTranscription({ ...track, segments });
			}),
		// The app answers each with a text of its own, as long, and holds both till that is sent: its own to bound.
		chat: () => many(60, () => me.sendChatMessage("x".repeat(4_000))),
		"small calls": () => many(60, call("echo", 1)),
		"large calls": () => many(20, call("echo", 15_000)),
		"streams of bytes": () =>
			many(10, async () => {
				const writer = await me.streamBytes({ topic: "echo", name: "f", destinationIdentities });
				await writer.write(new Uint8Array(60_000));
				await writer.close();
			}),
		"streams of text": () =>
			many(10, () => me.sendText("x".repeat(60_000), { topic: "echo", destinationIdentities })),
	};
	for (const [name, run] of Object.entries(attacks)) {
		await run();
		await check(name);
	}
	await room.disconnect();
}
