/**
 * The same with libwebrtc. As the probe (PROBE=1, at the server's side of the laboratory) it can be
 * told, a line each, to `cut` its proxy's connections, and that the server was `killed`: then it
 * joins anew as soon as there is one again.
 *   LIVEKIT_URL=… LIVEKIT_TOKEN=… node bench/recovery/peer.mjs
 */

import { createInterface } from "node:readline";
import { Room, RoomEvent } from "@livekit/rtc-node";
import { tcpProxy } from "../../test/e2e/lib/proxies.mjs";
import { listening, packetsReceived, publish, say, startMicrophone } from "../talker.mjs";

const { LIVEKIT_URL: url = "", LIVEKIT_TOKEN: token = "", PROBE } = process.env;
const track = startMicrophone();
const poll = 10; // ms
let room = await join();
say("connected");
let packets = 0;

async function join() {
	const joining = new Room();
	const telling = /** @type {const} */ (["Reconnecting", "Reconnected", "Disconnected"]);
	for (const event of telling) joining.on(RoomEvent[event], () => say(event.toLowerCase()));
	await joining.connect(url, token, { autoSubscribe: true, dynacast: false });
	await publish(joining, track);
	return joining;
}

async function rejoin() {
	const old = room;
	await listening(url);
	say("up");
	room = await join();
	packets = 0;
	old.disconnect().catch(() => {});
}

if (PROBE) {
	const { hostname } = new URL(url);
	const proxy = await tcpProxy(url, hostname);
	console.log(`proxy ${proxy.port}`);
	createInterface(process.stdin).on("line", (line) => {
		if (line === "cut") proxy.cut();
		if (line === "killed") rejoin().catch((error) => console.error(error));
	});
}

async function watch() {
	for (;;) {
		const count = await packetsReceived(room).catch(() => packets);
		if (count !== packets) say("in");
		packets = count;
		await new Promise((resolve) => setTimeout(resolve, poll));
	}
}
watch();

process.once("SIGTERM", async () => {
	await room.disconnect();
	process.exit(0);
});
