/** Joins as fast as it can and stays; says when, on the machine's monotonic clock. */

import board from "board";
import { Room } from "livekit";
import config from "mc/config";
import { now } from "webrtc-native/device";

const room = new Room({ microphone: board.microphone, speaker: board.speaker });
board.onStop(async () => {
	await room.disconnect();
	board.end(0);
});

await room.localParticipant.setMicrophoneEnabled(true);
say("connect");
await room.connect(config.url, config.token);
say("connected");

function say(moment: string): void {
	trace(`${moment} ${now()}\n`);
}
