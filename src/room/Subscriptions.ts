/** What the server sends us, joined to what it says of it: either may be here first. */

import type { SubscriptionError } from "../protocol/generated/enums";
import type {
	StreamStateInfo,
	SubscriptionPermissionUpdate,
	TrackInfo,
} from "../protocol/generated/types";
import type { IncomingTrack } from "../session/Receivers";
import type { Participants } from "./Participants";
import type { RoomCore } from "./RoomCore";
import { RemoteAudioTrack, streamStateOf } from "./Track";

export class Subscriptions {
	readonly #participants: Participants;
	readonly #core: RoomCore;
	/** Media by track sid. */
	readonly #media = new Map<string, IncomingTrack>();

	constructor(participants: Participants, core: RoomCore) {
		this.#participants = participants;
		this.#core = core;
	}

	/** The server sends it and it plays. */
	start(track: IncomingTrack): void {
		this.#media.set(track.sid, track);
		this.#match(track);
	}

	end(sid: string): void {
		this.#media.delete(sid);
		this.#participants.findTrack(sid)?.publication.setTrack(undefined);
	}

	/** Participants have these tracks now; their media may be waiting. */
	published(tracks: readonly TrackInfo[]): void {
		tracks.forEach(({ sid }) => {
			const track = this.#media.get(sid);
			if (track) this.#match(track);
		});
	}

	fail(sid: string, reason?: SubscriptionError): void {
		this.#participants.findTrack(sid)?.publication.fail(reason);
	}

	/** Publishers let us, or no longer. */
	permit(update: SubscriptionPermissionUpdate): void {
		this.#participants.findTrack(update.trackSid)?.publication.setAllowed(update.allowed);
	}

	/** The server holds tracks back, or sends them again. */
	updateStates(states: readonly StreamStateInfo[]): void {
		states.forEach((update) => {
			const found = this.#participants.findTrack(update.trackSid);
			const { track } = found?.publication ?? {};
			const streamState = streamStateOf(update.state);
			if (!found || !track || track.streamState === streamState) return;
			track.streamState = streamState;
			this.#core.announce(
				"trackStreamStateChanged",
				found.publication,
				streamState,
				found.participant,
			);
		});
	}

	/** The session is over; every subscription ends with it. */
	clear(): void {
		this.#participants.remote.forEach(({ trackPublications }) => {
			trackPublications.forEach((publication) => publication.setTrack(undefined));
		});
		this.#media.clear();
	}

	#match(track: IncomingTrack): void {
		const found = this.#participants.findTrack(track.sid);
		if (!found || found.publication.track) return;
		this.#core.afterConnected(() => {
			const { participant, publication } = found;
			if (this.#media.get(track.sid) !== track || publication.track) return;
			const muted = () => publication.isMuted;
			const audio = new RemoteAudioTrack(track, publication.source, muted);
			participant.subscribe(publication, audio);
		});
	}
}
