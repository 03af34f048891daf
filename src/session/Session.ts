/**
 * One connection's life: joins with the offer in the join request, negotiates, stays, leaves. What
 * happens in which state is the table in state.ts; what Room should know comes as events.
 */

import { type Identity, Peer, type PeerOptions, type PeerState } from "webrtc-native/webrtc";
import { Emitter } from "../platform/emitter";
import { Timeout } from "../platform/Timeout";
import {
	type DataPacket_Kind as DataPacketKind,
	DisconnectReason,
	RequestResponse_Reason as RequestReason,
} from "../protocol/generated/enums";
import type {
	JoinResponse,
	LeaveRequest,
	RequestResponse,
	SignalRequest,
	TrackInfo,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";
import { SignalClient, type SignalOptions } from "../signal/SignalClient";
import { DataChannels } from "./DataChannels";
import { asConnectionError, nameOf, timeoutError } from "./failures";
import { loadIdentity } from "./identity";
import { newCname, newSessionId } from "./ids";
import { Negotiation } from "./Negotiation";
import {
	addTrackRequest,
	outgoing,
	Publications,
	type PublishRequest,
	TrackPublishError,
} from "./Publications";
import { type SessionEvent, type SessionState, transitions } from "./state";
import { Timeline } from "./Timeline";
import {
	ROOM_MESSAGES,
	type RoomMessages,
	type SessionEnd,
	type SessionEvents,
	type SessionOptions,
	type SessionStats,
} from "./types";

/** Milliseconds: a server that ends media says why on the other connection, a little later. */
const LEAVE_DELAY = 500;
const MEDIA_TIMEOUT = 15_000;

/** What a session is made of; tests bring their own. */
export interface SessionParts {
	loadIdentity(): Promise<Identity>;
	createPeer(options: PeerOptions): Peer;
	createSignal(options: SignalOptions | undefined): SignalClient;
}

const native: SessionParts = Object.freeze({
	loadIdentity,
	createPeer: (options: PeerOptions) => new Peer(options),
	createSignal: (options: SignalOptions | undefined) => new SignalClient(options),
});

/**
 * Makes sessions that share one identity, which begins to load now: by the time of connect() it is
 * there, even on a device's first start, when it takes a second to make.
 */
export function sessionFactory(this: unknown): (options: SessionOptions) => Session {
	const identity = loadIdentity();
	identity.catch(() => {}); // each session tries again
	const parts = { ...native, loadIdentity: () => identity.catch(() => loadIdentity()) };
	return (options) => new Session(options, parts);
}

export class Session extends Emitter<SessionEvents> {
	readonly timeline = new Timeline();
	readonly #options: SessionOptions;
	readonly #parts: SessionParts;
	readonly #publications: Publications;
	readonly #data: DataChannels;
	#state: SessionState = "idle";
	#signal: SignalClient | undefined;
	#peer: Peer | undefined;
	/** What it said last: it may be up before the join is handled. */
	#peerState: { state: PeerState; reason?: string } = { state: "new" };
	#negotiation: Negotiation | undefined;
	/** Of the state. */
	readonly #timeout = new Timeout();
	#finalCounters: Omit<SessionStats, "timeline"> | undefined;
	/** Room messages that came before the join response was handled. */
	#early: (() => void)[] | undefined = [];

	constructor(options: SessionOptions, parts: SessionParts) {
		super();
		this.#options = options;
		this.#parts = parts;
		this.#publications = new Publications(options.publishTimeout);
		this.#data = new DataChannels({
			maxDataBytes: options.maxDataBytes,
			onReady: (at) => {
				if (at !== undefined) this.timeline.mark("dataReady", at);
				this.#onDataReady();
			},
			onMessage: (message, kind) => this.emit("data", message, kind),
			onEnded: (reason) => {
				// A call goes on without data; one that has not begun is not what was asked for.
				if (!this.#data.settled) this.#fail(`the data channels failed: ${reason}`);
			},
		});
	}

	get state(): SessionState {
		return this.#state;
	}

	/** Ends in `connected` or `closed`, never later than the timeouts of signalling and media allow. */
	start(url: string, token: string): void {
		if (!this.#advance("start")) throw new Error("a session starts once");
		this.timeline.start();
		const { mediaTimeout = MEDIA_TIMEOUT } = this.#options;
		this.#timeout.start(mediaTimeout, () => {
			const message = `no certificate was made within ${mediaTimeout / 1000} s: restart the device`;
			this.#end("timedOut", { error: timeoutError(message) });
		});
		this.#connect(url, token).catch((error: unknown) => {
			this.#end("failed", { error: asConnectionError(error) });
		});
	}

	/**
	 * Publishes with the first offer, or by a new one when that is out. Rejects with
	 * TrackPublishError when the server refuses, does not answer, or the session ends.
	 */
	publish(request: PublishRequest): Promise<TrackInfo> {
		if (this.#state === "closed") {
			return Promise.reject(new TrackPublishError("the session is closed"));
		}
		const published = this.#publications.add(request);
		if (this.#negotiation) {
			this.#negotiation.addTrack(outgoing(request));
			if (this.#inRoom) this.#announce(request);
		}
		return published;
	}

	unpublish(cid: string): void {
		this.#publications.fail(cid, new TrackPublishError("the track was unpublished"));
		this.#negotiation?.removeTrack(cid);
		this.#negotiation?.renegotiate();
	}

	/** Stops or starts the packets, and tells the server once it knows the track. */
	setMuted(cid: string, sid: string | undefined, muted: boolean): void {
		this.#publications.setMuted(cid, muted);
		this.#negotiation?.setMuted(cid, muted);
		if (sid) this.#signal?.send({ mute: { sid, muted } });
	}

	/** What the room asks of the server, beside its tracks. False: there is no connection for it. */
	send(request: Init<SignalRequest>): boolean {
		return this.#signal?.send(request) ?? false;
	}

	/**
	 * The same with an id, and the server's word on it: undefined when it was not sent, or none came
	 * within `timeout` milliseconds. Servers say nothing of most requests that they grant.
	 */
	async request(
		build: (requestId: number) => Init<SignalRequest>,
		timeout: number,
	): Promise<RequestResponse | undefined> {
		const signal = this.#signal;
		if (!signal) return undefined;
		const requestId = signal.nextRequestId();
		const response = signal.response(requestId, timeout);
		return signal.send(build(requestId)) ? response : undefined;
	}

	/** See DataChannels.send(). */
	sendData(packet: Uint8Array, kind: DataPacketKind): Promise<void> {
		return this.#data.send(packet, kind);
	}

	/** Tells the server that we go, and closes. */
	leave(): void {
		this.#end("leave", {
			error: new ConnectionError("disconnect() was called", ConnectionErrorReason.Cancelled),
			reason: DisconnectReason.CLIENT_INITIATED,
		});
	}

	/** As of now, or of the end. */
	get stats(): SessionStats {
		const timeline = this.timeline.moments;
		if (this.#finalCounters) return { ...this.#finalCounters, timeline };
		const peer = { ...this.#peer?.stats, ...this.#negotiation?.stats, ...this.#data.stats };
		return { timeline, peer, signal: this.#signal?.stats };
	}

	get #inRoom(): boolean {
		return ["negotiating", "opening", "connected"].includes(this.#state);
	}

	async #connect(url: string, token: string): Promise<void> {
		const identity = await this.#parts.loadIdentity();
		if (this.#state !== "preparing") return;
		const peer = this.#parts.createPeer({
			identity,
			loopback: isLoopback(url),
			onState: (state, _at, reason) => this.#onPeerState(state, reason),
			onIceState: (state, at) => state === "connected" && this.timeline.mark("ice", at),
			onDtlsState: (state, at) => state === "connected" && this.timeline.mark("dtls", at),
			onMilestone: (milestone, at) => this.timeline.mark(milestone, at),
			...this.#data.callbacks,
		});
		this.#peer = peer;
		const signal = this.#parts.createSignal(this.#options.signal);
		this.#signal = signal;
		this.#listen(signal);
		const negotiation = new Negotiation({
			peer,
			identity,
			candidates: peer.gather(),
			sessionId: newSessionId(),
			cname: newCname(),
			timeout: this.#options.answerTimeout,
			speaker: this.#options.speaker,
			send: (request) => signal.send(request),
			onTimeout: () => {
				this.#end("timedOut", {
					error: timeoutError("the server did not answer an offer"),
					reason: DisconnectReason.CONNECTION_TIMEOUT,
				});
			},
			onRefused: (cid, message) => this.#refuse(cid, message),
			onTrack: (track) => this.emit("track", track),
			onTrackFailed: (sid) => this.emit("trackFailed", sid),
			onTrackEnded: (sid) => this.emit("trackEnded", sid),
			onData: (remote) => this.#data.open(peer, remote),
		});
		this.#negotiation = negotiation;
		const requests = this.#publications.pending();
		for (const request of requests) negotiation.addTrack(outgoing(request));
		const publisherOffer = negotiation.start();

		this.#timeout.stop();
		this.#advance("prepared");
		const joining = signal.connect(url, token, {
			connectionSettings: { autoSubscribe: this.#options.autoSubscribe },
			addTrackRequests: requests.map(addTrackRequest),
			publisherOffer,
		});
		negotiation.startSenders(); // while the request travels
		this.#joined(await joining, requests);
	}

	#joined(join: JoinResponse, requested: readonly PublishRequest[]): void {
		if (!this.#advance("joined")) return;
		this.timeline.mark("joined");
		this.#negotiation?.joined();
		const { mediaTimeout = MEDIA_TIMEOUT } = this.#options;
		this.#timeout.start(mediaTimeout, () => {
			const seconds = mediaTimeout / 1000;
			const message =
				this.#state === "opening"
					? `media is up, but the data channels did not open within ${seconds} s`
					: `joined, but no media connection within ${seconds} s: does UDP to the server pass?`;
			this.#end("timedOut", { error: timeoutError(message) });
		});
		for (const request of this.#publications.pending()) {
			if (requested.some(({ cid }) => cid === request.cid)) this.#publications.sent(request.cid);
			else this.#announce(request);
		}
		this.emit("joined", join);
		const early = this.#early ?? [];
		this.#early = undefined;
		for (const deliver of early) deliver();
		this.#onPeerState(this.#peerState.state, this.#peerState.reason);
	}

	#listen(signal: SignalClient): void {
		signal.on("answer", (answer) => {
			this.timeline.mark("joined"); // the join response came just before
			try {
				this.#negotiation?.answer(answer);
			} catch (error) {
				this.#fail(`the server's answer cannot be used: ${(error as Error).message}`);
			}
		});
		signal.on("trickle", (trickle) => {
			this.#negotiation?.trickle(trickle.candidateInit, trickle.final);
		});
		signal.on("mediaSectionsRequirement", ({ numAudios, numVideos }) => {
			this.#negotiation?.require(numAudios, numVideos);
		});
		signal.on("trackPublished", ({ cid, track }) => {
			if (track) this.#publications.resolve(cid, track);
		});
		signal.on("requestResponse", (response) => this.#onRequestResponse(response));
		signal.on("leave", (leave) => this.#onLeave(leave));
		signal.on("closed", ({ message }) => {
			this.#end("signalLost", {
				error: new ConnectionError(message, ConnectionErrorReason.WebSocket),
				reason: DisconnectReason.SIGNAL_CLOSE,
			});
		});
		for (const kind of ROOM_MESSAGES) this.#forward(signal, kind);
	}

	#forward<K extends keyof RoomMessages>(signal: SignalClient, kind: K): void {
		signal.on(kind, ((message: RoomMessages[K][0]) => {
			const deliver = () =>
				(this.emit as (kind: K, message: RoomMessages[K][0]) => boolean)(kind, message);
			if (this.#early) this.#early.push(deliver);
			else deliver();
		}) as never);
	}

	#onPeerState(state: PeerState, reason?: string): void {
		this.#peerState = { state, reason };
		if (state === "connected" && this.#advance("mediaUp")) {
			this.#onDataReady();
		} else if (state === "failed") {
			const message = `the media connection failed: ${reason ?? "no reason given"}`;
			const end = {
				error: new ConnectionError(message, ConnectionErrorReason.InternalError),
				reason: DisconnectReason.MEDIA_FAILURE,
			};
			if (this.#state !== "connected") this.#end("mediaFailed", end);
			else if (this.#advance("mediaFailed")) {
				this.#timeout.start(LEAVE_DELAY, () => this.#end("timedOut", end));
			}
		}
	}

	/** It may be before media is, as far as this thread is told. */
	#onDataReady(): void {
		if (!this.#data.settled || !this.#advance("dataReady")) return;
		this.#timeout.stop();
		this.emit("connected");
	}

	#fail(message: string): void {
		this.#end("failed", {
			error: new ConnectionError(message, ConnectionErrorReason.InternalError),
			reason: DisconnectReason.MEDIA_FAILURE,
		});
	}

	#onLeave({ reason }: LeaveRequest): void {
		const message = `the server ended the connection: ${nameOf(DisconnectReason, reason)}`;
		this.#end("dismissed", {
			error: new ConnectionError(message, ConnectionErrorReason.LeaveRequest, { context: reason }),
			reason,
		});
	}

	/** A refusal names its track in `addTrack`: requests of a join carry no id. */
	#onRequestResponse({ reason, message, addTrack }: RequestResponse): void {
		if (!addTrack || reason === RequestReason.OK || reason === RequestReason.QUEUED) return;
		const why = message || nameOf(RequestReason, reason);
		this.#refuse(addTrack.cid, `the server refused the track: ${why}`, reason);
	}

	#refuse(cid: string, message: string, reason?: RequestReason): void {
		this.#negotiation?.removeTrack(cid);
		this.#publications.fail(cid, new TrackPublishError(message, reason));
	}

	/** AddTrackRequest and an offer that has the track's section. */
	#announce(request: PublishRequest): void {
		this.#signal?.send({ addTrack: addTrackRequest(request) });
		this.#publications.sent(request.cid);
		this.#negotiation?.renegotiate();
	}

	#advance(event: SessionEvent): boolean {
		const next = transitions[this.#state][event];
		if (next) this.#state = next;
		return next !== undefined;
	}

	#end(event: SessionEvent, end: SessionEnd): void {
		const wasConnected = this.#state === "connected" || this.#state === "stranded";
		if (!this.#advance(event)) return;
		this.#finalCounters = this.stats;
		this.#timeout.stop();
		this.#negotiation?.close();
		this.#negotiation = undefined;
		this.#data.close();
		this.#peer?.close();
		this.#peer = undefined;
		if (event === "dismissed" || event === "signalLost") this.#signal?.close();
		else this.#signal?.leave(end.reason);
		this.#publications.failAll(new TrackPublishError("the session ended"));
		this.emit("closed", wasConnected ? { reason: end.reason } : { error: end.error });
	}
}

/** Against a server on this machine, loopback addresses are the ones that work. */
export function isLoopback(this: unknown, url: string): boolean {
	const host = /^[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(url)?.[1].toLowerCase() ?? "";
	return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
