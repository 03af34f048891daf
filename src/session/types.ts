/** What a session is given, and what it tells. */

import type { Speaker } from "webrtc-native/device";
import type { Path } from "webrtc-native/webrtc";
import type { Log } from "../platform/log";
import type {
	DataPacket_Kind as DataPacketKind,
	DisconnectReason,
} from "../protocol/generated/enums";
import type { JoinResponse, SyncState, TrackInfo } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { ConnectionError } from "../signal/ConnectionError";
import type { SessionSignalStats, SignalEvents, SignalOptions } from "../signal/types";
import type { RTCConfiguration } from "./iceServers";
import type { TrackPublishError } from "./Publications";
import type { IncomingTrack } from "./Receivers";
import type { ReconnectPolicy } from "./ReconnectPolicy";
import type { Moment } from "./Timeline";

export interface SessionOptions {
	/** Subscribe to everything there is. */
	autoSubscribe: boolean;
	signal?: Omit<SignalOptions, "singlePeerConnection">;
	/**
	 * One peer connection for both ways, by default; with servers that know only two, two. False: two
	 * with all.
	 */
	singlePeerConnection?: boolean;
	/** See RoomOptions. */
	hasRegions?(host: string): boolean;
	/** The one to be joined first; the server of the URL itself, if not given. */
	region?: string | undefined;
	/** Opens the speaker; undefined when there is none. */
	speaker(): Speaker | undefined;
	/** Largest inbound data packet in bytes; larger ones are refused in C and counted. 65,535 by default. */
	maxDataBytes?: number;
	/** STUN and TURN servers, and whether only relays may be used. */
	rtcConfig?: RTCConfiguration | undefined;
	/** Milliseconds to prepare, and from joining until media and data must be up; 15,000 by default. */
	mediaTimeout?: number;
	/** Milliseconds for an offer's answer; 15,000 by default. */
	answerTimeout?: number;
	/** Milliseconds for the server's word on a track; 10,000 by default. */
	publishTimeout?: number;
	/** When to try again after the connection was lost; a DefaultReconnectPolicy by default. */
	reconnectPolicy?: ReconnectPolicy;
	/** What the room knows that a resumed server may not: subscriptions, data received. */
	syncState?(): Init<SyncState>;
	/** For transitions, at level debug; the console's by default. */
	log?: Log;
}

/** Messages that are the room's business alone; they are emitted as they come, after `joined`. */
export type RoomMessages = Pick<
	SignalEvents,
	| "update"
	| "speakersChanged"
	| "roomUpdate"
	| "connectionQuality"
	| "mute"
	| "trackUnpublished"
	| "trackSubscribed"
	| "subscriptionResponse"
	| "subscriptionPermissionUpdate"
	| "streamStateUpdate"
	| "roomMoved"
>;

export interface SessionEnd {
	/** Why it never was connected. */
	error?: ConnectionError;
	/** Why it is no longer connected. */
	reason?: DisconnectReason;
}

export interface SessionStats {
	/** Milliseconds since start(). */
	timeline: Partial<Record<Moment, number>>;
	/** Counters of the C core and of the negotiation; empty before there is a peer connection. */
	peer: Record<string, number>;
	/** Where media goes; undefined while there is no way. */
	path?: Path | undefined;
	signal: SessionSignalStats | undefined;
}

export interface SessionEvents extends RoomMessages {
	joined: [JoinResponse];
	/** Media is up and the data channels are open. */
	connected: [];
	/** A message of a data channel. It stays in native memory while something refers to it. */
	data: [message: ArrayBufferLike, kind: DataPacketKind];
	/** More waits to be sent than a quarter of the buffer (of lossy packets: than 8 KB), or no longer. */
	bufferStatus: [isLow: boolean, kind: DataPacketKind];
	/** Signalling is lost and on its way back; media goes on. */
	signalReconnecting: [];
	/**
	 * Media is lost. With signalling it may come back as it was; after `restarting` all is new:
	 * participants, subscriptions and publications come again.
	 */
	reconnecting: [];
	/**
	 * What was there is over: a new participant will join. Before `reconnecting`, or after it; or before
	 * `connected`, when media does not come up: then `joined` comes once more.
	 */
	restarting: [];
	/** As `joined`, for that new participant. */
	rejoined: [JoinResponse];
	/** All is well again. */
	reconnected: [];
	/** A publication from before `restarting` is there again, with another sid. */
	republished: [cid: string, TrackInfo];
	/** Or it is not. */
	publicationLost: [cid: string, TrackPublishError];
	/** The server sends a track and it plays. */
	track: [IncomingTrack];
	/** The server sends a track and there is no memory to play it. */
	trackFailed: [sid: string];
	trackEnded: [sid: string];
	/** The last event; also after leave(). */
	closed: [SessionEnd];
}

/** A session, to a part of it that tells of these events itself. */
export interface Tells<E extends keyof SessionEvents> {
	emit<K extends E>(event: K, ...args: SessionEvents[K]): boolean;
}
