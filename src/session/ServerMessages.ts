/** What the server says to a session by signalling: each kind of message by the method of its name. */

import Timer from "timer";
import type { Handlers } from "../platform/emitter";
import {
	DisconnectReason,
	RequestResponse_Reason as RequestReason,
	SignalTarget,
} from "../protocol/generated/enums";
import type {
	ConnectionQualityUpdate,
	JoinResponse,
	LeaveRequest,
	MediaSectionsRequirement,
	MuteTrackRequest,
	ParticipantUpdate,
	ReconnectResponse,
	RequestResponse,
	RoomMovedResponse,
	RoomUpdate,
	SessionDescription,
	SpeakersChanged,
	StreamStateUpdate,
	SubscriptionPermissionUpdate,
	SubscriptionResponse,
	TrackPublishedResponse,
	TrackSubscribed,
	TrackUnpublishedResponse,
	TrickleRequest,
} from "../protocol/generated/types";
import { nameOf } from "../signal/failures";
import type { SignalClosed, SignalEvents } from "../signal/types";
import * as ends from "./ends";
import type { Session } from "./Session";
import type { RoomMessages } from "./types";

/** Milliseconds for our own peer's word on why media does not come up. */
const OWN_WORD = 20;

export class ServerMessages implements Handlers<SignalEvents> {
	readonly #session: Session;
	/** The room's, that came before the join response was handled. */
	#early: (() => void)[] | undefined = [];
	/** The server's Leave waits for our own peer's word. */
	#leaving = false;

	constructor(session: Session) {
		this.#session = session;
	}

	// Of peer connections: for the one that there is then.

	welcome(response: JoinResponse | ReconnectResponse): void {
		this.#session.connection?.welcome(response);
	}
	answer(answer: SessionDescription): void {
		this.#take("answer", () => this.#session.connection?.negotiation.answer(answer));
	}
	offer(offer: SessionDescription): void {
		this.#take("offer", () => this.#session.connection?.subscriber?.offer(offer));
	}
	trickle(request: TrickleRequest): void {
		const { negotiation, subscriber } = this.#session.connection ?? {};
		const side = request.target === SignalTarget.SUBSCRIBER ? subscriber : negotiation;
		side?.trickle(request.candidateInit, request.final);
	}
	mediaSectionsRequirement(requirement: MediaSectionsRequirement): void {
		this.#session.connection?.negotiation.require(requirement.numAudios, requirement.numVideos);
	}

	// Of the session.

	trackPublished(response: TrackPublishedResponse): void {
		if (response.track) this.#session.publications.resolve(response.cid, response.track);
	}
	/** A refusal names its track in `addTrack`: requests of a join carry no id. */
	requestResponse({ reason, message, addTrack }: RequestResponse): void {
		if (!addTrack || reason === RequestReason.OK || reason === RequestReason.QUEUED) return;
		const why = message || nameOf(RequestReason, reason);
		this.#session.onRefused(addTrack.cid, `the server refused the track: ${why}`, reason);
	}
	refreshToken(token: string): void {
		this.#session.signalling.refresh(token);
	}
	leave(leave: LeaveRequest): void {
		if (leave.regions) this.#session.signalling.regionsReported(leave.regions.regions);
		const { connection } = this.#session;
		const tell = () => {
			this.#leaving = false;
			if (this.#session.connection === connection)
				this.#session.happen(ends.eventOf(leave), ends.dismissed(leave));
		};
		// The server knows that media did not come up, our peer also why: it may be a turn later.
		this.#leaving =
			leave.reason === DisconnectReason.CONNECTION_TIMEOUT && connection?.media === "new";
		if (this.#leaving) Timer.set(tell, OWN_WORD);
		else tell();
	}
	closed(end: SignalClosed): void {
		if (!this.#leaving) this.#session.happen("signalLost", ends.signalLost(end.message));
	}

	// Of the room.

	roomMoved(moved: RoomMovedResponse): void {
		this.#session.signalling.refresh(moved.token, moved.participant?.sid);
		this.#forward("roomMoved", moved);
	}
	update(message: ParticipantUpdate): void {
		this.#forward("update", message);
	}
	speakersChanged(message: SpeakersChanged): void {
		this.#forward("speakersChanged", message);
	}
	roomUpdate(message: RoomUpdate): void {
		this.#forward("roomUpdate", message);
	}
	connectionQuality(message: ConnectionQualityUpdate): void {
		this.#forward("connectionQuality", message);
	}
	mute(message: MuteTrackRequest): void {
		this.#forward("mute", message);
	}
	trackUnpublished(message: TrackUnpublishedResponse): void {
		this.#forward("trackUnpublished", message);
	}
	trackSubscribed(message: TrackSubscribed): void {
		this.#forward("trackSubscribed", message);
	}
	subscriptionResponse(message: SubscriptionResponse): void {
		this.#forward("subscriptionResponse", message);
	}
	subscriptionPermissionUpdate(message: SubscriptionPermissionUpdate): void {
		this.#forward("subscriptionPermissionUpdate", message);
	}
	streamStateUpdate(message: StreamStateUpdate): void {
		this.#forward("streamStateUpdate", message);
	}

	/** The room's messages wait for a join response. */
	get held(): boolean {
		return this.#early !== undefined;
	}
	hold(): void {
		this.#early = [];
	}
	/** It was handled. */
	release(): void {
		const early = this.#early ?? [];
		this.#early = undefined;
		for (let i = 0; i < early.length; i++) early[i]();
	}

	#forward<K extends keyof RoomMessages>(kind: K, message: RoomMessages[K][0]): void {
		const session: { emit(kind: K, message: RoomMessages[K][0]): boolean } = this.#session;
		if (this.#early) this.#early.push(() => session.emit(kind, message));
		else session.emit(kind, message);
	}

	#take(what: string, apply: () => void): void {
		this.#session.timeline.mark("joined"); // the join response came just before
		try {
			apply();
		} catch (error) {
			const message = `the server's ${what} cannot be used: ${(error as Error).message}`;
			this.#session.happen("failed", ends.failed(message));
		}
	}
}
