/** Talks and listens until the end, and says what it goes through and when packets of sound come. */

import board from "board";
import { Room, RoomEvent } from "livekit";
import config from "mc/config";
import Timer from "timer";
import { now } from "webrtc-native/device";

const room = new Room({ microphone: board.microphone, speaker: board.speaker });
board.onStop(async () => {
	await room.disconnect();
	board.end(0);
});
room.on(RoomEvent.SignalReconnecting, () => say("reconnecting"));
room.on(RoomEvent.Reconnecting, () => say("reconnecting"));
room.on(RoomEvent.Reconnected, () => say("reconnected"));
room.on(RoomEvent.LocalTrackUnpublished, () => say("unpublished"));

await room.localParticipant.setMicrophoneEnabled(true);
await room.connect(config.url, config.token);
say("connected");

let packets = 0;
Timer.repeat(() => {
	const { rtpIn = 0 } = room.getStats()?.peer ?? {};
	if (rtpIn !== packets) say("in");
	packets = rtpIn;
}, 10);

function say(moment: string): void {
	trace(`${moment} ${now()}\n`);
}
