/**
 * Sound that the app makes, and sound that it reads: rings a chime, and says how high and how loud
 * the answer is. `npm run example -- custom-audio` runs it beside a peer in Node
 * (tools/example-peers/custom-audio.mjs).
 */

import board from "board";
import {
	AudioFrame,
	AudioSource,
	AudioStream,
	LocalAudioTrack,
	type RemoteAudioTrack,
	Room,
	RoomEvent,
} from "livekit";
import config from "mc/config";

const RATE = 16_000;
const room = new Room({ speaker: board.speaker });

/** A note that fades, in frames of 20 ms: captureFrame() resolves at the pace of the sound. */
async function ring(source: AudioSource, hertz: number, seconds: number): Promise<void> {
	const frame = AudioFrame.create(RATE, 1, RATE / 50);
	const length = seconds * RATE;
	for (let at = 0; at < length; at += frame.samplesPerChannel) {
		for (let i = 0; i < frame.data.length; i++) {
			const time = (at + i) / RATE;
			frame.data[i] = 12_000 * Math.sin(2 * Math.PI * hertz * time) * (1 - (at + i) / length);
		}
		await source.captureFrame(frame);
	}
}

/** Reads what the track says until there was a second of sound; it plays on the speaker, too. */
async function listen(track: RemoteAudioTrack): Promise<string> {
	let [samples, energy, turns, last] = [0, 0, 0, 0];
	for await (const { data, sampleRate } of new AudioStream(track)) {
		if (Math.max(...data) < 1000) continue;
		for (const sample of data) {
			energy += sample * sample;
			if (last < 0 && sample >= 0) turns++;
			last = sample;
		}
		samples += data.length;
		if (samples >= sampleRate) {
			const loudness = 10 * Math.log10((2 * energy) / samples / 32_768 ** 2);
			const hertz = Math.round((turns / samples) * sampleRate);
			return `${hertz} Hz, ${loudness.toFixed(1)} dBFS`; // which ends the stream
		}
	}
	return "not enough";
}

const answer = new Promise<string>((resolve) => {
	room.on(RoomEvent.TrackSubscribed, (track) => resolve(listen(track)));
});
let done = false;
room.on(RoomEvent.Disconnected, () => board.end(done ? 0 : 1));
await room.connect(config.url, config.token);

const source = new AudioSource(RATE);
const { localParticipant } = room;
await localParticipant.publishTrack(LocalAudioTrack.createAudioTrack("chime", source));
for (const hertz of [660, 550, 440]) await ring(source, hertz, 0.5);
await source.waitForPlayout();
await source.close();
trace(`the chime has rung; the answer: ${await answer}\n`);
done = true;
await room.disconnect();
