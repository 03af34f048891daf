/**
 * The same with libwebrtc, as fast as its API allows: the microphone's track is made before
 * connect(), and published when that has resolved, which is the earliest there is.
 *   LIVEKIT_URL=… LIVEKIT_TOKEN=… node bench/join/peer.mjs
 */

import { Room } from "@livekit/rtc-node";
import { publish, say, startMicrophone } from "../talker.mjs";

const room = new Room();
const track = startMicrophone();

process.once("SIGTERM", async () => {
	await room.disconnect();
	process.exit(0);
});

const { LIVEKIT_URL, LIVEKIT_TOKEN } = process.env;
say("connect");
await room.connect(LIVEKIT_URL ?? "", LIVEKIT_TOKEN ?? "", {
	autoSubscribe: true,
	dynacast: false,
});
say("connected");
await publish(room, track);
