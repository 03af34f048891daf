/** Tracks: what is heard, or what is captured. Publications tell of them; tracks are the media. */

import type { AudioInput, Microphone } from "webrtc-native/device";
import type { Tap, TapOptions } from "webrtc-native/webrtc";
import { AudioSource } from "../audio/index";
import { Emitter } from "../platform/emitter";
import {
	TrackSource as ProtoSource,
	StreamState as ProtoStreamState,
	TrackType,
} from "../protocol/generated/enums";
import type { IncomingTrack } from "../session/Receivers";
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

/** A microphone's sound, or an app's own, as this participant publishes it. */
export class LocalAudioTrack extends Track {
	/** What an AudioSource feeds is one, too. */
	readonly microphone: AudioInput;
	/** Of the app's own sound. */
	readonly audioSource: AudioSource | undefined;
	/** What it is published as, if the options name nothing else. */
	readonly name: string | undefined;
	/** @internal Set while the track is published, or about to be. */
	publishedSid: string | undefined;
	/** @internal Who publishes it hears of every change, and tells of it. */
	onMuted: ((muted: boolean) => void) | undefined;
	#muted = false;
	#stopped = false;

	/**
	 * The track closes a microphone when it is stopped; an AudioSource is the app's, and stays open.
	 * What it is of is `Track.Source.Microphone` for a microphone, else `Unknown`, if not given.
	 */
	constructor(input: Microphone | AudioSource, source?: Track.Source, name?: string) {
		const isOwn = input instanceof AudioSource;
		super(source ?? (isOwn ? Source.Unknown : Source.Microphone));
		this.audioSource = isOwn ? input : undefined;
		this.microphone = isOwn ? input.microphone : input;
		this.name = name;
	}
	/** The app's own sound, published under this name. */
	static createAudioTrack(name: string, source: AudioSource): LocalAudioTrack {
		return new LocalAudioTrack(source, undefined, name);
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
	/** stop() was called: the track cannot be published any more. */
	get isStopped(): boolean {
		return this.#stopped;
	}

	/** A muted track sends no packets; its microphone stays open, and an AudioSource keeps its pace. */
	async mute(): Promise<this> {
		this.setMuted(true);
		return this;
	}
	async unmute(): Promise<this> {
		this.setMuted(false);
		return this;
	}
	/** Closes a microphone. A published track is muted, and closes it when it is unpublished. */
	stop(): void {
		if (this.#stopped) return;
		if (this.onMuted) {
			this.setMuted(true);
			return;
		}
		this.#stopped = true;
		if (!this.audioSource) this.microphone.close();
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
	/** `paused` while the server holds it back for want of bandwidth. */
	streamState: Track.StreamState = StreamState.Active;
	readonly #media: IncomingTrack;
	readonly #muted: () => boolean;
	#volume = 1;

	/** `muted` says what the track's publication knows. */
	constructor(media: IncomingTrack, source: Track.Source, muted: () => boolean) {
		super(source);
		this.#media = media;
		this.#muted = muted;
	}
	override get sid(): string {
		return this.#media.sid;
	}
	override get isLocal(): false {
		return false;
	}
	override get isMuted(): boolean {
		return this.#muted();
	}
	/** Linear gain on the speaker: 0 is silence, 1 the track as it comes. AudioStreams do not hear it. */
	setVolume(volume: number): void {
		checkVolume(volume);
		this.#volume = volume;
		this.#media.setVolume(volume);
	}
	getVolume(): number {
		return this.#volume;
	}
	/** @internal For AudioStream. */
	openTap(options: TapOptions): Tap | undefined {
		return this.#media.openTap(options);
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
