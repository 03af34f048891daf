/** Somebody else in the room. */

import type { ParticipantInfo } from "../protocol/generated/types";
import type { Announce } from "./events";
import { Participant } from "./Participant";
import type { RemoteAudioTrack } from "./Track";
import { RemoteTrackPublication } from "./TrackPublication";

export class RemoteParticipant extends Participant<RemoteTrackPublication> {
	/** Sets the gain of all its subscribed tracks. */
	setVolume(volume: number): void {
		for (const { track } of this.trackPublications.values()) track?.setVolume(volume);
	}

	/** @internal */
	override update(info: ParticipantInfo, announce: Announce): boolean {
		if (!super.update(info, announce)) return false;
		this.updateTracks(info, announce);
		return true;
	}

	/** @internal Makes the publications those of `info`. */
	updateTracks(info: ParticipantInfo, announce: Announce): void {
		const gone = new Set(this.trackPublications.keys());
		const added: RemoteTrackPublication[] = [];
		for (const track of info.tracks) {
			const known = this.trackPublications.get(track.sid);
			gone.delete(track.sid);
			if (!known) {
				const publication = new RemoteTrackPublication(track);
				this.trackPublications.set(track.sid, publication);
				added.push(publication);
			} else if (known.update(track)) {
				announce(track.muted ? "trackMuted" : "trackUnmuted", known, this);
			}
		}
		for (const sid of gone) this.unpublish(sid, announce);
		for (const publication of added) announce("trackPublished", publication, this);
	}

	/** @internal */
	unpublish(sid: string, announce: Announce): void {
		const publication = this.trackPublications.get(sid);
		if (!publication) return;
		this.unsubscribe(publication, announce);
		this.trackPublications.delete(sid);
		announce("trackUnpublished", publication, this);
	}

	/** @internal */
	subscribe(
		publication: RemoteTrackPublication,
		track: RemoteAudioTrack,
		announce: Announce,
	): void {
		this.unsubscribe(publication, announce);
		publication.subscribed = track;
		announce("trackSubscribed", track, publication, this);
	}

	/** @internal */
	unsubscribe(publication: RemoteTrackPublication, announce: Announce): void {
		const track = publication.subscribed;
		if (!track) return;
		publication.subscribed = undefined;
		announce("trackUnsubscribed", track, publication, this);
	}
}
