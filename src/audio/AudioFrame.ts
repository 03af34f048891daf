/** A stretch of sound, as @livekit/rtc-node has it: 16-bit samples. */
export class AudioFrame {
	constructor(
		/** Interleaved, when there is more than one channel. */
		readonly data: Int16Array,
		/** Hz. */
		readonly sampleRate: number,
		readonly channels: number,
		readonly samplesPerChannel: number,
	) {}

	/** Silence, to be filled. */
	static create(sampleRate: number, channels: number, samplesPerChannel: number): AudioFrame {
		const data = new Int16Array(channels * samplesPerChannel);
		return new AudioFrame(data, sampleRate, channels, samplesPerChannel);
	}
}
