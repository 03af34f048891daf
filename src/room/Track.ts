/** Tracks: what is heard, or what is captured. Publications tell of them; tracks are the media. */

import type { Microphone } from "webrtc-native/device";
import { Emitter } from "../platform/emitter";
import {
	TrackSource as ProtoSource,
	StreamState as ProtoStreamState,
	TrackType,
} from "../protocol/generated/enums";
import type { TrackEvents } from "./participantEvents";

const Kind = Object.freeze({ Audio: "audio", Video: "video", Unknown: "unknown" } as const);

const Source = Object.freeze({
	Camera: "camera",
	Microphone: "microphone",
	ScreenShare: "screen_share",
	ScreenShareAudio: "screen_share_audio",
	Unknown: "unknown",
} as const);

const StreamState = Object.freeze({
	Active: "active",
	Paused: "paused",
	Unknown: "unknown",
} as const);

export declare namespace Track {
	type Kind = (typeof Kind)[keyof typeof Kind];
	type Source = (typeof Source)[keyof typeof Source];
	type StreamState = (typeof StreamState)[keyof typeof StreamState];
}

export abstract class Track extends Emitter<TrackEvents> {
	static readonly Kind = Kind;
	static readonly Source = Source;
	static readonly StreamState = StreamState;

	readonly kind: Track.Kind = Kind.Audio;
	source: Track.Source;
	abstract readonly isLocal: boolean;
	abstract readonly isMuted: boolean;

	constructor(source: Track.Source) {
		super();
		this.source = source;
	}
	abstract get sid(): string | undefined;
}

/** A microphone's sound, as this participant publishes it. */
export class LocalAudioTrack extends Track {
	readonly microphone: Microphone;
	/** @internal Set while the track is published, or about to be. */
	publishedSid: string | undefined;
	/** @internal Who publishes it hears of every change, and tells of it. */
	onMuted: ((muted: boolean) => void) | undefined;
	#muted = false;
	#stopped = false;

	/** The track closes the microphone when it is stopped. */
	constructor(microphone: Microphone, source: Track.Source = Source.Microphone) {
		super(source);
		this.microphone = microphone;
	}
	override get sid(): string | undefined {
		return this.publishedSid;
	}
	override get isLocal(): true {
		return true;
	}
	override get isMuted(): boolean {
		return this.#muted;
	}
	/** The microphone is closed: the track cannot be published any more. */
	get isStopped(): boolean {
		return this.#stopped;
	}

	/** A muted track sends no packets; its microphone stays open. */
	async mute(): Promise<this> {
		this.setMuted(true);
		return this;
	}
	async unmute(): Promise<this> {
		this.setMuted(false);
		return this;
	}
	/** Closes the microphone. A published track is muted, and closes when it is unpublished. */
	stop(): void {
		if (this.#stopped) return;
		if (this.onMuted) {
			this.setMuted(true);
			return;
		}
		this.#stopped = true;
		this.microphone.close();
	}

	/** @internal */
	setMuted(muted: boolean): void {
		if (this.#muted === muted) return;
		this.#muted = muted;
		if (this.onMuted) this.onMuted(muted);
		else this.emit(muted ? "muted" : "unmuted", this);
	}
}

/** A subscribed track; it plays on the room's speaker while it exists. */
export class RemoteAudioTrack extends Track {
	readonly sid: string;
	/** `paused` while the server holds it back for want of bandwidth. */
	streamState: Track.StreamState = StreamState.Active;
	readonly #setVolume: (volume: number) => void;
	readonly #muted: () => boolean;
	#volume = 1;

	/** `muted` says what the track's publication knows. */
	constructor(
		sid: string,
		source: Track.Source,
		muted: () => boolean,
		setVolume: (volume: number) => void,
	) {
		super(source);
		this.sid = sid;
		this.#muted = muted;
		this.#setVolume = setVolume;
	}
	override get isLocal(): false {
		return false;
	}
	override get isMuted(): boolean {
		return this.#muted();
	}
	/** Linear gain: 0 is silence, 1 the track as it comes. */
	setVolume(volume: number): void {
		checkVolume(volume);
		this.#volume = volume;
		this.#setVolume(volume);
	}
	getVolume(): number {
		return this.#volume;
	}
}

/** Throws RangeError. */
export function checkVolume(this: unknown, volume: number): void {
	if (!(volume >= 0)) throw new RangeError("a volume is 0 or more");
}

export function kindOf(this: unknown, type: TrackType): Track.Kind {
	if (type === TrackType.AUDIO) return Kind.Audio;
	return type === TrackType.VIDEO ? Kind.Video : Kind.Unknown;
}

export function streamStateOf(this: unknown, state: ProtoStreamState): Track.StreamState {
	if (state === ProtoStreamState.ACTIVE) return StreamState.Active;
	return state === ProtoStreamState.PAUSED ? StreamState.Paused : StreamState.Unknown;
}

export function sourceOf(this: unknown, source: ProtoSource): Track.Source {
	switch (source) {
		case ProtoSource.CAMERA:
			return Source.Camera;
		case ProtoSource.MICROPHONE:
			return Source.Microphone;
		case ProtoSource.SCREEN_SHARE:
			return Source.ScreenShare;
		case ProtoSource.SCREEN_SHARE_AUDIO:
			return Source.ScreenShareAudio;
		default:
			return Source.Unknown;
	}
}

export function protoSourceOf(this: unknown, source: Track.Source): ProtoSource {
	switch (source) {
		case Source.Camera:
			return ProtoSource.CAMERA;
		case Source.Microphone:
			return ProtoSource.MICROPHONE;
		case Source.ScreenShare:
			return ProtoSource.SCREEN_SHARE;
		case Source.ScreenShareAudio:
			return ProtoSource.SCREEN_SHARE_AUDIO;
		default:
			return ProtoSource.UNKNOWN;
	}
}
