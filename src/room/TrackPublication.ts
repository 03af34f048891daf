/** Publications: what the server tells of a track, whether or not we have the track itself. */

import type { TrackInfo } from "../protocol/generated/types";
import { kindOf, type LocalAudioTrack, type RemoteAudioTrack, sourceOf, type Track } from "./Track";

export abstract class TrackPublication {
	/** The server's newest word; getters read it, so that a publication costs little memory. */
	#info: TrackInfo;

	constructor(info: TrackInfo) {
		this.#info = info;
	}
	get trackInfo(): TrackInfo {
		return this.#info;
	}
	get trackSid(): string {
		return this.#info.sid;
	}
	get trackName(): string {
		return this.#info.name;
	}
	get kind(): Track.Kind {
		return kindOf(this.#info.type);
	}
	get source(): Track.Source {
		return sourceOf(this.#info.source);
	}
	get mimeType(): string {
		return this.#info.mimeType;
	}
	abstract get track(): Track | undefined;
	abstract get isMuted(): boolean;
	abstract get isSubscribed(): boolean;

	/** @internal True when the track was muted or unmuted by it. */
	update(info: TrackInfo): boolean {
		const changed = info.muted !== this.#info.muted;
		this.#info = info;
		return changed;
	}
}

export class RemoteTrackPublication extends TrackPublication {
	/** @internal Set while subscribed. */
	subscribed: RemoteAudioTrack | undefined;

	override get track(): RemoteAudioTrack | undefined {
		return this.subscribed;
	}
	get audioTrack(): RemoteAudioTrack | undefined {
		return this.subscribed;
	}
	override get isMuted(): boolean {
		return this.trackInfo.muted;
	}
	override get isSubscribed(): boolean {
		return this.subscribed !== undefined;
	}
}

export class LocalTrackPublication extends TrackPublication {
	override readonly track: LocalAudioTrack;
	readonly #muted: () => boolean;
	readonly #setMuted: (muted: boolean) => void;

	/** `muted` and `setMuted`: what we want; the server hears of it and may be behind. */
	constructor(
		info: TrackInfo,
		track: LocalAudioTrack,
		muted: () => boolean,
		setMuted: (muted: boolean) => void,
	) {
		super(info);
		this.track = track;
		this.#muted = muted;
		this.#setMuted = setMuted;
	}
	get audioTrack(): LocalAudioTrack {
		return this.track;
	}
	override get isMuted(): boolean {
		return this.#muted();
	}
	override get isSubscribed(): boolean {
		return true;
	}
	/** A muted track sends no packets. */
	async mute(): Promise<void> {
		this.#setMuted(true);
	}
	async unmute(): Promise<void> {
		this.#setMuted(false);
	}
}
