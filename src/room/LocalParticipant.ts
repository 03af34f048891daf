/** This device in the room. */

import type {
	ParticipantInfo,
	SubscriptionPermission,
	TrackInfo,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { DataSender } from "./DataSender";
import { type TrackPublishError, UnsupportedError } from "./errors";
import type { LocalTrackPublication } from "./LocalTrackPublication";
import { LocalTracks, notAllowed } from "./LocalTracks";
import { OwnInfo } from "./OwnInfo";
import type {
	CreateLocalTracksOptions,
	ParticipantTrackPermission,
	TrackPublishOptions,
} from "./options";
import type { RoomCore } from "./RoomCore";
import type { RoomData } from "./RoomData";
import type { RoomLink } from "./RoomLink";
import type { RoomSession } from "./RoomSession";
import type { SoundDevices } from "./SoundDevices";
import { LocalAudioTrack, protoSourceOf, Track } from "./Track";

export class LocalParticipant extends DataSender {
	/** Why the microphone could not be opened, when it was tried last. */
	lastMicrophoneError: Error | undefined;
	readonly #core: RoomCore;
	readonly #devices: SoundDevices;
	readonly #tracks: LocalTracks;
	readonly #ownInfo = new OwnInfo();
	#joined = false;
	/** Kept for the next session too. */
	#subscriptionPermission: Init<SubscriptionPermission> | undefined;

	/** @internal */
	constructor(core: RoomCore, devices: SoundDevices) {
		const tracks = new LocalTracks(core);
		super(undefined, tracks.publications);
		this.#core = core;
		this.#devices = devices;
		this.#tracks = tracks;
	}

	/** @internal */
	override get link(): RoomLink {
		return this.#core;
	}
	/** @internal */
	protected override get data(): RoomData {
		return this.#core.data;
	}
	override get isLocal(): true {
		return true;
	}
	/** There is no camera to fail. */
	get lastCameraError(): undefined {
		return undefined;
	}

	/**
	 * Publishes the board's microphone at the first call; mutes and unmutes it from then on.
	 *
	 * Before connect() the microphone is opened, resolves to undefined, and is published with the
	 * join itself, which is the fastest way to be heard. Else resolves when it is published.
	 *
	 * Rejects with MediaDeviceError when the microphone cannot be opened, and with TrackPublishError
	 * when the server does not take it. Both are told as MediaDevicesError too, so the promise may be
	 * left alone. There are no capture options: `_options` keeps livekit-client's order of arguments.
	 */
	setMicrophoneEnabled(
		enabled: boolean,
		_options?: unknown,
		publishOptions?: TrackPublishOptions,
	): Promise<LocalTrackPublication | undefined> {
		const done = this.#enableMicrophone(enabled, publishOptions);
		done.catch(() => {});
		return done;
	}

	async #enableMicrophone(
		enabled: boolean,
		options: TrackPublishOptions | undefined,
	): Promise<LocalTrackPublication | undefined> {
		let track = this.#tracks.find(Track.Source.Microphone);
		if (!track) {
			if (!enabled) return undefined;
			track = this.#createMicrophone();
		}
		track.setMuted(!enabled);
		if (!this.#tracks.attached && !enabled) {
			this.#tracks.unpublish(track, true);
			return undefined;
		}
		const published = this.publishTrack(track, options);
		return this.#tracks.attached ? published : undefined;
	}

	/** The microphone's half of it: there is no camera. */
	async enableCameraAndMicrophone(): Promise<void> {
		await this.setMicrophoneEnabled(true);
	}

	/**
	 * Opens the board's microphone for a track of one's own, to be published or stopped. Rejects with
	 * MediaDeviceError, or UnsupportedError when video is asked for.
	 */
	async createTracks({
		audio = true,
		video = false,
	}: CreateLocalTracksOptions = {}): Promise<LocalAudioTrack[]> {
		if (video) throw this.#unsupported("camera");
		return audio ? [this.#createMicrophone()] : [];
	}

	/**
	 * Resolves when the server has taken the track; before connect(), it goes with the join. A track
	 * that is published already stays as it is. Rejects with TrackPublishError: not allowed, refused,
	 * no answer within 10 s, or the session ended.
	 */
	publishTrack(
		track: LocalAudioTrack,
		options?: TrackPublishOptions,
	): Promise<LocalTrackPublication> {
		const source = options?.source ?? track.source;
		if (!this.#mayPublish(source)) {
			const error = notAllowed();
			track.stop();
			this.#core.publishFailed(error);
			return Promise.reject(error);
		}
		return this.#tracks.publish(track, { ...this.#core.options.publishDefaults, ...options });
	}

	/**
	 * Takes the track out of the room. Its microphone closes, unless `stopOnUnpublish` (the room's
	 * `stopLocalTrackOnUnpublish` by default) is false. Undefined when it was not published.
	 */
	async unpublishTrack(
		track: LocalAudioTrack,
		stopOnUnpublish?: boolean,
	): Promise<LocalTrackPublication | undefined> {
		return this.#tracks.unpublish(track, stopOnUnpublish ?? this.#stopOnUnpublish);
	}

	async unpublishTracks(tracks: readonly LocalAudioTrack[]): Promise<LocalTrackPublication[]> {
		const all = await Promise.all(tracks.map((track) => this.unpublishTrack(track)));
		return all.filter((publication) => publication !== undefined);
	}

	/** Rejects with UnsupportedError; to disable it does nothing. */
	async setCameraEnabled(enabled: boolean): Promise<LocalTrackPublication | undefined> {
		if (enabled) throw this.#unsupported("camera");
		return undefined;
	}
	/** As setCameraEnabled(). */
	async setScreenShareEnabled(enabled: boolean): Promise<LocalTrackPublication | undefined> {
		if (enabled) throw this.#unsupported("screen to share");
		return undefined;
	}
	/** Rejects with UnsupportedError. */
	async createScreenTracks(): Promise<LocalAudioTrack[]> {
		throw this.#unsupported("screen to share");
	}

	/**
	 * Who may subscribe to our tracks; all, until this is called. Tracks published later are not in
	 * `allowedTrackSids`: call it again. Throws when a permission names nobody. The server answers
	 * nothing.
	 */
	setTrackSubscriptionPermissions(
		allParticipantsAllowed: boolean,
		participantTrackPermissions: readonly ParticipantTrackPermission[] = [],
	): void {
		if (participantTrackPermissions.some((to) => !to.participantIdentity && !to.participantSid)) {
			throw new TypeError("a permission needs participantIdentity or participantSid");
		}
		this.#subscriptionPermission = {
			allParticipants: allParticipantsAllowed,
			trackPermissions: participantTrackPermissions.map((permission) => ({
				participantIdentity: permission.participantIdentity,
				participantSid: permission.participantSid,
				allTracks: permission.allowAll,
				trackSids: permission.allowedTrackSids,
			})),
		};
		this.#sendSubscriptionPermission();
	}

	/**
	 * Resolves when the server shows the new name. Rejects with SignalRequestError when it refuses
	 * (the token needs canUpdateOwnMetadata) or does not within 5 s. It takes "" for no change.
	 */
	setName(name: string): Promise<void> {
		return this.#ownInfo.request({ name }, this.info);
	}
	/** As setName(). */
	setMetadata(metadata: string): Promise<void> {
		return this.#ownInfo.request({ metadata }, this.info);
	}
	/** As setName(), for those that are named; "" deletes one. */
	setAttributes(attributes: Readonly<Record<string, string>>): Promise<void> {
		return this.#ownInfo.request({ attributes }, this.info);
	}

	/** @internal A session begins: what is enabled goes with its first offer. */
	attach(session: RoomSession): void {
		this.#tracks.attach(session);
		this.#ownInfo.attach(session);
	}

	/** @internal We are in the room: what the server does not remember is told anew. */
	joined(): void {
		this.#joined = true;
		this.#sendSubscriptionPermission();
	}

	/** @internal The connection is lost for good: our tracks are unpublished until they are back. */
	suspend(): void {
		this.#joined = false;
		this.#tracks.suspend();
	}

	/** @internal */
	republished(cid: string, info: TrackInfo): void {
		this.#tracks.republished(cid, info);
	}

	/** @internal */
	publicationLost(cid: string, error: TrackPublishError): void {
		this.#tracks.lost(cid, error);
	}

	/** @internal disconnect() was called. */
	releaseTracks(stop: boolean): void {
		this.#tracks.releaseAll(stop);
	}

	/** @internal The session is over. A track that never was published waits for the next. */
	detach(stop = this.#stopOnUnpublish): void {
		this.#joined = false;
		this.#tracks.detach(stop);
		this.#ownInfo.detach();
		this.leave();
	}

	/** @internal */
	override update(info: ParticipantInfo): boolean {
		if (!super.update(info)) return false;
		info.tracks.forEach((track) => this.#tracks.update(track));
		this.trackPublications.forEach(({ track }) => {
			if (!this.#mayPublish(track.source)) this.#tracks.unpublish(track, this.#stopOnUnpublish);
		});
		this.#ownInfo.update(info);
		return true;
	}

	/** @internal The server mutes or unmutes us. */
	remoteMute(sid: string, muted: boolean): void {
		this.trackPublications.get(sid)?.track.setMuted(muted);
	}

	/** @internal The server took the track out. */
	remoteUnpublish(sid: string): void {
		const publication = this.trackPublications.get(sid);
		if (publication) this.#tracks.unpublish(publication.track, this.#stopOnUnpublish);
	}

	get #stopOnUnpublish(): boolean {
		return this.#core.options.stopLocalTrackOnUnpublish ?? true;
	}

	#createMicrophone(): LocalAudioTrack {
		try {
			this.lastMicrophoneError = undefined;
			return new LocalAudioTrack(this.#devices.openMicrophone());
		} catch (error) {
			this.lastMicrophoneError = error as Error;
			throw error;
		}
	}

	/** As far as we were told; the server has the last word. */
	#mayPublish(source: Track.Source): boolean {
		const { permissions } = this;
		if (!permissions || !this.#joined) return true;
		const { canPublish, canPublishSources } = permissions;
		if (!canPublish) return false;
		return canPublishSources.length === 0 || canPublishSources.includes(protoSourceOf(source));
	}

	#sendSubscriptionPermission(): void {
		const subscriptionPermission = this.#subscriptionPermission;
		if (subscriptionPermission) this.link.send({ subscriptionPermission });
	}

	#unsupported(what: string): UnsupportedError {
		const name = this.#core.options.board?.name;
		return new UnsupportedError(`${name ? `the board ${name}` : "this board"} has no ${what}`);
	}
}
