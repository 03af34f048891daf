/** One native peer connection, and how its media stands over any number of ICE restarts. */

import type {
	DtlsState,
	IceState,
	Identity,
	Milestone,
	Peer,
	PeerOptions,
	PeerState,
} from "webrtc-native/webrtc";
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
}

export interface TransportHost {
	tellMedia(): void;
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
	readonly #timeline: Timeline;
	readonly #host: TransportHost;
	readonly #data: ChannelHandlers;
	#ice: IceState = "new";
	#wasUp = false;
	#media: MediaState = "new";
	#reason: string | undefined;

	constructor(
		options: TransportOptions,
		host: TransportHost,
		data: ChannelHandlers,
		controlling: boolean,
	) {
		const { parts, identity, loopback, timeline } = options;
		this.identity = identity;
		this.loopback = loopback;
		this.controlling = controlling;
		this.#timeline = timeline;
		this.#host = host;
		this.#data = data;
		this.peer = parts.createPeer(this);
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
		if (state === "connected") this.#timeline.mark("ice", at);
	}
	/** @internal */
	onDtlsState(state: DtlsState, at: number): void {
		if (state === "connected") this.#timeline.mark("dtls", at);
	}
	/** @internal */
	onMilestone(milestone: Milestone, at: number): void {
		this.#timeline.mark(milestone, at);
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
