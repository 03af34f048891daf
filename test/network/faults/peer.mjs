/**
 * A libwebrtc participant, "peer", near the server: talks, and sends the participant "device" reliable
 * numbers from 1 on. Says which numbers come (`got SID NUMBER`), how many it has sent, and how many
 * packets of sound came. Told so on standard input, a line each, it cuts the proxy's connections,
 * joins anew as soon as there is a server again when that was `killed`, or sends the device "simulate SCENARIO".
 *   LIVEKIT_URL=… LIVEKIT_TOKEN=… node test/network/faults/peer.mjs
 */

import { createInterface } from "node:readline";
import { Room, RoomEvent } from "@livekit/rtc-node";
import { listening, packetsReceived, publish, startMicrophone } from "../../../bench/talker.mjs";
import { tcpProxy } from "../../e2e/lib/proxies.mjs";

const { LIVEKIT_URL: url = "", LIVEKIT_TOKEN: token = "" } = process.env;
const track = startMicrophone();
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** ms; rtc-node may wait for ever for its server's word on a track. */
const patience = 6000;
let room = new Room();
await join(room);
const proxy = await tcpProxy(url, new URL(url).hostname);
console.log(`proxy ${proxy.port}`);

/** @param {Room} joining */
async function join(joining) {
	joining.on(RoomEvent.DataReceived, (payload, participant, _kind, topic) => {
		if (topic === "number") console.log(`got ${participant?.sid} ${Buffer.from(payload)}`);
	});
	await joining.connect(url, token, { autoSubscribe: true, dynacast: false });
	await publish(joining, track);
}

async function rejoin() {
	const old = room;
	await listening(url);
	old.disconnect().catch(() => {});
	for (;;) {
		const joining = new Room();
		const done = join(joining).then(
			() => true,
			(error) => console.log(`failed ${error}`),
		);
		if (await Promise.race([done, pause(patience)])) {
			room = joining;
			break;
		}
		joining.disconnect().catch(() => {});
	}
	console.log("joined");
}

createInterface(process.stdin).on("line", (line) => {
	const [word, argument] = line.split(" ");
	if (word === "cut") proxy.cut();
	if (word === "killed") rejoin().catch((error) => console.log(`failed ${error}`));
	if (word === "simulate") {
		room.localParticipant
			?.publishData(Buffer.from(argument), { reliable: true, topic: "simulate" })
			.catch((error) => console.log(`failed ${error}`));
	}
});

let sent = 0;
setInterval(() => {
	const number = Buffer.from(String(++sent));
	room.localParticipant?.publishData(number, { reliable: true, topic: "number" }).catch(() => {});
}, 100);
setInterval(async () => {
	const rtpIn = await packetsReceived(room).catch(() => 0);
	console.log(`status ${JSON.stringify({ sent, rtpIn })}`);
}, 500);
