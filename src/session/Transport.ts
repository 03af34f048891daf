/** One native peer connection, and how its media stands over any number of ICE restarts. */

import type { StreamTLSOptions } from "webrtc-native/stream";
import type {
	Candidate,
	DtlsState,
	IceState,
	Identity,
	Milestone,
	Peer,
	PeerOptions,
	PeerState,
} from "webrtc-native/webrtc";
import { log } from "../platform/log";
import { ClientConfigSetting } from "../protocol/generated/enums";
import type { JoinResponse, ReconnectResponse } from "../protocol/generated/types";
import { parseIceServers, type RTCConfiguration } from "./iceServers";
import type { SessionParts } from "./parts";
import type { Timeline } from "./Timeline";

/** `silent`: nothing comes, but an ICE restart can help. `failed`: nothing can. */
export type MediaState = "new" | "up" | "silent" | "failed";

export interface TransportOptions {
	parts: Pick<SessionParts, "createPeer">;
	identity: Identity;
	/** Against a server on this machine. */
	loopback: boolean;
	timeline: Timeline;
	rtcConfig: RTCConfiguration | undefined;
	/** Of signalling; TURN over TLS trusts the same. */
	tls: StreamTLSOptions | undefined;
}

export interface TransportHost {
	tellMedia(): void;
	/** One more candidate of ours, found out by STUN or TURN. */
	discovered(candidate: Candidate): void;
}

/** What a peer tells of its data channels. */
export type ChannelHandlers = Pick<
	Required<PeerOptions>,
	"onChannelOpen" | "onChannelClosed" | "onDataEnded" | "onMessage" | "onWritable" | "onBufferedLow"
>;

/** It is its peer's options: functions for each event would be ten slots of XS's heap apiece. */
export class Transport implements PeerOptions {
	readonly peer: Peer;
	/** @internal The peer's, as are the methods. */
	readonly identity: Identity;
	/** @internal */
	readonly loopback: boolean;
	/** @internal We offer. */
	readonly controlling: boolean;
	readonly #options: TransportOptions;
	readonly #host: TransportHost;
	readonly #data: ChannelHandlers;
	#ice: IceState = "new";
	#wasUp = false;
	#media: MediaState = "new";
	#reason: string | undefined;

	/** Throws without memory, and when the app's ICE servers are malformed. */
	constructor(
		options: TransportOptions,
		host: TransportHost,
		data: ChannelHandlers,
		controlling: boolean,
	) {
		this.#options = options;
		this.#host = host;
		this.#data = data;
		this.identity = options.identity;
		this.loopback = options.loopback;
		this.controlling = controlling;
		this.peer = options.parts.createPeer(this);
		try {
			this.#configure();
		} catch (error) {
			this.peer.close();
			throw error;
		}
	}

	/** The server's first message: it may name STUN and TURN servers, or allow nothing but relays. */
	welcome(response: JoinResponse | ReconnectResponse): void {
		const forced = response.clientConfiguration?.forceRelay === ClientConfigSetting.ENABLED;
		if (!this.#options.rtcConfig?.iceServers || forced) {
			this.#configure(response.iceServers, forced);
		}
	}

	/**
	 * What the app says goes, else what the server says; of a server on this machine, nothing: nobody is
	 * in the way.
	 */
	#configure(offered: JoinResponse["iceServers"] = [], forced = false): void {
		const { rtcConfig = {}, loopback, tls } = this.#options;
		const relayOnly = rtcConfig.iceTransportPolicy === "relay" || forced;
		const named = rtcConfig.iceServers ?? (loopback ? [] : offered);
		const servers = parseIceServers(named, (reason) => {
			if (rtcConfig.iceServers) throw new TypeError(`rtcConfig.iceServers: ${reason}`);
			log.info(`an ICE server is not used: ${reason}`);
		});
		if (servers.length > 0 || relayOnly) {
			this.peer.setIceServers(servers, relayOnly, tls && { ca: tls.ca, insecure: tls.insecure });
		}
	}

	get media(): MediaState {
		return this.#media;
	}

	/** Why it is not up, when native code said so. */
	get reason(): string | undefined {
		return this.#reason;
	}

	/** @internal */
	onIceState(state: IceState, at: number): void {
		this.#ice = state;
		if (state === "connected") this.#options.timeline.mark("ice", at);
	}
	/** @internal */
	onDtlsState(state: DtlsState, at: number): void {
		if (state === "connected") this.#options.timeline.mark("dtls", at);
	}
	/** @internal */
	onMilestone(milestone: Milestone, at: number): void {
		this.#options.timeline.mark(milestone, at);
	}
	/** @internal */
	onCandidate(candidate: Candidate): void {
		this.#host.discovered(candidate);
	}
	/** @internal An app wants to know of servers of its own; the server's may be for other networks. */
	onCandidateError(message: string): void {
		if (this.#options.rtcConfig?.iceServers) log.warn(message);
		else log.info(message);
	}
	/** @internal */
	onChannelOpen(channel: number, at: number, label: string): void {
		this.#data.onChannelOpen(channel, at, label);
	}
	/** @internal */
	onChannelClosed(channel: number, at: number): void {
		this.#data.onChannelClosed(channel, at);
	}
	/** @internal */
	onDataEnded(reason: string, at: number): void {
		this.#data.onDataEnded(reason, at);
	}
	/** @internal */
	onMessage(channel: number, message: ArrayBufferLike): void {
		this.#data.onMessage(channel, message);
	}
	/** @internal */
	onWritable(): void {
		this.#data.onWritable();
	}
	/** @internal */
	onBufferedLow(channel: number, at: number): void {
		this.#data.onBufferedLow(channel, at);
	}

	/** @internal */
	onState(state: PeerState, _at: number, reason?: string): void {
		if (state === "connected") {
			this.#wasUp = true;
			this.#media = "up";
		} else if (state === "disconnected") {
			this.#media = "silent";
		} else if (state === "failed") {
			this.#media = this.#wasUp && this.#ice === "failed" ? "silent" : "failed";
		} else return;
		this.#reason = reason;
		this.#host.tellMedia();
	}
}
