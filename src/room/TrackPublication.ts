/** Publications: what the server tells of a track, whether or not we have the track itself. */

import { Emitter } from "../platform/emitter";
import type { TrackInfo } from "../protocol/generated/types";
import type { PublicationEvents } from "./participantEvents";
import { kindOf, sourceOf, type Track } from "./Track";

const SubscriptionStatus = Object.freeze({
	/** Wanted, and not here (yet). */
	Desired: "desired",
	Subscribed: "subscribed",
	/** Not wanted. */
	Unsubscribed: "unsubscribed",
} as const);

const PermissionStatus = Object.freeze({
	Allowed: "allowed",
	/** Its publisher does not let us. */
	NotAllowed: "not_allowed",
} as const);

export declare namespace TrackPublication {
	type SubscriptionStatus = (typeof SubscriptionStatus)[keyof typeof SubscriptionStatus];
	type PermissionStatus = (typeof PermissionStatus)[keyof typeof PermissionStatus];
}

export abstract class TrackPublication extends Emitter<PublicationEvents> {
	static readonly SubscriptionStatus = SubscriptionStatus;
	static readonly PermissionStatus = PermissionStatus;

	/** The server's newest word; getters read it, so that a publication costs little memory. */
	#info: TrackInfo;

	constructor(info: TrackInfo) {
		super();
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
	/** Of video: as it was published. */
	get dimensions(): { width: number; height: number } | undefined {
		const { width, height } = this.#info;
		return width > 0 ? { width, height } : undefined;
	}
	get simulcasted(): boolean {
		return this.#info.simulcast;
	}
	abstract get track(): Track | undefined;
	abstract get isLocal(): boolean;
	abstract get isMuted(): boolean;
	abstract get isSubscribed(): boolean;
	abstract get isEnabled(): boolean;

	/** @internal True when the track was muted or unmuted by it. */
	update(info: TrackInfo): boolean {
		const changed = info.muted !== this.#info.muted;
		this.#info = info;
		return changed;
	}
}
