/**
 * A room whose connection is lost and comes back: the states and events of that, in livekit-client's
 * documented order.
 *
 *   signalling alone   SignalReconnecting … Reconnected
 *   media as well      Reconnecting … Reconnected
 *   all joined anew    ParticipantDisconnected…, LocalTrackUnpublished…, Reconnecting …
 *                      Reconnected, ParticipantConnected…, LocalTrackPublished…
 */

import type { JoinResponse, TrackInfo } from "../protocol/generated/types";
import type { TrackPublishError } from "./errors";
import { ConnectionState } from "./events";
import type { RoomSession } from "./RoomSession";

export interface ReconnectionHost {
	/** Sets the state, and tells of it when it is another one. */
	setState(state: ConnectionState): void;
	emit(event: "signalReconnecting" | "reconnecting" | "reconnected"): void;
	/** All that was there leaves: participants, subscriptions, publications. */
	leaveAll(): void;
	onRejoined(join: JoinResponse): void;
	/** What was held back is told. */
	flush(): void;
	onRepublished(cid: string, info: TrackInfo): void;
	onPublicationLost(cid: string, error: TrackPublishError): void;
}

export class Reconnection {
	readonly #host: ReconnectionHost;
	#restarting = false;
	/** Publications that are back: told of after all else. */
	#republished: (() => void)[] = [];

	constructor(host: ReconnectionHost) {
		this.#host = host;
	}

	/** All is joined anew: what happens is news, to be told after Reconnected. */
	get restarting(): boolean {
		return this.#restarting;
	}

	listen(session: RoomSession): void {
		const { setState, emit, leaveAll, onRejoined, onRepublished, onPublicationLost } = this.#host;
		session.on("signalReconnecting", () => {
			setState(ConnectionState.SignalReconnecting);
			emit("signalReconnecting");
		});
		session.on("restarting", () => {
			leaveAll();
			this.#restarting = true;
		});
		session.on("reconnecting", () => {
			setState(ConnectionState.Reconnecting);
			emit("reconnecting");
		});
		session.on("rejoined", onRejoined);
		session.on("republished", (cid, info) => {
			this.#republished.push(() => onRepublished(cid, info));
		});
		session.on("publicationLost", (cid, error) => {
			this.#republished.push(() => onPublicationLost(cid, error));
			if (!this.#restarting) this.#tellRepublished();
		});
		session.on("reconnected", () => this.#onReconnected());
	}

	/** The session is over. */
	reset(): void {
		this.#restarting = false;
		this.#republished = [];
	}

	#onReconnected(): void {
		const { setState, emit, flush } = this.#host;
		this.#restarting = false;
		setState(ConnectionState.Connected);
		emit("reconnected");
		flush();
		this.#tellRepublished();
	}

	#tellRepublished(): void {
		const republished = this.#republished;
		this.#republished = [];
		for (const tell of republished) tell();
	}
}
