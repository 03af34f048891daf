/** What a session ends with: the error of a connect() under way, and the reason of a connection. */

import { DisconnectReason, LeaveRequest_Action as LeaveAction } from "../protocol/generated/enums";
import type { LeaveRequest } from "../protocol/generated/types";
import { ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";
import { nameOf } from "../signal/failures";
import { asConnectionError, timeoutError } from "./failures";
import type { SessionEvent } from "./state";
import type { SessionEnd } from "./types";

/** The server knows of these: it is not told. */
const SILENT: readonly SessionEvent[] = Object.freeze([
	"dismissed",
	"signalLost",
	"toldToResume",
	"toldToRejoin",
	"forbidden",
	"exhausted",
]);

export function isSilent(this: unknown, event: SessionEvent): boolean {
	return SILENT.includes(event);
}

/** By the app. */
export function cancelled(this: unknown): SessionEnd {
	return {
		error: new ConnectionError("disconnect() was called", ConnectionErrorReason.Cancelled),
		reason: DisconnectReason.CLIENT_INITIATED,
	};
}

/** The first join came to nothing. */
export function notJoined(this: unknown, error: unknown): SessionEnd {
	return { error: asConnectionError(error) };
}

export function timedOut(this: unknown, message: string): SessionEnd {
	return { error: timeoutError(message), reason: DisconnectReason.CONNECTION_TIMEOUT };
}

/** Media, or what is needed to negotiate it. */
export function failed(this: unknown, message: string): SessionEnd {
	return {
		error: new ConnectionError(message, ConnectionErrorReason.InternalError),
		reason: DisconnectReason.MEDIA_FAILURE,
	};
}

/** What to do about it, where the reason tells. */
const ADVICE: readonly (readonly [RegExp, string])[] = Object.freeze([
	[/^ICE: |not answered/, "; does UDP to the server pass?"],
	[/fingerprint/, "; the signalling was changed on the way, or the media's: trust neither"],
]);

/** @param reason the peer's, in words */
export function mediaFailed(this: unknown, reason: string): SessionEnd {
	const advice = ADVICE.find((advice) => advice[0].test(reason))?.[1] ?? "";
	return failed(`the media connection failed: ${reason}${advice}`);
}

export function mediaSilent(this: unknown): SessionEnd {
	return { reason: DisconnectReason.CONNECTION_TIMEOUT };
}

export function signalLost(this: unknown, message: string): SessionEnd {
	return {
		error: new ConnectionError(message, ConnectionErrorReason.WebSocket),
		reason: DisconnectReason.SIGNAL_CLOSE,
	};
}

/** The server's Leave may be an order to come back. */
export function eventOf(this: unknown, leave: LeaveRequest): SessionEvent {
	if (leave.action === LeaveAction.RESUME) return "toldToResume";
	return leave.action === LeaveAction.RECONNECT ? "toldToRejoin" : "dismissed";
}

export function dismissed(this: unknown, { reason }: LeaveRequest): SessionEnd {
	const message = `the server ended the connection: ${nameOf(DisconnectReason, reason)}`;
	const error = new ConnectionError(message, ConnectionErrorReason.LeaveRequest, {
		context: reason,
	});
	return { error, reason };
}
