/**
 * The same with libwebrtc, as fast as its API allows: the microphone's track is made before
 * connect(), and published when that has resolved, which is the earliest there is.
 *   LIVEKIT_URL=… LIVEKIT_TOKEN=… node bench/join/peer.mjs
 */

import {
	AudioFrame,
	AudioSource,
	LocalAudioTrack,
	Room,
	TrackPublishOptions,
	TrackSource,
} from "@livekit/rtc-node";

const sampleRate = 48_000;
const frame = 480; // 10 ms

const room = new Room();
const source = new AudioSource(sampleRate, 1);
const track = LocalAudioTrack.createAudioTrack("microphone", source);

async function capture() {
	for (let at = 0; ; at += frame) {
		const samples = Int16Array.from({ length: frame }, (_, i) =>
			Math.round(8000 * Math.sin((2 * Math.PI * 440 * (at + i)) / sampleRate)),
		);
		await source.captureFrame(new AudioFrame(samples, sampleRate, 1, frame)); // paces
	}
}
capture().catch((error) => console.error(error));

process.once("SIGTERM", async () => {
	await room.disconnect();
	process.exit(0);
});

/** @param {string} moment */
const say = (moment) => console.log(`${moment} ${Number(process.hrtime.bigint()) / 1e6}`);

const { LIVEKIT_URL, LIVEKIT_TOKEN } = process.env;
say("connect");
await room.connect(LIVEKIT_URL ?? "", LIVEKIT_TOKEN ?? "", {
	autoSubscribe: true,
	dynacast: false,
});
say("connected");
await room.localParticipant?.publishTrack(
	track,
	new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
);
