/**
 * An agent that says back what it hears, a moment later. It joins with real libwebrtc, echoes the
 * first microphone it is given, and leaves on SIGTERM.
 *   LIVEKIT_URL=… LIVEKIT_TOKEN=… node tools/agent/echo.mjs
 */

import {
	AudioFrame,
	AudioSource,
	AudioStream,
	dispose,
	LocalAudioTrack,
	Room,
	RoomEvent,
	TrackKind,
	TrackPublishOptions,
	TrackSource,
} from "@livekit/rtc-node";

const sampleRate = 48_000;
const delay = 0.8; // seconds
const queue = 5_000; // milliseconds: what captureFrame() holds back before it makes us wait

const source = new AudioSource(sampleRate, 1, queue);
const room = new Room();

/** @param {import("@livekit/rtc-node").RemoteTrack} track */
async function echo(track) {
	// What is queued ahead of the echo is its delay.
	const silence = delay * sampleRate;
	await source.captureFrame(new AudioFrame(new Int16Array(silence), sampleRate, 1, silence));
	for await (const frame of new AudioStream(track, sampleRate, 1)) await source.captureFrame(frame);
}

let echoing = false;
room.on(RoomEvent.TrackSubscribed, (track) => {
	if (echoing || track.kind !== TrackKind.KIND_AUDIO) return;
	echoing = true;
	echo(track).catch((error) => console.error(error));
});

// The server closes a room in which only agents are: 5 minutes after it was made when nobody else came,
// 20 s after the last one has left.
room.on(RoomEvent.Disconnected, () => {
	console.error("the server has ended this agent's stay: was it alone in the room for too long?");
	process.exit(1);
});

async function leave() {
	room.removeAllListeners(RoomEvent.Disconnected);
	await room.disconnect();
	await dispose();
	process.exit(0);
}
process.once("SIGTERM", leave);

const { LIVEKIT_URL, LIVEKIT_TOKEN } = process.env;
await room.connect(LIVEKIT_URL ?? "", LIVEKIT_TOKEN ?? "", {
	autoSubscribe: true,
	dynacast: false,
});
await room.localParticipant?.publishTrack(
	LocalAudioTrack.createAudioTrack("voice", source),
	new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
);
console.log("ready");
