/**
 * A room whose connection is lost and comes back: the states and events of that, in livekit-client's
 * documented order.
 *
 *   signalling alone   SignalReconnecting … Reconnected
 *   media as well      Reconnecting … Reconnected
 *   all joined anew    ParticipantDisconnected…, LocalTrackUnpublished…, Reconnecting …
 *                      Reconnected, ParticipantConnected…, LocalTrackPublished…
 */

import type { Handlers } from "../platform/emitter";
import type { JoinResponse, TrackInfo } from "../protocol/generated/types";
import type { SessionEvents } from "../session/types";
import type { TrackPublishError } from "./errors";
import { ConnectionState } from "./events";
import type { RoomCore } from "./RoomCore";
import type { RoomUpdates } from "./RoomUpdates";

/** Its methods are a session's events. */
export class Reconnection implements Handlers<SessionEvents> {
	readonly #core: RoomCore;
	readonly #updates: RoomUpdates;
	/** Publications that are back: told of after all else. */
	readonly #republished: (() => void)[] = [];

	constructor(core: RoomCore, updates: RoomUpdates) {
		this.#core = core;
		this.#updates = updates;
	}

	signalReconnecting(): void {
		this.#core.setState(ConnectionState.SignalReconnecting);
		this.#core.room.emit("signalReconnecting");
	}

	/** While connecting, whose events all come behind Connected, it is as if there had been nothing. */
	restarting(): void {
		this.#updates.leaveAll();
		if (this.#isConnecting) this.#core.forget();
		else this.#core.restarting = true;
	}

	reconnecting(): void {
		this.#core.setState(ConnectionState.Reconnecting);
		this.#core.room.emit("reconnecting");
	}

	rejoined(join: JoinResponse): void {
		this.#updates.enter(join);
	}

	republished(cid: string, info: TrackInfo): void {
		if (this.#isConnecting) this.#core.local.republished(cid, info);
		else this.#republished.push(() => this.#core.local.republished(cid, info));
	}

	publicationLost(cid: string, error: TrackPublishError): void {
		this.#republished.push(() => this.#core.local.publicationLost(cid, error));
		if (!this.#core.restarting) this.#tellRepublished();
	}

	reconnected(): void {
		this.#core.restarting = false;
		this.#core.setState(ConnectionState.Connected);
		this.#core.room.emit("reconnected");
		this.#core.flush();
		this.#tellRepublished();
	}

	/** The session is over. */
	reset(): void {
		this.#republished.length = 0;
	}

	get #isConnecting(): boolean {
		return this.#core.state === ConnectionState.Connecting;
	}

	#tellRepublished(): void {
		this.#republished.splice(0).forEach((tell) => tell());
	}
}
