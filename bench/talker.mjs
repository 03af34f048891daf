/** What participants on libwebrtc have in common that talk all the time, and count what they hear. */

import { connect } from "node:net";
import {
	AudioFrame,
	AudioSource,
	LocalAudioTrack,
	TrackPublishOptions,
	TrackSource,
} from "@livekit/rtc-node";

const sampleRate = 48_000;
const frame = 480; // 10 ms

/** Says 440 Hz from now on. */
export function startMicrophone() {
	const source = new AudioSource(sampleRate, 1);
	const capture = async () => {
		for (let at = 0; ; at += frame) {
			const samples = Int16Array.from({ length: frame }, (_, i) =>
				Math.round(8000 * Math.sin((2 * Math.PI * 440 * (at + i)) / sampleRate)),
			);
			await source.captureFrame(new AudioFrame(samples, sampleRate, 1, frame)); // paces
		}
	};
	capture().catch((error) => console.error(error));
	return LocalAudioTrack.createAudioTrack("microphone", source);
}

/** @param {import("@livekit/rtc-node").Room} room @param {LocalAudioTrack} track */
export const publish = (room, track) =>
	room.localParticipant?.publishTrack(
		track,
		new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
	);

/** Prints when what happens, on the machine's monotonic clock in ms. @param {string} moment */
export const say = (moment) => console.log(`${moment} ${Number(process.hrtime.bigint()) / 1e6}`);

/** Packets of sound received, of all tracks of the present connection. @param {import("@livekit/rtc-node").Room} room */
export async function packetsReceived(room) {
	const { publisherStats, subscriberStats } = await room.getRtcStats();
	let sum = 0n;
	for (const { stats } of [...publisherStats, ...subscriberStats]) {
		if (stats.case === "inboundRtp") sum += stats.value.received?.packetsReceived ?? 0n;
	}
	return Number(sum);
}

/** Resolves when something listens there. @param {string} url */
export async function listening(url) {
	const { hostname, port } = new URL(url);
	for (;;) {
		const socket = connect(Number(port), hostname);
		const there = await new Promise((resolve) => {
			socket.on("error", () => resolve(false)).on("connect", () => resolve(true));
		});
		socket.destroy();
		if (there) return;
		await new Promise((resolve) => setTimeout(resolve, 5));
	}
}
