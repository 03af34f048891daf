/**
 * What a room's parts share: its state, its connection, and how its events are told. One object for
 * all of them: functions handed to each would be closures, ten slots of XS's heap apiece.
 */

import type { Emitter } from "../platform/emitter";
import type { SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { ConnectionState, type RoomEvents } from "./events";
import type { LocalParticipant } from "./LocalParticipant";
import type { RoomOptions } from "./options";
import type { RoomData } from "./RoomData";
import type { RoomLink } from "./RoomLink";
import type { RoomSession } from "./RoomSession";
import { tell } from "./tell";

export class RoomCore implements RoomLink {
	readonly room: Emitter<RoomEvents>;
	readonly options: RoomOptions;
	/** These two are there when the room is made. */
	local!: LocalParticipant;
	data!: RoomData;
	/** From connect() until its end. */
	session: RoomSession | undefined;
	state: ConnectionState = ConnectionState.Disconnected;
	/** The connect() option. */
	autoSubscribe = true;
	/** All is joined anew: what happens is news, to be told after Reconnected. */
	restarting = false;
	/** What waits for Connected, or Reconnected. */
	readonly #deferred: (() => void)[] = [];

	constructor(room: Emitter<RoomEvents>, options: RoomOptions) {
		this.room = room;
		this.options = options;
	}

	/** Emits when in the room; before, what changes is the room's first state and not news. */
	announce<K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]): void {
		if (this.restarting) this.#deferred.push(() => tell(this.room, event, args));
		else if (this.#inRoom) tell(this.room, event, args);
	}

	/** Emits now, or once the room is connected. */
	announceLater<K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]): void {
		this.afterConnected(() => tell(this.room, event, args));
	}

	/** Emits now, whatever the state. */
	tell<K extends keyof RoomEvents>(event: K, ...args: RoomEvents[K]): void {
		tell(this.room, event, args);
	}

	/** Runs at once, or behind the event Connected while connecting. */
	afterConnected(run: () => void): void {
		if (this.state === ConnectionState.Connecting || this.restarting) this.#deferred.push(run);
		else run();
	}

	send(request: Init<SignalRequest>): boolean {
		return this.session?.send(request) ?? false;
	}

	/** Sets the state, and tells of it when it is another one. */
	setState(state: ConnectionState): void {
		if (this.state === state) return;
		this.state = state;
		this.room.emit("connectionStateChanged", state);
	}

	/** A microphone or speaker is not as it should be. */
	deviceFailed(error: Error, kind: "audioinput" | "audiooutput"): void {
		this.room.emit("mediaDevicesError", error, kind);
		this.local.emit("mediaDevicesError", error, kind);
	}

	/** The server did not take a track of ours. */
	publishFailed(error: Error): void {
		if (this.session) this.deviceFailed(error, "audioinput");
	}

	/** Tells what waits. */
	flush(): void {
		const deferred = this.#deferred.splice(0);
		for (let i = 0; i < deferred.length; i++) deferred[i]();
	}

	/** What waits is not told. */
	forget(): void {
		this.#deferred.length = 0;
	}

	/** The session is over. */
	reset(): void {
		this.session = undefined;
		this.restarting = false;
		this.forget();
	}

	get #inRoom(): boolean {
		return this.state !== ConnectionState.Disconnected && this.state !== ConnectionState.Connecting;
	}
}
