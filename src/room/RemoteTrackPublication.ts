/** A track of somebody else: whether we want it, may have it, and have it. */

import { SubscriptionError, TrackType } from "../protocol/generated/enums";
import type { TrackInfo } from "../protocol/generated/types";
import type { RemoteParticipant } from "./RemoteParticipant";
import type { RoomLink } from "./RoomLink";
import type { RemoteAudioTrack } from "./Track";
import { TrackPublication } from "./TrackPublication";

export class RemoteTrackPublication extends TrackPublication {
	readonly #participant: RemoteParticipant;
	#track: RemoteAudioTrack | undefined;
	#desired: boolean;
	#allowed = true;
	#enabled = true;

	constructor(info: TrackInfo, participant: RemoteParticipant) {
		super(info);
		this.#participant = participant;
		this.#desired = participant.link.autoSubscribe && !isVideo(info);
	}

	/** The track, while it is subscribed. */
	override get track(): RemoteAudioTrack | undefined {
		return this.#track;
	}
	get audioTrack(): RemoteAudioTrack | undefined {
		return this.#track;
	}
	override get isLocal(): false {
		return false;
	}
	override get isMuted(): boolean {
		return this.trackInfo.muted;
	}
	/** The track is here and plays, and we want it to. */
	override get isSubscribed(): boolean {
		return this.#desired && this.#track !== undefined;
	}
	/** We want it: by `autoSubscribe`, or setSubscribed(). */
	get isDesired(): boolean {
		return this.#desired;
	}
	/** The server sends what there is of it; see setEnabled(). */
	override get isEnabled(): boolean {
		return this.#enabled;
	}
	get subscriptionStatus(): TrackPublication.SubscriptionStatus {
		const { Desired, Subscribed, Unsubscribed } = TrackPublication.SubscriptionStatus;
		if (!this.#desired) return Unsubscribed;
		return this.#track ? Subscribed : Desired;
	}
	get permissionStatus(): TrackPublication.PermissionStatus {
		const { Allowed, NotAllowed } = TrackPublication.PermissionStatus;
		return this.#allowed ? Allowed : NotAllowed;
	}

	/**
	 * Asks for the track, or to be spared it. TrackSubscribed and TrackUnsubscribed follow; of video
	 * TrackSubscriptionFailed.
	 */
	setSubscribed(subscribed: boolean): void {
		if (isVideo(this.trackInfo)) {
			if (subscribed) this.fail(SubscriptionError.SE_CODEC_UNSUPPORTED);
			return;
		}
		change(this, this.#participant, () => {
			this.#desired = subscribed;
			if (subscribed) this.#allowed = true; // until the server says no
		});
		const { link, sid: participantSid } = this.#participant;
		const trackSids = [this.trackSid];
		link.send({
			subscription: {
				trackSids,
				subscribe: subscribed,
				participantTracks: [{ participantSid, trackSids }],
			},
		});
	}

	/** Lets the server hold the track back, or send it again: quicker than to subscribe anew. */
	setEnabled(enabled: boolean): void {
		if (!this.#desired || this.#enabled === enabled) return;
		this.#enabled = enabled;
		this.#participant.link.send({
			trackSetting: { trackSids: [this.trackSid], disabled: !enabled },
		});
	}

	/** @internal The track comes or goes. */
	setTrack(track: RemoteAudioTrack | undefined): void {
		const { link } = this.#participant;
		const before = this.#track;
		if (before === track) return;
		change(this, this.#participant, () => {
			this.#track = track;
			if (before) link.announce("trackUnsubscribed", before, this, this.#participant);
			if (track) link.announce("trackSubscribed", track, this, this.#participant);
		});
	}

	/** @internal Its publisher lets us, or no longer. */
	setAllowed(allowed: boolean): void {
		change(this, this.#participant, () => {
			this.#allowed = allowed;
		});
	}

	/** @internal The server cannot give it to us. */
	fail(error: SubscriptionError | undefined): void {
		const participant = this.#participant;
		participant.link.announce("trackSubscriptionFailed", this.trackSid, participant, error);
		this.emit("subscriptionFailed", error);
	}
}

/** Video is not received here: without this the server would go on trying to send it. */
export function refuseVideo(tracks: readonly TrackInfo[], link: RoomLink): void {
	if (!link.autoSubscribe) return;
	const trackSids = tracks.filter(isVideo).map(({ sid }) => sid);
	if (trackSids.length > 0) link.send({ subscription: { trackSids, subscribe: false } });
}

const isVideo = ({ type }: TrackInfo) => type === TrackType.VIDEO;

/** Runs it, and tells what is another than before. A private method would be a slot of every object. */
function change(
	publication: RemoteTrackPublication,
	participant: RemoteParticipant,
	run: () => void,
): void {
	const { permissionStatus: permission, subscriptionStatus: status } = publication;
	run();
	const { permissionStatus, subscriptionStatus } = publication;
	const { link } = participant;
	if (permissionStatus !== permission) {
		link.announce("trackSubscriptionPermissionChanged", publication, permissionStatus, participant);
		publication.emit("subscriptionPermissionChanged", permissionStatus, permission);
	}
	if (subscriptionStatus !== status) {
		link.announce("trackSubscriptionStatusChanged", publication, subscriptionStatus, participant);
		publication.emit("subscriptionStatusChanged", subscriptionStatus, status);
	}
}
