/**
 * A libwebrtc participant that sends a thousand messages to the participant "device" and checks what
 * it echoes; run in the laboratory. Prints "reliable: N of M" and "lossy: N of M", or what is wrong.
 */

import { DataPacketKind, dispose, Room, RoomEvent } from "@livekit/rtc-node";
import { holds } from "../e2e/lib/device.mjs";
import { message, sizeOf } from "../e2e/lib/messages.mjs";
import { until } from "../e2e/lib/until.mjs";

const { LIVEKIT_URL: url = "", LIVEKIT_TOKEN: token = "" } = process.env;
const count = 1_000;
/** The last two are cut into two and three chunks: who loses one loses the message. */
const lossySizes = [4, 100, 300, 500, 700, 1_000, 1_200, 3_000];
/** @param {number} number */
const lossyMessage = (number) => message(number, lossySizes[number % lossySizes.length]);

const room = new Room();
const reliable = Array.from({ length: count }, (_, i) =>
	message(i, Math.min(sizeOf(i), holds.largest)),
);
let inOrder = 0;
/** @type {Set<number>} */
const lossy = new Set();

/** @param {string} what */
function fail(what) {
	console.log(what);
	process.exit(1);
}

room.on(RoomEvent.DataReceived, (payload, _participant, kind) => {
	const bytes = Buffer.from(payload);
	if (kind === DataPacketKind.KIND_RELIABLE) {
		if (!bytes.equals(reliable[inOrder])) fail(`echo ${inOrder} is not what was sent`);
		inOrder++;
	} else {
		const number = bytes.readUInt32BE();
		if (lossy.has(number)) fail(`lossy ${number} came twice`);
		if (!bytes.equals(lossyMessage(number))) fail(`lossy ${number} is not what was sent`);
		lossy.add(number);
	}
});

await room.connect(url, token, { autoSubscribe: true, dynacast: false });
await until(() => room.remoteParticipants.has("device"), "the device", 15_000);
const local = room.localParticipant;
if (!local) throw new Error("not connected");

await Promise.all(reliable.map((payload) => local.publishData(payload, { reliable: true })));
await until(() => inOrder === count, "all echoes", 180_000);
console.log(`reliable: ${inOrder} of ${count}`);

for (let i = 0; i < count; i++) {
	await local.publishData(lossyMessage(i), { reliable: false });
	await new Promise((resolve) => setTimeout(resolve, 5));
}
await new Promise((resolve) => setTimeout(resolve, 1_000));
console.log(`lossy: ${lossy.size} of ${count}`);
await local.publishData(Buffer.of(0), { reliable: true, topic: "end" });
await new Promise((resolve) => setTimeout(resolve, 1_000));
await room.disconnect();
await dispose();
