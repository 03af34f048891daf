/** A track of ours that the server has taken. */

import type { TrackInfo } from "../protocol/generated/types";
import type { TrackPublishOptions } from "./options";
import type { LocalAudioTrack } from "./Track";
import { TrackPublication } from "./TrackPublication";

export class LocalTrackPublication extends TrackPublication {
	override readonly track: LocalAudioTrack;
	/** As it was published. */
	readonly options: TrackPublishOptions;

	constructor(info: TrackInfo, track: LocalAudioTrack, options: TrackPublishOptions) {
		super(info);
		this.track = track;
		this.options = options;
	}
	get audioTrack(): LocalAudioTrack {
		return this.track;
	}
	override get isLocal(): true {
		return true;
	}
	/** What we want; the server hears of it and may be behind. */
	override get isMuted(): boolean {
		return this.track.isMuted;
	}
	override get isSubscribed(): boolean {
		return true;
	}
	override get isEnabled(): boolean {
		return true;
	}
	/** A muted track sends no packets. */
	async mute(): Promise<void> {
		await this.track.mute();
	}
	async unmute(): Promise<void> {
		await this.track.unmute();
	}
}
