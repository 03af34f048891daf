/**
 * One participant's stay in a room: joins with the offer in the join request, negotiates, comes back
 * when the connection is lost (Recovery.ts), leaves. What happens in which state is the table in
 * state.ts; what Room should know comes as events.
 */

import type { Speaker } from "webrtc-native/device";
import type { Captured } from "webrtc-native/webrtc";
import { HandledEmitter } from "../platform/emitter";
import { type Log, log } from "../platform/log";
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
import { Regions } from "../signal/regions/Regions";
import type { Connection, ConnectionHost } from "./Connection";
import { DataChannels, type DataChannelsOptions } from "./DataChannels";
import * as ends from "./ends";
import { Joining } from "./Joining";
import {
	addTrackRequest,
	outgoing,
	Publications,
	type PublicationsHost,
	type PublishRequest,
	TrackPublishError,
} from "./Publications";
import type { SessionParts } from "./parts";
import { DefaultReconnectPolicy, type ReconnectPolicy } from "./ReconnectPolicy";
import { Recovery, type RecoveryHost } from "./Recovery";
import { ServerMessages } from "./ServerMessages";
import { Signalling } from "./Signalling";
import { type SessionEvent, type SessionState, transitions } from "./state";
import { Timeline } from "./Timeline";
import type { MediaState } from "./Transport";
import type { SessionEnd, SessionEvents, SessionOptions, SessionStats } from "./types";

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
	readonly #messages = new ServerMessages(this);
	readonly #joining: Joining;
	readonly #recovery: Recovery;
	#state: SessionState = "idle";
	#wasConnected = false;
	/** @internal */
	connection: Connection | undefined;
	/** Why it was lost; it ends with this if it does not come back. */
	#lost: SessionEnd = {};
	#link: { close(): void } | undefined;
	#finalCounters: Omit<SessionStats, "timeline"> | undefined;

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
			handlers: this.#messages,
		});
		this.data = new DataChannels(this);
		this.#joining = new Joining(this, options, parts);
		this.#recovery = new Recovery(this);
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Ends in `connected` or `closed`, never later than the timeouts of signalling and media allow. */
	start(url: string, token: string): void {
		if (!this.happen("start")) throw new Error("a session starts once");
		this.signalling.target(url, token, this.#options.region);
		this.#link = this.#parts.watchLink((up) => this.#recovery.linkChanged(up));
		this.timeline.start();
		this.#joining.start().catch((error: unknown) => {
			this.happen("failed", ends.notJoined(error));
		});
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
	/** @internal A call goes on without data; one that has not begun is not what was asked for. */
	onEnded(reason: string): void {
		if (!this.data.settled) {
			this.happen("failed", ends.failed(`the data channels failed: ${reason}`));
		}
	}
	/** @internal */
	drop(): void {
		this.#joining.stop();
		this.#messages.hold();
		this.connection?.close();
		this.connection = undefined;
	}
	/** @internal */
	syncState(): Init<SyncState> {
		return this.#options.syncState?.() ?? {};
	}

	/** The server can be asked things. */
	get #inRoom(): boolean {
		return this.signalling.connected && !this.#messages.held;
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
		if (next === "connected") this.#lost = {};
		else if (end) this.#lost = end;
		this.#state = next;
		this.#recovery.enter(next, before);
		return true;
	}

	/** @internal */
	join(tries?: number): Promise<void> {
		return this.#joining.join(tries);
	}

	/** @internal The server has taken us in, and knows of these tracks. */
	taken(join: JoinResponse, requested: readonly PublishRequest[]): void {
		this.emit(this.#wasConnected ? "rejoined" : "joined", join);
		this.publications.pending().forEach((request) => {
			if (requested.some((asked) => asked.cid === request.cid)) this.publications.sent(request.cid);
			else this.#announce(request);
		});
		this.signalling.flush();
		this.#messages.release();
	}

	/** @internal */
	speaker(): Speaker | undefined {
		return this.#options.speaker();
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

	/** @internal Media does not come up, or is gone. When a join waits for it, another region may have some. */
	noMedia(event: "mediaFailed" | "timedOut", end: SessionEnd): void {
		const elsewhere =
			AWAITS_MEDIA.includes(this.#state) && end.error && this.signalling.avoid(end.error);
		if (!elsewhere || !this.happen("regionLost", end)) this.happen(event, end);
	}

	/** It may be before media is, as far as this thread is told. */
	#onChannelsReady(): void {
		if (!this.data.settled || !this.happen("dataReady")) return;
		this.#joining.stop();
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
		this.#joining.stop();
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
