/** What a SignalClient is given, and what it tells. */

import type { StreamTLSOptions } from "webrtc-native/stream";
import type { Log } from "../platform/log";
import type { ReconnectReason } from "../protocol/generated/enums";
import type { JoinResponse, ReconnectResponse, SignalResponse } from "../protocol/generated/types";

export interface SignalOptions {
	/** Largest inbound message in bytes; a larger one is discarded in C and counted. 65,536 by default. */
	maxSignalBytes?: number;
	/** For wss: private trust anchors, or no verification. */
	tls?: StreamTLSOptions;
	/** Milliseconds until the WebSocket must be open; 15,000 by default. */
	openTimeout?: number;
	/** Milliseconds from there to the first message; 5,000 by default. */
	joinTimeout?: number;
	/** At `/rtc/v1`, by default; false: at `/rtc`, where a peer connection each way is the rule. */
	singlePeerConnection?: boolean;
	log?: Log;
}

export interface ResumeRequest {
	/** Of the join response. */
	participantSid: string;
	reconnectReason: ReconnectReason;
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
	/** The first message, before any other. */
	welcome: [JoinResponse | ReconnectResponse];
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

/** Of all a session's connections; `cipher` is the newest's. */
export interface SessionSignalStats extends SignalStats {
	/** Requests made while there was no connection that gave way to newer ones. */
	unsent: number;
}
