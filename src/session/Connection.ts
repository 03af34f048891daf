/**
 * A participant's media and data connection with its negotiation: from the first offer to its end,
 * through any number of ICE restarts. A full reconnect makes another one. It is one peer connection;
 * with servers before 1.9 a second one, which the server offers, brings what others send.
 */

import type { Captured, Path } from "webrtc-native/webrtc";
import { ReconnectReason, SignalTarget } from "../protocol/generated/enums";
import type {
	JoinResponse,
	ReconnectResponse,
	SignalRequest,
	SyncState,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { DataChannels } from "./DataChannels";
import { newCname, newSessionId } from "./ids";
import { Negotiation } from "./Negotiation";
import { Receivers, type ReceiversOptions } from "./Receivers";
import type { Listen } from "./Signalling";
import { Subscriber } from "./Subscriber";
import { type MediaState, Transport, type TransportOptions } from "./Transport";

export interface ConnectionOptions extends TransportOptions {
	/** Both ways in one; else there is a second peer connection for what others send. */
	single: boolean;
	data: DataChannels;
	answerTimeout: number | undefined;
	receiving: ReceiversOptions;
	/** False: there is no connection to send it on. */
	send(request: Init<SignalRequest>): boolean;
	onMedia(state: MediaState, reason?: string): void;
	onTimeout(): void;
	onRefused(cid: string, message: string): void;
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
		const { identity, data, single, receiving, send } = options;
		this.#publisher = new Transport(options, {
			controlling: true,
			data: data.callbacks,
			onCandidate: (candidate) => this.negotiation.discovered(candidate),
			onMedia: () => this.tellMedia(),
		});
		const { peer } = this.#publisher;
		try {
			this.negotiation = new Negotiation({
				peer,
				receivers: single ? new Receivers(peer, receiving) : undefined,
				identity,
				candidates: peer.gather(),
				sessionId: newSessionId(),
				cname: newCname(),
				timeout: options.answerTimeout,
				send,
				onTimeout: options.onTimeout,
				onRefused: options.onRefused,
				onData: (remote) => data.open(peer, remote),
			});
			if (!single) {
				const onMedia = () => this.tellMedia();
				this.subscriber = new Subscriber(options, { data, receiving, send, onMedia });
			}
		} catch (error) {
			peer.close();
			throw error;
		}
	}

	/** The server's first message: it may name STUN and TURN servers, or allow nothing but relays. */
	welcome(response: JoinResponse | ReconnectResponse): void {
		this.#publisher.welcome(response);
		this.subscriber?.transport.welcome(response);
	}

	/** The server took us in, and says which way its own media and data go. */
	joined({ subscriberPrimary }: JoinResponse): void {
		this.#needsSubscriber = subscriberPrimary;
		if (!subscriberPrimary) this.#options.data.forgetDown();
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
		this.#options.onMedia(media, cause?.reason);
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
		const { negotiation, subscriber } = this;
		const up = { ...this.#publisher.peer.stats, ...negotiation.stats };
		const both = subscriber ? sum(up, subscriber.stats) : up;
		return { ...both, ...this.#options.data.stats };
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
		const { subscriber } = this;
		if (!subscriber) return [this.#publisher];
		const { transport } = subscriber;
		const counts = this.#needsSubscriber || transport.media !== "new";
		return counts ? [this.#publisher, transport] : [this.#publisher];
	}
}

/** Gives what the server says of peer connections to the connection that there is then. */
export function listenForConnection(
	on: Listen,
	{
		connection,
		onDescription,
		onUnusable,
	}: {
		connection(): Connection | undefined;
		onDescription(): void;
		onUnusable(message: string): void;
	},
): void {
	const take = (what: string, apply: () => void) => {
		onDescription();
		try {
			apply();
		} catch (error) {
			onUnusable(`the server's ${what} cannot be used: ${(error as Error).message}`);
		}
	};
	on("welcome", (response) => connection()?.welcome(response));
	on("answer", (answer) => take("answer", () => connection()?.negotiation.answer(answer)));
	on("offer", (offer) => take("offer", () => connection()?.subscriber?.offer(offer)));
	on("trickle", ({ candidateInit, final, target }) => {
		const { negotiation, subscriber } = connection() ?? {};
		const side = target === SignalTarget.SUBSCRIBER ? subscriber : negotiation;
		side?.trickle(candidateInit, final);
	});
	on("mediaSectionsRequirement", ({ numAudios, numVideos }) => {
		connection()?.negotiation.require(numAudios, numVideos);
	});
}

const NO_COUNT: readonly string[] = Object.freeze([
	"roundTrip",
	"jitter",
	"iceRtt",
	"sctpRoundTrip",
	"sctpCwnd",
	"sctpPeerWindow",
]);

/** Counters of both peer connections; what is no count, such as a round trip, is the larger one's. */
function sum(one: Record<string, number>, other: Record<string, number>): Record<string, number> {
	const all = { ...other, ...one };
	for (const name of Object.keys(all)) {
		const [a, b] = [one[name] ?? 0, other[name] ?? 0];
		all[name] = NO_COUNT.includes(name) ? Math.max(a, b) : a + b;
	}
	return all;
}
