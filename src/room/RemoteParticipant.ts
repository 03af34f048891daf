/** Somebody else in the room. */

import type { ParticipantInfo } from "../protocol/generated/types";
import { Participant } from "./Participant";
import { RemoteTrackPublication, refuseVideo } from "./RemoteTrackPublication";
import type { RoomLink } from "./RoomLink";
import { checkVolume, type RemoteAudioTrack, Track } from "./Track";

const { Microphone } = Track.Source;

export class RemoteParticipant extends Participant<RemoteTrackPublication> {
	/** @internal */
	readonly link: RoomLink;
	/** Gains by source, for tracks to come. */
	#volumes: Map<Track.Source, number> | undefined;

	constructor(info: ParticipantInfo, link: RoomLink) {
		super(info);
		this.link = link;
	}

	override get isLocal(): false {
		return false;
	}

	/**
	 * Linear gain of its tracks of this source, now and later: 0 is silence, 1 the track as it comes.
	 * Throws RangeError when it is negative.
	 */
	setVolume(volume: number, source: Track.Source = Microphone): void {
		checkVolume(volume);
		this.#volumes ??= new Map();
		this.#volumes.set(source, volume);
		this.trackPublications.forEach((publication) => {
			if (publication.source === source) publication.track?.setVolume(volume);
		});
	}

	/** Undefined when none was set and no track of the source is subscribed. */
	getVolume(source: Track.Source = Microphone): number | undefined {
		return this.getTrackPublication(source)?.track?.getVolume() ?? this.#volumes?.get(source);
	}

	/** @internal */
	override update(info: ParticipantInfo): boolean {
		if (!super.update(info)) return false;
		this.updateTracks(info);
		return true;
	}

	/** @internal Makes the publications those of `info`. */
	updateTracks(info: ParticipantInfo): void {
		const { link } = this;
		const gone = new Set(this.trackPublications.keys());
		const added: RemoteTrackPublication[] = [];
		for (let i = 0; i < info.tracks.length; i++) {
			const track = info.tracks[i];
			const known = this.trackPublications.get(track.sid);
			gone.delete(track.sid);
			if (!known) {
				const publication = new RemoteTrackPublication(track, this);
				this.trackPublications.set(track.sid, publication);
				added.push(publication);
			} else if (known.update(track)) {
				link.announce(track.muted ? "trackMuted" : "trackUnmuted", known, this);
			}
		}
		gone.forEach((sid) => this.unpublish(sid));
		refuseVideo(
			added.map(({ trackInfo }) => trackInfo),
			link,
		);
		for (let i = 0; i < added.length; i++) link.announce("trackPublished", added[i], this);
	}

	/** @internal */
	unpublish(sid: string): void {
		const publication = this.trackPublications.get(sid);
		if (!publication) return;
		publication.setTrack(undefined);
		this.trackPublications.delete(sid);
		this.link.announce("trackUnpublished", publication, this);
	}

	/** @internal */
	subscribe(publication: RemoteTrackPublication, track: RemoteAudioTrack): void {
		const volume = this.#volumes?.get(publication.source);
		if (volume !== undefined) track.setVolume(volume);
		publication.setTrack(track);
	}
}
