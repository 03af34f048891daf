/**
 * The same with libwebrtc. As the probe (PROBE=1, at the server's side of the laboratory) it can be
 * told, a line each, to `cut` its proxy's connections, and that the server was `killed`: then it
 * joins anew as soon as there is one again.
 *   LIVEKIT_URL=… LIVEKIT_TOKEN=… node bench/recovery/peer.mjs
 */

import { connect } from "node:net";
import { createInterface } from "node:readline";
import { Room, RoomEvent } from "@livekit/rtc-node";
import { tcpProxy } from "../../test/e2e/lib/proxies.mjs";
import { publish, say, startMicrophone } from "../tone.mjs";

const { LIVEKIT_URL: url = "", LIVEKIT_TOKEN: token = "", PROBE } = process.env;
const track = startMicrophone();
const poll = 10; // ms
let room = await join();
say("connected");
let packets = 0n;

/** Packets of sound received, of all tracks. @returns {Promise<bigint>} */
async function received() {
	const { publisherStats, subscriberStats } = await room.getRtcStats();
	let sum = 0n;
	for (const { stats } of [...publisherStats, ...subscriberStats]) {
		if (stats.case === "inboundRtp") sum += stats.value.received?.packetsReceived ?? 0n;
	}
	return sum;
}

async function join() {
	const joining = new Room();
	const telling = /** @type {const} */ (["Reconnecting", "Reconnected", "Disconnected"]);
	for (const event of telling) joining.on(RoomEvent[event], () => say(event.toLowerCase()));
	await joining.connect(url, token, { autoSubscribe: true, dynacast: false });
	await publish(joining, track);
	return joining;
}

/** Resolves when a server listens. */
async function listening() {
	const { hostname, port } = new URL(url);
	for (;;) {
		const there = await new Promise((resolve) => {
			const socket = connect(Number(port), hostname);
			socket.on("error", () => resolve(false)).on("connect", () => resolve(socket.destroy()));
		});
		if (there !== false) return;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}

async function rejoin() {
	const old = room;
	await listening();
	say("up");
	room = await join();
	packets = 0n;
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
		const count = await received().catch(() => packets);
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
