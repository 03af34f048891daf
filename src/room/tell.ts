/** Tells an event of the room to those it concerns: room, participant, publication, track. */

import type { Emitter, EventTable } from "../platform/emitter";
import type { RoomEvents } from "./events";
import { Participant } from "./Participant";
import type { ParticipantEvents, PublicationEvents } from "./participantEvents";
import { TrackPublication } from "./TrackPublication";

/** Where the participant's event has another name than the room's. */
const PARTICIPANT: Readonly<Partial<Record<keyof RoomEvents, keyof ParticipantEvents>>> =
	Object.freeze({
		participantActive: "active",
		participantAttributesChanged: "attributesChanged",
	});

const PUBLICATION: Readonly<Partial<Record<keyof RoomEvents, keyof PublicationEvents>>> =
	Object.freeze({
		trackMuted: "muted",
		trackUnmuted: "unmuted",
		trackSubscribed: "subscribed",
		trackUnsubscribed: "unsubscribed",
	});

/** The room's alone: the participant would only hear of itself. */
const ROOM_ONLY: readonly (keyof RoomEvents)[] = Object.freeze([
	"participantConnected",
	"participantDisconnected",
	"dataReceived",
	"objectReceived",
]);

/** A listener that throws does not keep those behind it from being called. */
export function tell<K extends keyof RoomEvents>(
	this: unknown,
	room: Emitter<RoomEvents>,
	event: K,
	args: RoomEvents[K],
): void {
	const errors: unknown[] = [];
	attempt(errors, () => room.emit(event, ...args));
	const all = args as unknown[];
	const participant = all.find((arg) => arg instanceof Participant);
	const publication = all.find((arg) => arg instanceof TrackPublication);
	if (participant && !ROOM_ONLY.includes(event)) {
		const rest = all.filter((arg) => arg !== participant);
		attempt(errors, () => emit(participant, PARTICIPANT[event] ?? event, rest));
	}
	const name = PUBLICATION[event];
	if (publication && name) {
		const rest = all.filter((arg) => arg !== participant && arg !== publication);
		attempt(errors, () => emit(publication, name, rest));
		const { track } = publication;
		if (track && (name === "muted" || name === "unmuted")) {
			attempt(errors, () => track.emit(name, track));
		}
	}
	if (errors.length) throw errors[0];
}

function emit<E extends EventTable<E>>(emitter: Emitter<E>, event: string, args: unknown[]): void {
	emitter.emit(event as keyof E, ...(args as E[keyof E]));
}

function attempt(errors: unknown[], run: () => void): void {
	try {
		run();
	} catch (error) {
		errors.push(error);
	}
}
