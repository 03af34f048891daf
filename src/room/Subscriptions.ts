/** What the server sends us, joined to what it says of it: either may be here first. */

import type { SubscriptionError } from "../protocol/generated/enums";
import type { TrackInfo } from "../protocol/generated/types";
import type { IncomingTrack } from "../session/Negotiation";
import type { Announce } from "./events";
import type { Participants } from "./Participants";
import { RemoteAudioTrack } from "./Track";

export class Subscriptions {
	readonly #participants: Participants;
	readonly #announce: Announce;
	readonly #afterConnected: (run: () => void) => void;
	/** Media by track sid. */
	readonly #media = new Map<string, IncomingTrack>();

	/** `afterConnected` runs at once, or behind the event Connected. */
	constructor(
		participants: Participants,
		announce: Announce,
		afterConnected: (run: () => void) => void,
	) {
		this.#participants = participants;
		this.#announce = announce;
		this.#afterConnected = afterConnected;
	}

	/** The server sends it and it plays. */
	start(track: IncomingTrack): void {
		this.#media.set(track.sid, track);
		this.#match(track);
	}

	end(sid: string): void {
		this.#media.delete(sid);
		const found = this.#participants.findTrack(sid);
		if (found) found.participant.unsubscribe(found.publication, this.#announce);
	}

	/** Participants have these tracks now; their media may be waiting. */
	published(tracks: readonly TrackInfo[]): void {
		for (const { sid } of tracks) {
			const track = this.#media.get(sid);
			if (track) this.#match(track);
		}
	}

	fail(sid: string, reason?: SubscriptionError): void {
		const found = this.#participants.findTrack(sid);
		if (found) this.#announce("trackSubscriptionFailed", sid, found.participant, reason);
	}

	/** The session is over; every subscription ends with it. */
	clear(): void {
		for (const participant of this.#participants.remote.values()) {
			for (const publication of participant.trackPublications.values()) {
				participant.unsubscribe(publication, this.#announce);
			}
		}
		this.#media.clear();
	}

	#match(track: IncomingTrack): void {
		const found = this.#participants.findTrack(track.sid);
		if (!found || found.publication.subscribed) return;
		this.#afterConnected(() => {
			const { participant, publication } = found;
			if (this.#media.get(track.sid) !== track || publication.subscribed) return;
			const audio = new RemoteAudioTrack(track.sid, publication.source, track.setVolume);
			participant.subscribe(publication, audio, this.#announce);
		});
	}
}
