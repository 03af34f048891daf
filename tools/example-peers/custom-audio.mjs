/** Beside examples/custom-audio: answers the chime, when it hears it, with a tone. */
import {
	AudioFrame,
	AudioSource,
	AudioStream,
	LocalAudioTrack,
	RoomEvent,
	TrackPublishOptions,
} from "@livekit/rtc-node";

const rate = 48_000;

/** @type {import("../example.mjs").ExamplePeer} */
export default (room, me) => {
	room.on(RoomEvent.TrackSubscribed, async (track, publication) => {
		for await (const { data } of new AudioStream(track, rate, 1)) {
			if (Math.max(...data) > 3000) break;
		}
		console.log(`peer: I hear the ${publication.name}`);
		const source = new AudioSource(rate, 1);
		const answer = LocalAudioTrack.createAudioTrack("answer", source);
		await me.publishTrack(answer, new TrackPublishOptions());
		const tone = Int16Array.from({ length: rate * 5 }, (_, i) =>
			Math.round(8000 * Math.sin((2 * Math.PI * 880 * i) / rate)),
		);
		for (let at = 0; at < tone.length; at += rate / 100) {
			const frame = new AudioFrame(tone.slice(at, at + rate / 100), rate, 1, rate / 100);
			await source.captureFrame(frame).catch(() => {}); // the device may have left
		}
	});
};
