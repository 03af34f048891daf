/** Calls the participant "responder" `count` times, one after the other; prints milliseconds of each. */

import board from "board";
import { Room } from "livekit";
import config from "mc/config";
import { now } from "webrtc-native/device";

const room = new Room();
const times: number[] = [];

await room.connect(config.url, config.token);
for (let i = 0; i < Number(config.count); i++) {
	const begin = now();
	const params = { destinationIdentity: "responder", method: "echo", payload: `${i}` };
	const response = await room.localParticipant.performRpc(params);
	if (response !== `${i}`) throw new Error(`${response} is not ${i}`);
	times.push(now() - begin);
}
trace(`times ${JSON.stringify(times)}\n`);
await room.disconnect();
board.end(0);
