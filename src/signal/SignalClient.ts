/** LiveKit's signalling over one WebSocket: join, messages by kind, ping, leave. */

import type { StreamTLSOptions } from "webrtc-native/stream";
import { Emitter } from "../platform/emitter";
import type { DisconnectReason } from "../protocol/generated/enums";
import type {
	JoinRequest,
	JoinResponse,
	RequestResponse,
	SignalRequest,
	SignalResponse,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

export interface SignalOptions {
	/** Largest inbound message in bytes; a larger one is discarded in C and counted. 65,536 by default. */
	maxSignalBytes?: number;
	/** For wss: private trust anchors, or no verification. */
	tls?: StreamTLSOptions;
	/** Milliseconds until the WebSocket must be open; 15,000 by default. */
	openTimeout?: number;
	/** Milliseconds from there to the first message; 5,000 by default. */
	joinTimeout?: number;
}

/** Why a joined connection ended, when it was not by close() or leave(). */
export interface SignalClosed {
	/** One line. */
	message: string;
	/** WebSocket close code; 1006 when there was none (RFC 6455 section 7.1.5). */
	code: number;
}

/** Every kind of SignalResponse by its field's name, and `closed`. */
export type SignalEvents = {
	[K in keyof SignalResponse]-?: [NonNullable<SignalResponse[K]>];
} & {
	/** At most once, after connect() has resolved. Nothing comes after it. */
	closed: [SignalClosed];
};

export interface SignalStats {
	messagesIn: number;
	messagesOut: number;
	bytesIn: number;
	bytesOut: number;
	/** Messages that did not decode; they are dropped. */
	malformed: number;
	/** Messages over maxSignalBytes; they are dropped. */
	refused: number;
	/** "TLSv1.2 …", or "" over plain TCP. */
	cipher: string;
}

/**
 * One connection to a LiveKit server's `/rtc/v1`; a new one takes a new SignalClient.
 *
 * Register listeners before connect(): what the server sends right behind the join response (the
 * answer, candidates) is emitted in the same turn, before code after `await connect()` runs.
 * `pong`, `pongResp` and `join` are handled here and not emitted.
 */
export class SignalClient extends Emitter<SignalEvents> {
	/** @param options are not changed */
	constructor(readonly options: SignalOptions = {}) {
		super();
	}

	/**
	 * Opens the connection and joins. `url` is ws, wss, http or https, with or without a path.
	 * `join.clientInfo` is filled in where it is absent; `connectionSettings` must be given (the
	 * server does not auto-subscribe without).
	 *
	 * Rejects with a ConnectionError, also when close() or leave() is called meanwhile (Cancelled).
	 * Never takes longer than openTimeout + joinTimeout + 5 s.
	 */
	connect(_url: string, _token: string, _join: Init<JoinRequest>): Promise<JoinResponse> {
		throw new Error("not implemented");
	}

	/** Between a successful connect() and the end. */
	get connected(): boolean {
		return false;
	}

	/** Milliseconds of the last ping's round trip; 0 before the first. */
	get rtt(): number {
		return 0;
	}

	/** Sends now; false (and nothing sent) when not connected. Queueing is the session's policy. */
	send(_request: Init<SignalRequest>): boolean {
		return false;
	}

	/** A number for the `requestId` of a request, from 1. */
	nextRequestId(): number {
		return 0;
	}

	/**
	 * The server's RequestResponse to `requestId`. Undefined when none came within `timeout`
	 * milliseconds, or the connection ended: servers do not answer everything.
	 */
	response(_requestId: number, _timeout = 5000): Promise<RequestResponse | undefined> {
		return Promise.resolve(undefined);
	}

	/** Tells the server that this participant leaves for good, then closes. */
	leave(_reason?: DisconnectReason): void {}

	/** Closes without a word to LiveKit (it keeps the participant for some seconds). Emits nothing. */
	close(): void {}

	get stats(): SignalStats {
		throw new Error("not implemented");
	}
}
