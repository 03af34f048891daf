/** One native peer connection, and how its media stands over any number of ICE restarts. */

import type { StreamTLSOptions } from "webrtc-native/stream";
import type {
	Candidate,
	IceState,
	Identity,
	Peer,
	PeerOptions,
	PeerState,
} from "webrtc-native/webrtc";
import { Log } from "../platform/log";
import { ClientConfigSetting } from "../protocol/generated/enums";
import type { JoinResponse, ReconnectResponse } from "../protocol/generated/types";
import { parseIceServers, type RTCConfiguration } from "./iceServers";
import type { Timeline } from "./Timeline";

/** `silent`: nothing comes, but an ICE restart can help. `failed`: nothing can. */
export type MediaState = "new" | "up" | "silent" | "failed";

export interface TransportOptions {
	createPeer(options: PeerOptions): Peer;
	identity: Identity;
	/** Against a server on this machine. */
	loopback: boolean;
	timeline: Timeline;
	rtcConfig: RTCConfiguration | undefined;
	/** Of signalling; TURN over TLS trusts the same. */
	tls: StreamTLSOptions | undefined;
}

export interface TransportUse {
	/** We offer. */
	controlling: boolean;
	/** What it tells of its data channels. */
	data: Partial<PeerOptions>;
	/** One more of ours, found out by STUN or TURN. */
	onCandidate(candidate: Candidate): void;
	onMedia(): void;
}

export class Transport {
	readonly peer: Peer;
	readonly #options: TransportOptions;
	readonly #onMedia: () => void;
	#ice: IceState = "new";
	#wasUp = false;
	#media: MediaState = "new";
	#reason: string | undefined;

	/** Throws without memory, and when the app's ICE servers are malformed. */
	constructor(options: TransportOptions, use: TransportUse) {
		const { createPeer, identity, loopback, timeline } = options;
		const { controlling, data, onCandidate, onMedia } = use;
		this.#options = options;
		this.#onMedia = onMedia;
		this.peer = createPeer({
			identity,
			loopback,
			controlling,
			onState: (state, _at, reason) => this.#onState(state, reason),
			onIceState: (state, at) => {
				this.#ice = state;
				if (state === "connected") timeline.mark("ice", at);
			},
			onDtlsState: (state, at) => state === "connected" && timeline.mark("dtls", at),
			onMilestone: (milestone, at) => timeline.mark(milestone, at),
			onCandidate,
			// An app wants to know of servers of its own; the server's may be meant for other networks.
			onCandidateError: (message) =>
				options.rtcConfig?.iceServers ? new Log().warn(message) : new Log().info(message),
			...data,
		});
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
		if (!this.#options.rtcConfig?.iceServers || forced) this.#configure(response);
	}

	/**
	 * What the app says goes, else what the server says; of a server on this machine, nothing: nobody is
	 * in the way.
	 */
	#configure(response?: JoinResponse | ReconnectResponse): void {
		const { rtcConfig = {}, loopback, tls } = this.#options;
		const { iceServers, iceTransportPolicy } = rtcConfig;
		const forced = response?.clientConfiguration?.forceRelay === ClientConfigSetting.ENABLED;
		const relayOnly = iceTransportPolicy === "relay" || forced;
		const named = iceServers ?? (loopback ? [] : (response?.iceServers ?? []));
		const servers = parseIceServers(named, (reason) => {
			if (iceServers) throw new TypeError(`rtcConfig.iceServers: ${reason}`);
			new Log().info(`an ICE server is not used: ${reason}`);
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

	#onState(state: PeerState, reason: string | undefined): void {
		if (state === "connected") {
			this.#wasUp = true;
			this.#media = "up";
		} else if (state === "disconnected") {
			this.#media = "silent";
		} else if (state === "failed") {
			this.#media = this.#wasUp && this.#ice === "failed" ? "silent" : "failed";
		} else return;
		this.#reason = reason;
		this.#onMedia();
	}
}
