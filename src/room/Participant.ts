/** What local and remote participants have in common: the server's description, kept up to date. */

import { Emitter } from "../platform/emitter";
import { recordOf } from "../platform/record";
import {
	ParticipantInfo_Kind as ParticipantKind,
	ParticipantInfo_State as ParticipantState,
	ConnectionQuality as ProtoQuality,
} from "../protocol/generated/enums";
import type { ParticipantInfo, ParticipantPermission } from "../protocol/generated/types";
import type { ParticipantEvents } from "./participantEvents";
import type { RoomLink } from "./RoomLink";
import { Track } from "./Track";
import type { TrackPublication } from "./TrackPublication";

export { ParticipantKind, ParticipantState };

export const ConnectionQuality = Object.freeze({
	Excellent: "excellent",
	Good: "good",
	Poor: "poor",
	Lost: "lost",
	Unknown: "unknown",
} as const);
export type ConnectionQuality = (typeof ConnectionQuality)[keyof typeof ConnectionQuality];

/** Of waitUntilActive(), for all who wait. */
interface Activation {
	promise: Promise<void>;
	resolve(): void;
	reject(error: Error): void;
}

export abstract class Participant<
	P extends TrackPublication = TrackPublication,
> extends Emitter<ParticipantEvents> {
	/** By track sid. */
	readonly trackPublications: Map<string, P>;
	/** 0 (silent) to 1. */
	audioLevel = 0;
	isSpeaking = false;
	/** When it last began to speak. */
	lastSpokeAt: Date | undefined;
	connectionQuality: ConnectionQuality = ConnectionQuality.Unknown;
	/** The server's newest word; getters read it, so that a participant costs little memory. */
	#info: ParticipantInfo | undefined;
	#activation: Activation | undefined;

	constructor(info?: ParticipantInfo, publications = new Map<string, P>()) {
		super();
		this.trackPublications = publications;
		this.#info = info;
	}
	/** @internal */
	abstract get link(): RoomLink;
	abstract get isLocal(): boolean;
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
		return this.permissions?.agent || this.kind === ParticipantKind.AGENT;
	}
	get state(): ParticipantState {
		return this.#info?.state ?? ParticipantState.JOINING;
	}
	/** It has media up: it can send and receive. */
	get isActive(): boolean {
		return this.#info?.state === ParticipantState.ACTIVE;
	}
	/** What its token, or the server since, lets it do. */
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
		return this.getTrackPublications().find((publication) => publication.source === source);
	}
	getTrackPublicationByName(name: string): P | undefined {
		return this.getTrackPublications().find((publication) => publication.trackName === name);
	}
	getTrackPublications(): P[] {
		return Array.from(this.trackPublications.values());
	}
	/** Made when asked for, as all of trackPublications of a kind. */
	get audioTrackPublications(): ReadonlyMap<string, P> {
		return ofKind(this, Track.Kind.Audio);
	}
	get videoTrackPublications(): ReadonlyMap<string, P> {
		return ofKind(this, Track.Kind.Video);
	}
	get isMicrophoneEnabled(): boolean {
		return this.getTrackPublication(Track.Source.Microphone)?.isMuted === false;
	}
	get isCameraEnabled(): boolean {
		return this.getTrackPublication(Track.Source.Camera)?.isMuted === false;
	}
	get isScreenShareEnabled(): boolean {
		return this.getTrackPublication(Track.Source.ScreenShare) !== undefined;
	}

	/** Resolves when it can send and receive; rejects when it leaves before. */
	waitUntilActive(): Promise<void> {
		if (this.isActive) return Promise.resolve();
		if (!this.#activation) {
			const activation = {} as Activation;
			activation.promise = new Promise((resolve, reject) => {
				activation.resolve = resolve;
				activation.reject = reject;
			});
			this.#activation = activation;
		}
		return this.#activation.promise;
	}

	/**
	 * @internal Takes the server's description, and announces what is new in it. False when it is
	 * older than what is known: updates may overtake each other.
	 */
	update(info: ParticipantInfo): boolean {
		const before = this.#info;
		if (before && before.sid === info.sid && before.version > info.version) return false;
		this.#info = info;
		if (this.isActive) {
			this.#activation?.resolve();
			this.#activation = undefined;
		}
		if (!before) return true;
		const { link } = this;
		const self = this as unknown as Participant;
		if (before.name !== info.name) link.announce("participantNameChanged", info.name, self);
		if (before.metadata !== info.metadata) {
			link.announce("participantMetadataChanged", before.metadata, self);
		}
		const changed = changedAttributes(before.attributes, info.attributes);
		if (changed) link.announce("participantAttributesChanged", changed, self);
		if (before.state !== ParticipantState.ACTIVE && info.state === ParticipantState.ACTIVE) {
			link.announce("participantActive", self);
		}
		if (info.permission && !samePermissions(before.permission, info.permission)) {
			link.announce("participantPermissionsChanged", before.permission, self);
		}
		return true;
	}

	/** @internal */
	updateSpeaking(level: number, speaking: boolean): void {
		this.audioLevel = level;
		if (speaking === this.isSpeaking) return;
		this.isSpeaking = speaking;
		if (speaking) this.lastSpokeAt = new Date();
		this.emit("isSpeakingChanged", speaking);
	}

	/** @internal */
	updateQuality(quality: ProtoQuality): void {
		const name = qualityOf(quality);
		if (this.connectionQuality === name) return;
		this.connectionQuality = name;
		this.link.announce("connectionQualityChanged", name, this as unknown as Participant);
	}

	/** @internal It has left, or we have: it will not become active. */
	leave(): void {
		this.#activation?.promise.catch(() => {}); // it may be nobody's any more
		this.#activation?.reject(new Error("the participant has left"));
		this.#activation = undefined;
	}
}

// Functions, and no private methods: in XS each of those is a slot of every object.

function ofKind<P extends TrackPublication>(
	participant: Participant<P>,
	kind: Track.Kind,
): Map<string, P> {
	const all = new Map(participant.trackPublications);
	all.forEach((publication, sid) => {
		if (publication.kind !== kind) all.delete(sid);
	});
	return all;
}

export function samePermissions(
	this: unknown,
	a: ParticipantPermission | undefined,
	b: ParticipantPermission,
): boolean {
	return (
		a !== undefined &&
		a.canPublish === b.canPublish &&
		a.canSubscribe === b.canSubscribe &&
		a.canPublishData === b.canPublishData &&
		a.canUpdateMetadata === b.canUpdateMetadata &&
		a.canSubscribeMetrics === b.canSubscribeMetrics &&
		a.hidden === b.hidden &&
		a.recorder === b.recorder &&
		a.agent === b.agent &&
		a.canManageAgentSession === b.canManageAgentSession &&
		a.canPublishSources.join() === b.canPublishSources.join()
	);
}

/** New and changed attributes by their value, deleted ones as ""; undefined when there are none. */
function changedAttributes(
	before: ReadonlyMap<string, string>,
	after: ReadonlyMap<string, string>,
): Record<string, string> | undefined {
	const changed = new Map<string, string>();
	after.forEach((value, key) => {
		if (before.get(key) !== value) changed.set(key, value);
	});
	before.forEach((_, key) => {
		if (!after.has(key)) changed.set(key, "");
	});
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
