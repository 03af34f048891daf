/** What device/main.ts does, with rtc-node. URL, token and count are arguments of the environment. */

import { dispose, Room } from "@livekit/rtc-node";

const { LIVEKIT_URL = "", LIVEKIT_TOKEN = "", COUNT } = process.env;
const room = new Room();
await room.connect(LIVEKIT_URL, LIVEKIT_TOKEN, { autoSubscribe: true, dynacast: false });
const times = [];
for (let i = 0; i < Number(COUNT); i++) {
	const begin = performance.now();
	const params = { destinationIdentity: "responder", method: "echo", payload: `${i}` };
	const response = await room.localParticipant?.performRpc(params);
	if (response !== `${i}`) throw new Error(`${response} is not ${i}`);
	times.push(performance.now() - begin);
}
console.log(`times ${JSON.stringify(times)}`);
await room.disconnect();
await dispose();
