/** Tracks: what is heard, or what is captured. Publications tell of them; tracks are the media. */

import type { Microphone } from "webrtc-native/device";
import { TrackSource as ProtoSource, TrackType } from "../protocol/generated/enums";

const Kind = Object.freeze({ Audio: "audio", Video: "video", Unknown: "unknown" } as const);

const Source = Object.freeze({
	Camera: "camera",
	Microphone: "microphone",
	ScreenShare: "screen_share",
	ScreenShareAudio: "screen_share_audio",
	Unknown: "unknown",
} as const);

export declare namespace Track {
	type Kind = (typeof Kind)[keyof typeof Kind];
	type Source = (typeof Source)[keyof typeof Source];
}

export abstract class Track {
	static readonly Kind = Kind;
	static readonly Source = Source;

	readonly kind: Track.Kind = Kind.Audio;
	readonly source: Track.Source;

	constructor(source: Track.Source) {
		this.source = source;
	}
	abstract get sid(): string | undefined;
}

/** The microphone's sound, as this participant publishes it. */
export class LocalAudioTrack extends Track {
	/** Closed when the track is unpublished. */
	readonly microphone: Microphone;
	/** @internal */
	publishedSid: string | undefined;

	constructor(microphone: Microphone) {
		super(Source.Microphone);
		this.microphone = microphone;
	}
	get sid(): string | undefined {
		return this.publishedSid;
	}
}

/** A subscribed track; it plays on the room's speaker while it exists. */
export class RemoteAudioTrack extends Track {
	readonly sid: string;
	readonly #setVolume: (volume: number) => void;
	#volume = 1;

	constructor(sid: string, source: Track.Source, setVolume: (volume: number) => void) {
		super(source);
		this.sid = sid;
		this.#setVolume = setVolume;
	}
	/** Linear gain: 0 is silence, 1 the track as it comes. */
	setVolume(volume: number): void {
		if (!(volume >= 0)) throw new RangeError("a volume is 0 or more");
		this.#volume = volume;
		this.#setVolume(volume);
	}
	getVolume(): number {
		return this.#volume;
	}
}

export function kindOf(type: TrackType): Track.Kind {
	if (type === TrackType.AUDIO) return Kind.Audio;
	return type === TrackType.VIDEO ? Kind.Video : Kind.Unknown;
}

export function sourceOf(source: ProtoSource): Track.Source {
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
