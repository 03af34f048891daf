/** Microphone, speaker, network link, entropy and memory figures: what boards are made of. */

export type SampleRate = 16000 | 24000 | 48000;

/**
 * An I2S bus whose clocks the device makes. Numbers of pins are GPIOs; absent is "not connected".
 * Microphone and speaker on one controller share clocks and buffers: give both the same object.
 */
export interface I2SOptions {
	/** 0 when absent; the C3 has one controller, others two. */
	controller?: 0 | 1;
	/** std: two slots (Philips). tdm: more. pdm: a microphone that gives a bit stream (bclk, din). */
	format?: "std" | "tdm" | "pdm";
	/** 256 times the sample rate, for codecs that want it. */
	mclk?: number;
	bclk: number;
	ws?: number;
	/** From the microphone. */
	din?: number;
	/** To the speaker. */
	dout?: number;
	/** Of a slot: 16, or 32 of which the upper 16 are taken. 16 when absent. */
	bits?: 16 | 32;
	/** tdm: slots in a frame, 2 to 16; 2 when absent. */
	slots?: number;
	/** The microphone's slot, 0 when absent. Sound for the speaker is in all. */
	slot?: number;
}

export interface MicrophoneOptions {
	/** wav and alsa exist on the desktop, i2s on devices. */
	driver: "wav" | "alsa" | "i2s";
	/** wav: a mono 16-bit PCM file at `sampleRate`, paced in real time once something listens. */
	path?: string;
	/** wav: start over at the end; silence follows the end otherwise. */
	loop?: boolean;
	/** alsa: device name, "default" when absent. */
	device?: string;
	i2s?: I2SOptions;
	sampleRate: SampleRate;
}

export interface SpeakerOptions {
	/** none: plays nowhere, in real time, for apps that only read what remote tracks say. */
	driver: "wav" | "alsa" | "i2s" | "none";
	/** wav: written in real time from open to close, silence included. */
	path?: string;
	device?: string;
	i2s?: I2SOptions;
	sampleRate: SampleRate;
}

/** Opening throws an Error whose message names the file or device and what to do. */
export class Microphone extends Native("xs_microphone_destructor") {
	constructor(options: MicrophoneOptions) {
		super();
		native("xs_microphone").call(this, options);
	}
	get sampleRate(): SampleRate {
		return native("xs_microphone_get_sampleRate").call(this);
	}
	/** A device that a Peer still uses is closed when the last sender or receiver is removed. */
	close(): void {
		native("xs_microphone_close").call(this);
	}
}

export interface FedMicrophoneOptions {
	/** Of the samples that are pushed: 8,000 to 48,000 Hz. */
	sampleRate: number;
	/** Milliseconds of sound that wait to be sent at most, 20 to 1,000. */
	queueSize: number;
	/** 20 ms were taken from the queue; once for each push() that was short, and each notify(). */
	onTaken(): void;
}

/**
 * A microphone that the app feeds; three can be open beside the board's. Every 20 ms as much is taken
 * from its queue, whether or not a Peer sends it. Kept from the garbage collector while onTaken is due.
 */
export class FedMicrophone extends Native("xs_microphone_destructor") {
	readonly onTaken: () => void;

	constructor(options: FedMicrophoneOptions) {
		super();
		this.onTaken = options.onTaken;
		native("xs_feed").call(this, options);
	}
	/** Of what is encoded: the lowest of Opus's rates that is not below that of the samples. */
	get sampleRate(): number {
		return native("xs_microphone_get_sampleRate").call(this);
	}
	/** As many of the samples from `from` to `to` as there is room for; how many. */
	push(samples: Int16Array, from: number, to: number): number {
		const { buffer, byteOffset, length } = samples;
		if (!(from >= 0 && from <= to && to <= length)) throw new RangeError("no such samples");
		return native("xs_feed_push").call(this, buffer, byteOffset + 2 * from, to - from);
	}
	/** Milliseconds of sound in the queue. */
	get queued(): number {
		return native("xs_feed_get_queued").call(this);
	}
	/** Has onTaken called. */
	notify(): void {
		native("xs_feed_notify").call(this);
	}
	/** Forgets the queue. Its room is there when the next 20 ms are due. */
	clear(): void {
		native("xs_feed_clear").call(this);
	}
	/** As Microphone.close(). */
	close(): void {
		native("xs_microphone_close").call(this);
	}
}

/** What can be sent. */
export type AudioInput = Microphone | FedMicrophone;

export class Speaker extends Native("xs_speaker_destructor") {
	constructor(options: SpeakerOptions) {
		super();
		native("xs_speaker").call(this, options);
	}
	get sampleRate(): SampleRate {
		return native("xs_speaker_get_sampleRate").call(this);
	}
	/** Milliseconds on the clock of now() when sound other than silence was first played; undefined before. */
	get firstSound(): number | undefined {
		return native("xs_speaker_get_firstSound").call(this);
	}
	/** As Microphone.close(). */
	close(): void {
		native("xs_speaker_close").call(this);
	}
}

export interface NetworkLinkOptions {
	/**
	 * The addresses of the interfaces that are up have become others: some came, some went, or `up`
	 * changed. Several changes in quick succession may be one call.
	 */
	onChange(up: boolean): void;
}

/**
 * News of the network beneath: Wi-Fi that has lost its address, or come back with another. Watches
 * until close(); where the system tells nothing (macOS) onChange is never called.
 */
export class NetworkLink extends Native("xs_network_destructor") {
	constructor(options: NetworkLinkOptions) {
		super();
		native("xs_network").call(this, options);
	}
	/** Whether some interface other than loopback is up and has an address. */
	get up(): boolean {
		return native("xs_network_get_up").call(this);
	}
	close(): void {
		native("xs_network_close").call(this);
	}
}

/** Milliseconds since some moment before the start; never goes back. The clock of every native event. */
export function now(this: unknown): number {
	return native("xs_device_now").call(this);
}

/** Cryptographically secure random bytes. */
export function randomBytes(this: unknown, length: number): ArrayBuffer {
	return native("xs_device_randomBytes").call(this, length);
}

export interface MemoryUsage {
	current: number;
	peak: number;
	/** Since the start; stands still for "ice" to "opus" while a call only carries media. */
	allocations: number;
	failures: number;
}

/** Native memory in bytes, by subsystem name ("ice", "dtls", "opus", …). */
export function nativeMemory(this: unknown): Record<string, MemoryUsage> {
	return native("xs_device_nativeMemory").call(this);
}

/** The most bytes that native code had at one time, of all subsystems together. */
export function nativePeak(this: unknown): number {
	return native("xs_device_nativePeak").call(this);
}

/** A board's memory, by the names of docs/memory.md: `psram`, `internal`, or `desktop`. */
export interface MemoryProfile {
	name: string;
	/** Largest message from the server, and largest one of a data channel, in bytes. */
	maxSignalBytes: number;
	maxDataBytes: number;
	/** Of texts and calls of others at a time, in bytes. */
	maxTextBytes: number;
	/** Streams of others at a time, and as many calls. */
	maxStreams: number;
}

/** The profile in force. */
export function memoryProfile(this: unknown): MemoryProfile {
	return native("xs_device_memoryProfile").call(this);
}
