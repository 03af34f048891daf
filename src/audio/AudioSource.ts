/** Sound that an app makes, to be published: `LocalAudioTrack.createAudioTrack(name, source)`. */

import { FedMicrophone } from "webrtc-native/device";
import type { AudioFrame } from "./AudioFrame";

/** Frames that wait at most, for room in the queue. */
const MAX_WAITING = 16;

/** An AudioSource is closed, could not be made (too many, or no memory), or has too many frames that wait. */
export class AudioSourceError extends Error {
	override get name(): string {
		return "AudioSourceError";
	}
}

/** A frame of which not all has been taken. */
interface Waiting {
	readonly data: Int16Array;
	from: number;
	readonly to: number;
	resolve(): void;
	reject(error: Error): void;
}

export class AudioSource {
	/** Hz. */
	readonly sampleRate: number;
	readonly numChannels = 1;
	/** Milliseconds. */
	readonly queueSize: number;
	/** @internal What is sent. */
	readonly microphone: FedMicrophone;
	/** Oldest first. */
	#waiting: Waiting[] = [];
	/** Of waitForPlayout(). */
	#listeners: (() => void)[] = [];
	#closed = false;

	/**
	 * `sampleRate`: 8,000 to 48,000 Hz; rates that Opus has (8,000, 12,000, 16,000, 24,000, 48,000) cost
	 * least. `numChannels` is 1. `queueSize`: milliseconds of sound that are held at most, 20 to 1,000.
	 * Three can be open at a time: close() what is not needed any more. Throws AudioSourceError.
	 */
	constructor(sampleRate: number, numChannels = 1, queueSize = 50) {
		if (numChannels !== 1) throw new AudioSourceError("an AudioSource has one channel");
		this.sampleRate = sampleRate;
		this.queueSize = queueSize;
		const onTaken = () => this.#push();
		try {
			this.microphone = new FedMicrophone({ sampleRate, queueSize, onTaken });
		} catch (error) {
			throw new AudioSourceError((error as Error).message);
		}
	}

	/** Milliseconds of sound that wait to be sent. */
	get queuedDuration(): number {
		if (this.#closed) return 0;
		const waiting = this.#waiting.reduce((sum, { from, to }) => sum + to - from, 0);
		return this.microphone.queued + (waiting * 1000) / this.sampleRate;
	}

	/**
	 * Resolves when all of the frame is in the queue, which empties in real time whether or not the
	 * track is published or muted; until then its data must stay as it is. Frames of any length, in
	 * order. Rejects with AudioSourceError when the source is closed, or 16 frames wait already: whoever
	 * waits for each never sees that. Rejects with RangeError when the frame has another rate or more
	 * channels than the source.
	 */
	async captureFrame(frame: AudioFrame): Promise<void> {
		const { data, sampleRate, channels, samplesPerChannel: to } = frame;
		if (this.#closed) throw closed();
		if (sampleRate !== this.sampleRate || channels !== 1) {
			const wanted = `${this.sampleRate} Hz and 1 channel`;
			throw new RangeError(`the frame must have ${wanted}, as the AudioSource`);
		}
		if (this.#waiting.length === MAX_WAITING) {
			throw new AudioSourceError(`${MAX_WAITING} frames wait: await captureFrame()`);
		}
		const from = this.#waiting.length > 0 ? 0 : this.microphone.push(data, 0, to);
		if (from === to) return;
		await new Promise<void>((resolve, reject) => {
			this.#waiting.push({ data, from, to, resolve, reject });
		});
	}

	/** Forgets what was not sent yet; captureFrame() and waitForPlayout() resolve. */
	clearQueue(): void {
		if (this.#closed) return;
		this.microphone.clear();
		this.#waiting.splice(0).forEach((frame) => frame.resolve());
		this.#tell();
	}

	/** Resolves when the queue is empty. */
	async waitForPlayout(): Promise<void> {
		while (!this.#isEmpty()) {
			await new Promise<void>((resolve) => this.#listeners.push(resolve));
		}
	}

	/** Ends it; captureFrame() that waits rejects. A track of it stays published, and sends nothing. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		this.microphone.close();
		this.#waiting.splice(0).forEach((frame) => frame.reject(closed()));
		this.#tell();
	}

	/** There may be room. */
	#push(): void {
		for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
			next.from += this.microphone.push(next.data, next.from, next.to);
			if (next.from < next.to) break;
			this.#waiting.shift();
			next.resolve();
		}
		this.#tell();
	}

	#tell(): void {
		this.#listeners.splice(0).forEach((resolve) => resolve());
	}

	/** When it is not, listeners are told. */
	#isEmpty(): boolean {
		if (this.#closed) return true;
		this.microphone.notify(); // first: the last may be taken meanwhile
		return this.#waiting.length === 0 && this.microphone.queued === 0;
	}
}

const closed = () => new AudioSourceError("the AudioSource is closed");
