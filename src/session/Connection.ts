/**
 * One peer connection's life with its negotiation: from the first offer to its end, through any
 * number of ICE restarts. A full reconnect makes another one.
 */

import type { StreamTLSOptions } from "webrtc-native/stream";
import type {
	Captured,
	IceState,
	Identity,
	Path,
	Peer,
	PeerOptions,
	PeerState,
} from "webrtc-native/webrtc";
import { Log } from "../platform/log";
import { ClientConfigSetting } from "../protocol/generated/enums";
import type {
	JoinResponse,
	ReconnectResponse,
	SessionDescription,
	SignalRequest,
	SyncState,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { DataChannels } from "./DataChannels";
import { parseIceServers, type RTCConfiguration } from "./iceServers";
import { newCname, newSessionId } from "./ids";
import { Negotiation } from "./Negotiation";
import { Receivers, type ReceiversOptions } from "./Receivers";
import type { Timeline } from "./Timeline";

export interface ConnectionOptions {
	createPeer(options: PeerOptions): Peer;
	identity: Identity;
	/** Against a server on this machine. */
	loopback: boolean;
	timeline: Timeline;
	data: DataChannels;
	answerTimeout: number | undefined;
	rtcConfig: RTCConfiguration | undefined;
	/** Of signalling; TURN over TLS trusts the same. */
	tls: StreamTLSOptions | undefined;
	receiving: ReceiversOptions;
	/** False: there is no connection to send it on. */
	send(request: Init<SignalRequest>): boolean;
	onMedia(state: MediaState, reason?: string): void;
	onTimeout(): void;
	onRefused(cid: string, message: string): void;
}

/** `silent`: nothing comes, but an ICE restart can help. `failed`: nothing can. */
export type MediaState = "new" | "up" | "silent" | "failed";

export class Connection {
	readonly negotiation: Negotiation;
	readonly #options: ConnectionOptions;
	readonly #peer: Peer;
	#ice: IceState = "new";
	#wasUp = false;
	/** What it said last: it may be up before the join is handled. */
	#media: MediaState = "new";
	#reason: string | undefined;

	/** Opens sockets; throws when there is no network, memory or entropy. */
	constructor(options: ConnectionOptions) {
		this.#options = options;
		const { createPeer, identity, loopback, timeline, data } = options;
		const peer = createPeer({
			identity,
			loopback,
			onState: (state, _at, reason) => this.#onState(state, reason),
			onIceState: (state, at) => {
				this.#ice = state;
				if (state === "connected") timeline.mark("ice", at);
			},
			onDtlsState: (state, at) => state === "connected" && timeline.mark("dtls", at),
			onMilestone: (milestone, at) => timeline.mark(milestone, at),
			onCandidate: (candidate) => this.negotiation.discovered(candidate),
			// An app wants to know of servers of its own; the server's may be meant for other networks.
			onCandidateError: (message) =>
				options.rtcConfig?.iceServers ? new Log().warn(message) : new Log().info(message),
			...data.callbacks,
		});
		this.#peer = peer;
		try {
			this.#configure();
			this.negotiation = new Negotiation({
				peer,
				receivers: new Receivers(peer, options.receiving),
				identity,
				candidates: peer.gather(),
				sessionId: newSessionId(),
				cname: newCname(),
				timeout: options.answerTimeout,
				send: options.send,
				onTimeout: options.onTimeout,
				onRefused: options.onRefused,
				onData: (remote) => data.open(peer, remote),
			});
		} catch (error) {
			peer.close();
			throw error;
		}
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
			this.#peer.setIceServers(servers, relayOnly, tls && { ca: tls.ca, insecure: tls.insecure });
		}
	}

	/** The server's first message: it may name STUN and TURN servers, or allow nothing but relays. */
	welcome(response: JoinResponse | ReconnectResponse): void {
		const forced = response.clientConfiguration?.forceRelay === ClientConfigSetting.ENABLED;
		if (!this.#options.rtcConfig?.iceServers || forced) this.#configure(response);
	}

	get media(): MediaState {
		return this.#media;
	}

	/** Tells the state again: whoever listens may not have been ready for it. */
	tellMedia(): void {
		this.#options.onMedia(this.#media, this.#reason);
	}

	/** For SyncState: where the negotiation stands. */
	get descriptions(): Pick<Init<SyncState>, "offer" | "answer"> {
		const { offer, answer }: { offer: Init<SessionDescription>; answer?: SessionDescription } =
			this.negotiation.descriptions;
		return { offer, answer };
	}

	get captured(): Captured {
		return this.#peer.captured;
	}

	get stats(): Record<string, number> {
		return { ...this.#peer.stats, ...this.negotiation.stats, ...this.#options.data.stats };
	}

	/** Undefined while ICE has none. */
	get path(): Path | undefined {
		return this.#peer.path;
	}

	close(): void {
		this.negotiation.close();
		this.#peer.close();
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
		this.tellMedia();
	}
}
