/** Who is in the room, by the server's word: comes, changes, speaks and goes. */

import {
	type DisconnectReason,
	ParticipantInfo_Kind as ParticipantKind,
	ParticipantInfo_State as ParticipantState,
} from "../protocol/generated/enums";
import type {
	ConnectionQualityInfo,
	ParticipantInfo,
	ParticipantPermission,
	SpeakerInfo,
	TrackInfo,
} from "../protocol/generated/types";
import type { LocalParticipant } from "./LocalParticipant";
import { type Participant, samePermissions } from "./Participant";
import { RemoteParticipant } from "./RemoteParticipant";
import { type RemoteTrackPublication, refuseVideo } from "./RemoteTrackPublication";
import type { RoomLink } from "./RoomLink";

export class Participants {
	/** By identity. */
	readonly remote = new Map<string, RemoteParticipant>();
	/** Who found no place in `remote`: sid by identity, in the order they came. */
	readonly beyond = new Map<string, string>();
	readonly #limit: number;
	/** The newest description of what a participant may do. */
	#permission: ParticipantPermission | undefined;
	/** Loudest first. */
	activeSpeakers: Participant[] = [];
	readonly #local: LocalParticipant;
	readonly #link: RoomLink;

	/** `limit`: so many are kept in full. */
	constructor(local: LocalParticipant, link: RoomLink, limit: number) {
		this.#limit = limit;
		this.#local = local;
		this.#link = link;
	}

	/** Takes one participant's description; DISCONNECTED is its end. */
	update(info: ParticipantInfo): void {
		this.#slim(info);
		if (info.identity === this.#local.identity) {
			this.#local.update(info);
			return;
		}
		const known = this.remote.get(info.identity);
		if (info.state === ParticipantState.DISCONNECTED || info.permission?.hidden) {
			if (known) this.#onGone(known, info);
			else if (this.beyond.get(info.identity) === info.sid) this.beyond.delete(info.identity);
		} else if (known) {
			known.update(info);
		} else if (this.remote.size >= this.#limit) {
			this.beyond.set(info.identity, info.sid);
			refuseVideo(info.tracks, this.#link);
		} else this.#add(info);
	}

	/** Deltas: who is not named goes on as before. */
	updateSpeakers(changes: readonly SpeakerInfo[]): void {
		const speakers = new Set(this.activeSpeakers);
		changes.forEach((change) => {
			const participant = this.bySid(change.sid);
			if (!participant) return;
			participant.updateSpeaking(change.level, change.active);
			if (change.active) speakers.add(participant);
			else speakers.delete(participant);
		});
		speakers.forEach((speaker) => {
			if (this.bySid(speaker.sid) !== speaker) speakers.delete(speaker); // has left
		});
		this.activeSpeakers = Array.from(speakers).sort((a, b) => b.audioLevel - a.audioLevel);
		this.#link.announce("activeSpeakersChanged", this.activeSpeakers);
	}

	updateQuality(updates: readonly ConnectionQualityInfo[]): void {
		updates.forEach((update) => {
			this.bySid(update.participantSid)?.updateQuality(update.quality);
		});
	}

	byIdentity(identity: string): Participant | undefined {
		if (identity && this.#local.identity === identity) return this.#local;
		return this.remote.get(identity);
	}

	bySid(sid: string): Participant | undefined {
		if (this.#local.sid === sid) return this.#local;
		return this.#remotes.find((participant) => participant.sid === sid);
	}

	/** The remote track of this sid, and whose it is. */
	findTrack(
		sid: string,
	): { participant: RemoteParticipant; publication: RemoteTrackPublication } | undefined {
		const participant = this.#remotes.find((remote) => remote.trackPublications.has(sid));
		const publication = participant?.trackPublications.get(sid);
		return participant && publication && { participant, publication };
	}

	get #remotes(): RemoteParticipant[] {
		return Array.from(this.remote.values());
	}

	/** We are moved: who was here is told to leave. Their identities. */
	leaveAll(): string[] {
		const remotes = this.#remotes;
		this.beyond.clear();
		remotes.forEach((participant) => this.#remove(participant));
		return remotes.map((remote) => remote.identity);
	}

	/** The session is over: nobody is left, and nobody is told of it one by one. */
	clear(): void {
		const remotes = this.#remotes;
		this.remote.clear();
		this.beyond.clear();
		remotes.forEach((participant) => participant.leave());
		this.activeSpeakers = [];
	}

	/** Leaves out what nobody reads, and has those who may do the same share one description of it. */
	#slim(info: { -readonly [K in keyof ParticipantInfo]?: ParticipantInfo[K] }): void {
		delete info.isPublisher;
		if (info.joinedAtMs) delete info.joinedAt;
		info.tracks?.forEach((track: { version?: unknown }) => delete track.version);
		const { permission } = info;
		if (!permission) return;
		if (samePermissions(this.#permission, permission)) info.permission = this.#permission;
		else this.#permission = permission;
	}

	#add(info: ParticipantInfo): void {
		this.beyond.delete(info.identity);
		const participant = new RemoteParticipant(info, this.#link);
		this.remote.set(info.identity, participant);
		this.#link.announce("participantConnected", participant);
		if (participant.isActive) this.#link.announce("participantActive", participant);
		participant.updateTracks(info);
	}

	/** A place is free: who waits longest has it. The server's next word on it brings the rest. */
	#promote(): void {
		const identity: string | undefined = this.beyond.keys().next().value;
		if (identity === undefined || this.remote.size >= this.#limit) return;
		this.#add({
			identity,
			sid: this.beyond.get(identity),
			version: 0,
			state: ParticipantState.ACTIVE,
			kind: ParticipantKind.STANDARD,
			name: "",
			metadata: "",
			attributes: new Map(),
			tracks: [] as readonly TrackInfo[],
			joinedAt: 0,
			joinedAtMs: 0,
			clientProtocol: 0,
		} as Partial<ParticipantInfo> as ParticipantInfo);
	}

	#onGone(participant: RemoteParticipant, info: ParticipantInfo): void {
		if (participant.sid !== info.sid) return; // of a join before this one
		this.#remove(participant, info.disconnectReason || undefined);
	}

	#remove(participant: RemoteParticipant, reason?: DisconnectReason): void {
		this.remote.delete(participant.identity);
		participant.trackPublications.forEach((_, sid) => participant.unpublish(sid));
		this.#link.announce("participantDisconnected", participant, reason);
		participant.leave();
		if (this.activeSpeakers.includes(participant)) this.updateSpeakers([]);
		this.#promote();
	}
}
