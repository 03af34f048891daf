/** What local and remote participants have in common: the server's description, kept up to date. */

import { recordOf } from "../platform/record";
import {
	ParticipantInfo_Kind as ParticipantKind,
	ParticipantInfo_State as ParticipantState,
	ConnectionQuality as ProtoQuality,
} from "../protocol/generated/enums";
import type { ParticipantInfo, ParticipantPermission } from "../protocol/generated/types";
import type { Announce } from "./events";
import type { Track } from "./Track";
import type { TrackPublication } from "./TrackPublication";

export { ParticipantKind };

export const ConnectionQuality = Object.freeze({
	Excellent: "excellent",
	Good: "good",
	Poor: "poor",
	Lost: "lost",
	Unknown: "unknown",
} as const);
export type ConnectionQuality = (typeof ConnectionQuality)[keyof typeof ConnectionQuality];

export abstract class Participant<P extends TrackPublication = TrackPublication> {
	/** By track sid. */
	readonly trackPublications = new Map<string, P>();
	/** 0 (silent) to 1. */
	audioLevel = 0;
	isSpeaking = false;
	/** When it last began to speak. */
	lastSpokeAt: Date | undefined;
	connectionQuality: ConnectionQuality = ConnectionQuality.Unknown;
	/** The server's newest word; getters read it, so that a participant costs little memory. */
	#info: ParticipantInfo | undefined;

	constructor(info?: ParticipantInfo) {
		this.#info = info;
	}
	/** Unique in the room; from the token. "" before the local participant has joined. */
	get identity(): string {
		return this.#info?.identity ?? "";
	}
	/** Given by the server, new at every join. */
	get sid(): string {
		return this.#info?.sid ?? "";
	}
	get name(): string {
		return this.#info?.name ?? "";
	}
	get metadata(): string {
		return this.#info?.metadata ?? "";
	}
	/**
	 * Read those whose names you know. XS never frees a property name, and to list all (Object.keys,
	 * for-in, JSON) makes names of what a peer wrote: do that where you trust it.
	 */
	get attributes(): Readonly<Record<string, string>> {
		return recordOf(this.#info?.attributes ?? new Map());
	}
	get kind(): ParticipantKind {
		return this.#info?.kind ?? ParticipantKind.STANDARD;
	}
	get isAgent(): boolean {
		return this.kind === ParticipantKind.AGENT;
	}
	/** It has media up: it can send and receive. */
	get isActive(): boolean {
		return this.#info?.state === ParticipantState.ACTIVE;
	}
	get permissions(): ParticipantPermission | undefined {
		return this.#info?.permission;
	}
	get joinedAt(): Date | undefined {
		return this.#info && new Date(this.#info.joinedAtMs || this.#info.joinedAt * 1000);
	}
	/** @internal */
	get info(): ParticipantInfo | undefined {
		return this.#info;
	}

	/** The first publication of the source. */
	getTrackPublication(source: Track.Source): P | undefined {
		return this.#find((publication) => publication.source === source);
	}
	getTrackPublicationByName(name: string): P | undefined {
		return this.#find((publication) => publication.trackName === name);
	}
	get isMicrophoneEnabled(): boolean {
		return this.getTrackPublication("microphone")?.isMuted === false;
	}

	/**
	 * @internal Takes the server's description, and announces what is new in it. False when it is
	 * older than what is known: updates may overtake each other.
	 */
	update(info: ParticipantInfo, announce: Announce): boolean {
		const before = this.#info;
		if (before && before.sid === info.sid && before.version > info.version) return false;
		this.#info = info;
		if (!before) return true;
		const self = this as Participant;
		if (before.name !== info.name) announce("participantNameChanged", info.name, self);
		if (before.metadata !== info.metadata) {
			announce("participantMetadataChanged", before.metadata, self);
		}
		const changed = changedAttributes(before.attributes, info.attributes);
		if (changed) announce("participantAttributesChanged", changed, self);
		if (before.state !== ParticipantState.ACTIVE && info.state === ParticipantState.ACTIVE) {
			announce("participantActive", self);
		}
		return true;
	}

	/** @internal */
	updateSpeaking(level: number, speaking: boolean): void {
		this.audioLevel = level;
		if (speaking && !this.isSpeaking) this.lastSpokeAt = new Date();
		this.isSpeaking = speaking;
	}

	/** @internal */
	updateQuality(quality: ProtoQuality, announce: Announce): void {
		const name = qualityOf(quality);
		if (this.connectionQuality === name) return;
		this.connectionQuality = name;
		announce("connectionQualityChanged", name, this as Participant);
	}

	#find(matches: (publication: TrackPublication) => boolean): P | undefined {
		for (const publication of this.trackPublications.values()) {
			if (matches(publication)) return publication;
		}
		return undefined;
	}
}

/** New and changed attributes by their value, deleted ones as ""; undefined when there are none. */
function changedAttributes(
	before: ReadonlyMap<string, string>,
	after: ReadonlyMap<string, string>,
): Record<string, string> | undefined {
	const changed = new Map<string, string>();
	for (const [key, value] of after) {
		if (before.get(key) !== value) changed.set(key, value);
	}
	for (const key of before.keys()) {
		if (!after.has(key)) changed.set(key, "");
	}
	return changed.size ? recordOf(changed) : undefined;
}

function qualityOf(quality: ProtoQuality): ConnectionQuality {
	switch (quality) {
		case ProtoQuality.EXCELLENT:
			return ConnectionQuality.Excellent;
		case ProtoQuality.GOOD:
			return ConnectionQuality.Good;
		case ProtoQuality.POOR:
			return ConnectionQuality.Poor;
		case ProtoQuality.LOST:
			return ConnectionQuality.Lost;
		default:
			return ConnectionQuality.Unknown;
	}
}
