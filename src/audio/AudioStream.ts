/** What a remote track says, to be read: `for await (const frame of new AudioStream(track))`. */

import type { Tap, TapOptions } from "webrtc-native/webrtc";
import { AudioFrame } from "./AudioFrame";

export interface AudioStreamOptions {
	/** 8,000 to 48,000 Hz; the speaker's by default, at which tracks are decoded. */
	sampleRate?: number;
	/** 1. */
	numChannels?: number;
	/** Of each frame, 10 to 1,000 milliseconds; 20 by default. */
	frameSizeMs?: number;
	/** Milliseconds of sound that wait to be read at most, 20 to 1,000; 200 by default. */
	queueSize?: number;
}

/** A RemoteAudioTrack. */
export interface StreamableTrack {
	/** @internal */
	openTap(options: TapOptions): Tap | undefined;
}

/**
 * From its making on all that the track says in real time, silence too, while it plays on the speaker;
 * `track.setVolume(0)` keeps it from that. What is not read in time is dropped, and counted
 * (`framesUnread`). Ends when the track is unsubscribed. Two of a track can be open: cancel() what is
 * not needed any more, or leave its loop.
 */
export class AudioStream implements AsyncIterable<AudioFrame> {
	/** Hz. */
	readonly sampleRate: number;
	readonly #frameSize: number;
	/** Until the end. */
	#tap: Tap | undefined;
	#wake: (() => void) | undefined;

	/** Throws RangeError, or Error when there are two of the track, or no memory. */
	constructor(track: StreamableTrack, options: number | AudioStreamOptions = {}, numChannels = 1) {
		const given = typeof options === "number" ? { sampleRate: options, numChannels } : options;
		const { sampleRate, frameSizeMs = 20, queueSize = 200 } = given;
		if ((given.numChannels ?? 1) !== 1) throw new RangeError("an AudioStream has one channel");
		if (!(frameSizeMs >= 10 && frameSizeMs <= 1000)) {
			throw new RangeError("frameSizeMs is out of range");
		}
		this.#tap = track.openTap({ sampleRate, queueSize, onSamples: () => this.#wake?.() });
		this.sampleRate = this.#tap?.sampleRate ?? sampleRate ?? 0;
		this.#frameSize = Math.round((this.sampleRate * frameSizeMs) / 1000);
	}

	/** The next frame; undefined at the end. One call at a time. */
	async read(): Promise<AudioFrame | undefined> {
		const size = this.#frameSize;
		const data = new Int16Array(size);
		let count = 0;
		while (this.#tap) {
			const { ended } = this.#tap; // first: what comes before the end is read
			count += this.#tap.read(data, count);
			if (count === size) return new AudioFrame(data, this.sampleRate, 1, size);
			if (ended) this.cancel();
			else await this.#change();
		}
		return undefined;
	}

	async *[Symbol.asyncIterator](): AsyncGenerator<AudioFrame, void, undefined> {
		try {
			for (;;) {
				const frame = await this.read();
				if (!frame) break;
				yield frame;
			}
		} finally {
			this.cancel();
		}
	}

	/** Ends it; a read() that waits resolves to undefined. */
	async cancel(): Promise<void> {
		this.#tap?.close();
		this.#tap = undefined;
		this.#wake?.();
	}

	#change(): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = () => {
				this.#wake = undefined;
				resolve();
			};
		});
	}
}
