/**
 * A participant's media and data connection with its negotiation: from the first offer to its end,
 * through any number of ICE restarts. A full reconnect makes another one. It is one peer connection;
 * with servers before 1.9 a second one, which the server offers, brings what others send.
 */

import type { Candidate, Captured, Path } from "webrtc-native/webrtc";
import { ReconnectReason } from "../protocol/generated/enums";
import type { JoinResponse, ReconnectResponse, SyncState } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { DataChannels } from "./DataChannels";
import { Subscriber } from "./dual/Subscriber";
import { newCname, newSessionId } from "./ids";
import { Negotiation, type NegotiationHost } from "./Negotiation";
import { Receivers, type ReceiversHost } from "./Receivers";
import { type MediaState, Transport, type TransportOptions } from "./Transport";

export interface ConnectionHost extends NegotiationHost, ReceiversHost {
	onMedia(state: MediaState, reason?: string): void;
}

export interface ConnectionOptions extends TransportOptions {
	/** Both ways in one; else there is a second peer connection for what others send. */
	single: boolean;
	data: DataChannels;
	answerTimeout: number | undefined;
	host: ConnectionHost;
}

/** What is worse counts for all. */
const WORST_FIRST: readonly MediaState[] = Object.freeze(["failed", "silent", "new", "up"]);

export class Connection {
	readonly negotiation: Negotiation;
	/** Only beside a peer connection that sends. */
	readonly subscriber: Subscriber | undefined;
	readonly #options: ConnectionOptions;
	readonly #publisher: Transport;
	/** The server sends nothing before the subscriber is up. */
	#needsSubscriber = true;

	/** Opens sockets; throws when there is no network, memory or entropy. */
	constructor(options: ConnectionOptions) {
		this.#options = options;
		const { identity, data, single, host } = options;
		this.#publisher = new Transport(options, this, data, true);
		const { peer } = this.#publisher;
		try {
			this.negotiation = new Negotiation({
				peer,
				receivers: single ? new Receivers(peer, host) : undefined,
				identity,
				candidates: peer.gather(),
				sessionId: newSessionId(),
				cname: newCname(),
				timeout: options.answerTimeout,
				data,
				host,
			});
			if (!single) this.subscriber = new Subscriber(options, this);
		} catch (error) {
			peer.close();
			throw error;
		}
	}

	/** One more candidate of ours. */
	discovered(candidate: Candidate): void {
		this.negotiation.discovered(candidate);
	}

	/** The server's first message: it may name STUN and TURN servers, or allow nothing but relays. */
	welcome(response: JoinResponse | ReconnectResponse): void {
		this.#publisher.welcome(response);
		this.subscriber?.transport.welcome(response);
	}

	/** The server took us in, and says which way its own media and data go. */
	joined(join: JoinResponse): void {
		this.#needsSubscriber = join.subscriberPrimary;
		if (!join.subscriberPrimary) this.#options.data.forgetDown();
		this.negotiation.joined();
	}

	get media(): MediaState {
		const states = this.#transports.map(({ media }) => media);
		return WORST_FIRST.find((state) => states.includes(state)) ?? "new";
	}

	/** Tells the state again: whoever listens may not have been ready for it. */
	tellMedia(): void {
		const { media } = this;
		const cause = this.#transports.find((transport) => transport.media === media);
		this.#options.host.onMedia(media, cause?.reason);
	}

	/** What the server is told when signalling is to be resumed. */
	get reconnectReason(): ReconnectReason {
		if (this.media === "up") return ReconnectReason.RR_SIGNAL_DISCONNECTED;
		return this.#publisher.media === "up"
			? ReconnectReason.RR_SUBSCRIBER_FAILED
			: ReconnectReason.RR_PUBLISHER_FAILED;
	}

	/** False: for the subscriber's ICE to begin anew the server must offer, and it does at a resume. */
	get restartsIceAlone(): boolean {
		return this.subscriber === undefined;
	}

	/** For SyncState: where the negotiation stands of what the server sends. */
	get descriptions(): Pick<Init<SyncState>, "offer" | "answer"> {
		return this.subscriber?.descriptions ?? this.negotiation.descriptions;
	}

	get captured(): Captured {
		return this.#publisher.peer.captured;
	}

	get stats(): Record<string, number> {
		const stats = this.#publisher.peer.stats; // so many that no copy is made
		Object.assign(stats, this.negotiation.stats);
		if (this.subscriber) sum(stats, this.subscriber.stats);
		return Object.assign(stats, this.#options.data.stats);
	}

	/** Of what we send; undefined while ICE has none. */
	get path(): Path | undefined {
		return this.#publisher.peer.path;
	}

	close(): void {
		this.negotiation.close();
		this.#publisher.peer.close();
		this.subscriber?.close();
	}

	get #transports(): Transport[] {
		if (!this.subscriber) return [this.#publisher];
		const { transport } = this.subscriber;
		const counts = this.#needsSubscriber || transport.media !== "new";
		return counts ? [this.#publisher, transport] : [this.#publisher];
	}
}

const NO_COUNT: readonly string[] = Object.freeze([
	"roundTrip",
	"jitter",
	"iceRtt",
	"sctpRoundTrip",
	"sctpCwnd",
	"sctpPeerWindow",
]);

/** Counters of both peer connections, in `all`; what is no count, such as a round trip, is the larger one's. */
function sum(all: Record<string, number>, other: Record<string, number>): void {
	Object.keys(other).forEach((name) => {
		const a = all[name] ?? 0;
		const b = other[name];
		all[name] = NO_COUNT.includes(name) ? Math.max(a, b) : a + b;
	});
}
