/**
 * One participant's stay in a room: joins with the offer in the join request, negotiates, comes back
 * when the connection is lost (Recovery.ts), leaves. What happens in which state is the table in
 * state.ts; what Room should know comes as events.
 */

import type { Speaker } from "webrtc-native/device";
import type { Captured, Identity } from "webrtc-native/webrtc";
import { HandledEmitter } from "../platform/emitter";
import { type Log, log } from "../platform/log";
import { Timeout } from "../platform/Timeout";
import type {
	DataPacket_Kind as DataPacketKind,
	RequestResponse_Reason as RequestReason,
} from "../protocol/generated/enums";
import type {
	JoinRequest,
	JoinResponse,
	RequestResponse,
	SignalRequest,
	SyncState,
	TrackInfo,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { Regions } from "../signal/regions";
import { Connection, type ConnectionHost } from "./Connection";
import { DataChannels, type DataChannelsOptions } from "./DataChannels";
import * as ends from "./ends";
import { isLoopback } from "./failures";
import {
	addTrackRequest,
	outgoing,
	Publications,
	type PublicationsHost,
	type PublishRequest,
	TrackPublishError,
} from "./Publications";
import type { SessionParts } from "./parts";
import type { IncomingTrack } from "./Receivers";
import { DefaultReconnectPolicy, type ReconnectPolicy } from "./ReconnectPolicy";
import { Recovery, type RecoveryHost } from "./Recovery";
import { ServerMessages } from "./ServerMessages";
import { Signalling } from "./Signalling";
import { type SessionEvent, type SessionState, transitions } from "./state";
import { Timeline } from "./Timeline";
import type { MediaState } from "./Transport";
import type {
	RoomMessages,
	SessionEnd,
	SessionEvents,
	SessionOptions,
	SessionStats,
} from "./types";

const MEDIA_TIMEOUT = 15_000;
/** A join, at first or anew, is not over before media is up and data channels are open. */
const AWAITS_MEDIA: readonly SessionState[] = Object.freeze([
	"negotiating",
	"opening",
	"renegotiating",
	"reopening",
]);

export class Session
	extends HandledEmitter<SessionEvents>
	implements ConnectionHost, DataChannelsOptions, PublicationsHost, RecoveryHost
{
	readonly timeline = new Timeline();
	readonly #options: SessionOptions;
	readonly #log: Log;
	readonly #parts: SessionParts;
	/** @internal These are for its parts. */
	readonly publications: Publications;
	/** @internal */
	readonly data: DataChannels;
	/** @internal */
	readonly signalling: Signalling;
	/** @internal */
	readonly policy: ReconnectPolicy;
	readonly #recovery: Recovery;
	#state: SessionState = "idle";
	#wasConnected = false;
	#url = "";
	/** @internal */
	connection: Connection | undefined;
	/** For what a join awaits: identity, then media and data. */
	readonly #timeout = new Timeout();
	/** Why it was lost; it ends with this if it does not come back. */
	#lost: SessionEnd = {};
	#link: { close(): void } | undefined;
	#finalCounters: Omit<SessionStats, "timeline"> | undefined;
	/** Room messages that came before the join response was handled. */
	#early: (() => void)[] | undefined = [];

	constructor(options: SessionOptions, parts: SessionParts) {
		super();
		this.#options = options;
		this.#log = options.log ?? log;
		this.#parts = parts;
		this.publications = new Publications(this, options.publishTimeout);
		this.policy = options.reconnectPolicy ?? new DefaultReconnectPolicy();
		this.signalling = new Signalling({
			create: parts.createSignal,
			signal: options.signal ?? {},
			single: options.singlePeerConnection ?? true,
			regions: new Regions({ hasRegions: options.hasRegions, tls: options.signal?.tls }),
			handlers: new ServerMessages(this),
		});
		this.data = new DataChannels(this);
		this.#recovery = new Recovery(this);
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Ends in `connected` or `closed`, never later than the timeouts of signalling and media allow. */
	start(url: string, token: string): void {
		if (!this.happen("start")) throw new Error("a session starts once");
		this.#url = url;
		this.signalling.target(url, token, this.#options.region);
		this.#link = this.#parts.watchLink((up) => this.#recovery.linkChanged(up));
		this.timeline.start();
		const { mediaTimeout = MEDIA_TIMEOUT } = this.#options;
		this.#timeout.start(mediaTimeout, () => {
			const message = `no certificate was made within ${mediaTimeout / 1000} s: restart the device`;
			this.happen("timedOut", ends.timedOut(message));
		});
		this.join().catch((error: unknown) => this.happen("failed", ends.notJoined(error)));
	}

	/**
	 * Publishes with the first offer, or by a new one when that is out; while there is no connection,
	 * with the next one. Rejects with TrackPublishError when the server refuses, does not answer, or
	 * the session ends.
	 */
	publish(request: PublishRequest): Promise<TrackInfo> {
		if (this.#state === "closed") {
			return Promise.reject(new TrackPublishError("the session is closed"));
		}
		const published = this.publications.add(request);
		this.connection?.negotiation.addTrack(outgoing(request));
		if (this.#inRoom) this.#announce(request);
		return published;
	}

	unpublish(cid: string): void {
		this.publications.remove(cid);
		this.connection?.negotiation.removeTrack(cid);
		this.connection?.negotiation.renegotiate();
	}

	/** Stops or starts the packets, and tells the server once it knows the track. */
	setMuted(cid: string, sid: string | undefined, muted: boolean): void {
		this.publications.setMuted(cid, muted);
		this.connection?.negotiation.setMuted(cid, muted);
		if (sid) this.send({ mute: { sid, muted } });
	}

	/**
	 * Sends a request now, or keeps it until there is a connection again (the newest 32). False:
	 * neither, since the session has not joined yet or has ended.
	 */
	send(request: Init<SignalRequest>): boolean {
		return this.signalling.send(request);
	}

	/**
	 * The same with an id, and the server's word on it: undefined when it was not sent, or none came
	 * within `timeout` milliseconds of that. Servers say nothing of most requests that they grant.
	 */
	request(
		build: (requestId: number) => Init<SignalRequest>,
		timeout: number,
	): Promise<RequestResponse | undefined> {
		return this.signalling.request(build, timeout);
	}

	/** See DataChannels.send(). `sequence` is DataPacket.sequence of a reliable packet. */
	sendData(packet: Uint8Array, kind: DataPacketKind, sequence?: number): Promise<void> {
		return this.data.send(packet, kind, sequence);
	}

	/** See DataChannels.hold(). */
	holdData(hold: boolean): void {
		this.data.hold(hold);
	}

	/** Tells the server that we go, and closes. */
	leave(): void {
		this.happen("leave", ends.cancelled());
	}

	/** What was encoded so far; nothing without a peer connection. */
	get captured(): Captured {
		return this.connection?.captured ?? { frames: 0, silent: 0 };
	}

	/** As of now, or of the end. */
	get stats(): SessionStats {
		const timeline = this.timeline.moments;
		if (this.#finalCounters) return { ...this.#finalCounters, timeline };
		const peer = this.connection?.stats ?? {};
		const path = this.connection?.path;
		return { timeline, peer, path, signal: this.signalling.stats };
	}

	/** @internal */
	get maxDataBytes(): number | undefined {
		return this.#options.maxDataBytes;
	}
	/** @internal */
	onReady(at: number | undefined): void {
		if (at !== undefined) this.timeline.mark("dataReady", at);
		this.#onChannelsReady();
	}
	/** @internal */
	onMessage(message: ArrayBufferLike, kind: DataPacketKind): void {
		this.emit("data", message, kind);
	}
	/** @internal */
	onBufferStatus(isLow: boolean, kind: DataPacketKind): void {
		this.emit("bufferStatus", isLow, kind);
	}
	/** @internal A call goes on without data; one that has not begun is not what was asked for. */
	onEnded(reason: string): void {
		if (!this.data.settled) {
			this.happen("failed", ends.failed(`the data channels failed: ${reason}`));
		}
	}
	/** @internal */
	onRepublished(cid: string, info: TrackInfo): void {
		this.emit("republished", cid, info);
	}
	/** @internal */
	onPublicationLost(cid: string, error: TrackPublishError): void {
		this.emit("publicationLost", cid, error);
	}
	/** @internal */
	drop(): void {
		this.#timeout.stop();
		this.#early = [];
		this.connection?.close();
		this.connection = undefined;
	}
	/** @internal */
	syncState(): Init<SyncState> {
		return this.#options.syncState?.() ?? {};
	}

	/** The server can be asked things. */
	get #inRoom(): boolean {
		return this.signalling.connected && this.#early === undefined;
	}

	/** @internal */
	get joinRequest(): Init<JoinRequest> {
		return { connectionSettings: { autoSubscribe: this.#options.autoSubscribe } };
	}

	/** @internal `end` is what the session ends with, if it does by this or later. False: late news. */
	happen(event: SessionEvent, end?: SessionEnd): boolean {
		const before = this.#state;
		const next = transitions[before][event];
		if (!next) return false;
		this.#log.debug("session:", before, "+", event, "→", next);
		if (next === "closed") {
			this.#close(event, end ?? this.#lost);
			return true;
		}
		if (end) this.#lost = end;
		this.#state = next;
		this.#recovery.enter(next, before);
		return true;
	}

	/** @internal Loads what is needed, and joins with a connection of its own. */
	async join(tries?: number): Promise<void> {
		const state = this.#state;
		const identity = await this.#parts.loadIdentity();
		if (this.#state !== state || this.connection) return; // left, or begun anew
		const connection = this.#connect(identity);
		const { negotiation } = connection;
		const requests = this.publications.pending();
		for (const request of requests) negotiation.addTrack(outgoing(request));
		const publisherOffer = negotiation.start();

		this.#timeout.stop();
		this.happen("prepared");
		const addTrackRequests = requests.map(addTrackRequest);
		const publishing = { addTrackRequests, publisherOffer };
		const { single } = this.signalling;
		const joining = this.signalling.join(
			single ? { ...this.joinRequest, ...publishing } : this.joinRequest,
			tries,
		);
		negotiation.startSenders(); // while the request travels
		let join: JoinResponse;
		try {
			join = await joining;
		} catch (error) {
			if (!this.#fallsBack(connection, error)) throw error;
			return this.join(tries);
		}
		if (this.connection !== connection) return;
		if (!single) {
			for (const addTrack of addTrackRequests) this.signalling.send({ addTrack });
			this.signalling.send({ offer: publisherOffer });
		}
		this.#joined(connection, join, requests);
	}

	/** The server wants a peer connection each way: another one is needed. */
	#fallsBack(connection: Connection, error: unknown): boolean {
		if (this.connection !== connection || !this.signalling.fallBack(error)) return false;
		connection.close();
		this.connection = undefined;
		return true;
	}

	#connect(identity: Identity): Connection {
		this.connection = new Connection({
			parts: this.#parts,
			identity,
			loopback: isLoopback(this.#url),
			timeline: this.timeline,
			single: this.signalling.single,
			data: this.data,
			answerTimeout: this.#options.answerTimeout,
			rtcConfig: this.#options.rtcConfig,
			tls: this.#options.signal?.tls,
			host: this,
		});
		return this.connection;
	}

	#joined(connection: Connection, join: JoinResponse, requested: readonly PublishRequest[]): void {
		const again = this.#wasConnected;
		if (!this.happen("joined")) return;
		this.timeline.mark("joined");
		connection.joined(join);
		const { mediaTimeout = MEDIA_TIMEOUT } = this.#options;
		this.#timeout.start(mediaTimeout, () => {
			const opening = this.#state === "opening" || this.#state === "reopening";
			const message = opening
				? "media is up, but the data channels did not open"
				: "joined, but no media connection: does UDP to the server pass? Waited";
			this.noMedia("timedOut", ends.timedOut(`${message} within ${mediaTimeout / 1000} s`));
		});
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const request of this.publications.pending()) {
			if (requested.some(({ cid }) => cid === request.cid)) this.publications.sent(request.cid);
			else this.#announce(request);
		}
		this.emit(again ? "rejoined" : "joined", join);
		this.signalling.flush();
		for (const deliver of early) deliver();
		connection.tellMedia();
	}

	/** @internal Room messages wait until the join response was handled. */
	forward<K extends keyof RoomMessages>(kind: K, message: RoomMessages[K][0]): void {
		const emit = this.emit as (kind: K, message: RoomMessages[K][0]) => boolean;
		if (this.#early) this.#early.push(() => emit.call(this, kind, message));
		else emit.call(this, kind, message);
	}

	/** @internal */
	speaker(): Speaker | undefined {
		return this.#options.speaker();
	}
	/** @internal */
	onTrack(track: IncomingTrack): void {
		this.emit("track", track);
	}
	/** @internal */
	onTrackFailed(sid: string): void {
		this.emit("trackFailed", sid);
	}
	/** @internal */
	onTrackEnded(sid: string): void {
		this.emit("trackEnded", sid);
	}
	/** @internal */
	onAnswerTimeout(): void {
		this.happen("timedOut", ends.timedOut("the server did not answer an offer"));
	}

	/** @internal */
	onMedia(state: MediaState, reason?: string): void {
		if (state === "up" && this.happen("mediaUp")) {
			this.#onChannelsReady();
		} else if (state === "silent") {
			this.#recovery.mediaSilent();
			this.happen("mediaSilent", ends.mediaSilent());
		} else if (state === "failed") {
			this.noMedia("mediaFailed", ends.mediaFailed(reason ?? "no reason given"));
		}
	}

	/** Media does not come up, or is gone. When a join waits for it, another region may have some. */
	noMedia(event: "mediaFailed" | "timedOut", end: SessionEnd): void {
		const { error } = end;
		const elsewhere = AWAITS_MEDIA.includes(this.#state) && error && this.signalling.avoid(error);
		if (!elsewhere || !this.happen("regionLost", end)) this.happen(event, end);
	}

	/** It may be before media is, as far as this thread is told. */
	#onChannelsReady(): void {
		if (!this.data.settled || !this.happen("dataReady")) return;
		this.#timeout.stop();
		if (this.#wasConnected) return;
		this.#wasConnected = true;
		this.emit("connected");
	}

	/** @internal An app that throws at the news must not keep us from coming back. */
	tell(news: "signalReconnecting" | "restarting" | "reconnecting" | "reconnected"): void {
		try {
			this.emit(news);
		} catch (error) {
			this.#log.error(`a listener of ${news} threw:`, (error as Error)?.stack ?? error);
		}
	}

	/** @internal A track of ours is not taken. */
	onRefused(cid: string, message: string, reason?: RequestReason): void {
		this.connection?.negotiation.removeTrack(cid);
		this.publications.fail(cid, new TrackPublishError(message, reason));
	}

	/** AddTrackRequest and an offer that has the track's section. */
	#announce(request: PublishRequest): void {
		this.signalling.send({ addTrack: addTrackRequest(request) });
		this.publications.sent(request.cid);
		this.connection?.negotiation.renegotiate();
	}

	#close(event: SessionEvent, end: SessionEnd): void {
		this.#finalCounters = this.stats;
		this.#state = "closed";
		this.#timeout.stop();
		this.#recovery.stop();
		this.#link?.close();
		this.data.close();
		this.connection?.close();
		this.connection = undefined;
		if (ends.isSilent(event)) this.signalling.abandon();
		else this.signalling.leave(end.reason);
		this.publications.failAll(new TrackPublishError("the session ended"));
		this.emit("closed", this.#wasConnected ? { reason: end.reason } : { error: end.error });
	}
}
