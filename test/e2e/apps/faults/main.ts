/**
 * Talks, listens, and sends the participant "peer" reliable numbers from 1 on, whatever befalls it. Says
 * what it goes through, which numbers come from the peer, and every second how it is:
 *   status {"state", "sent", "rtpIn", "slots", "native"}
 * Data of topic "simulate" has the server do something to us; the end is SIGTERM's.
 */

import board from "board";
import { Room, RoomEvent, type SimulationScenario } from "livekit";
import config from "mc/config";
import { collect, heap } from "simulator";
import Timer from "timer";
import { nativeMemory } from "webrtc-native/device";

/** Bytes in use. */
const native = () => Object.values(nativeMemory()).reduce((sum, { current }) => sum + current, 0);

const room = new Room({ microphone: board.microphone, speaker: board.speaker });
board.onStop(async () => {
	const begin = Date.now();
	await room.disconnect();
	const ms = Date.now() - begin;
	Timer.set(() => {
		trace(`left after ${ms} ms, ${native()} B kept\n`);
		board.end(0);
	}, 2000 - ms); // a WebSocket has so long to say goodbye
});
for (const event of [
	RoomEvent.SignalReconnecting,
	RoomEvent.Reconnecting,
	RoomEvent.Reconnected,
	RoomEvent.LocalTrackUnpublished,
	RoomEvent.LocalTrackPublished,
] as const) {
	room.on(event, () => trace(`${event}\n`));
}
room.on(RoomEvent.Disconnected, (reason) => {
	trace(`disconnected ${reason}\n`);
	Timer.clear(sending);
});
room.on(RoomEvent.DataReceived, (payload, _participant, _kind, topic) => {
	const text = String.fromArrayBuffer(payload.slice().buffer);
	if (topic === "simulate") room.simulateScenario(text as SimulationScenario);
	else trace(`got ${text}\n`);
});

await room.localParticipant.setMicrophoneEnabled(true);
await room.connect(config.url, config.token);

let sent = 0;
let settled = 0; // that is what of those is in the send buffer
const sending = Timer.repeat(() => {
	if (sent - settled > 200) return; // an outage that is long: a device would not collect for ever
	const payload = new Uint8Array(ArrayBuffer.fromString(String(++sent)));
	room.localParticipant.publishData(payload, { reliable: true, topic: "number" }).then(
		() => settled++,
		(error) => {
			settled++;
			trace(`refused ${error.message}\n`);
		},
	);
}, 100);

Timer.repeat(() => {
	const { rtpIn = 0 } = room.getStats()?.peer ?? {};
	collect();
	const { slots } = heap();
	trace(`status ${JSON.stringify({ state: room.state, sent, rtpIn, slots, native: native() })}\n`);
}, 500);
