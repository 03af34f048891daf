/**
 * The way into a room, at first and anew: what goes with the request, the second try with a peer
 * connection each way, and the time that all of it may take.
 */

import { Timeout } from "../platform/Timeout";
import type { JoinResponse } from "../protocol/generated/types";
import { Connection } from "./Connection";
import { hasDual } from "./dual/Subscriber";
import * as ends from "./ends";
import { isLoopback } from "./failures";
import { addTrackRequest, outgoing, type PublishRequest } from "./Publications";
import type { SessionParts } from "./parts";
import type { Session } from "./Session";
import type { SessionState } from "./state";
import type { SessionOptions } from "./types";

const MEDIA_TIMEOUT = 15_000;

const OPENING = "media is up, but the data channels did not open";
/** What did not come in time, by the state that awaits it; else it is the media connection. */
const AWAITED: Readonly<Partial<Record<SessionState, string>>> = Object.freeze({
	preparing: "restart the device: no certificate was made",
	opening: OPENING,
	reopening: OPENING,
});
const MEDIA = "joined, but no media connection: does UDP to the server pass? Waited";

export class Joining {
	readonly #session: Session;
	readonly #options: SessionOptions;
	readonly #parts: SessionParts;
	/** For what is awaited: identity, then media and data. */
	readonly #timeout = new Timeout();

	constructor(session: Session, options: SessionOptions, parts: SessionParts) {
		this.#session = session;
		this.#options = options;
		this.#parts = parts;
	}

	/** For the first time. Rejects when it does not come to a join. */
	start(): Promise<void> {
		this.#expect();
		return this.join();
	}

	/** Loads what is needed, and joins with a connection of its own; `tries` have failed. */
	async join(tries?: number): Promise<void> {
		const session = this.#session;
		const { state, publications, signalling } = session;
		const identity = await this.#parts.loadIdentity();
		if (session.state !== state || session.connection) return; // left, or begun anew
		const { single } = signalling;
		const connection = new Connection({
			parts: this.#parts,
			identity,
			loopback: isLoopback(signalling.home),
			timeline: session.timeline,
			single,
			data: session.data,
			answerTimeout: this.#options.answerTimeout,
			rtcConfig: this.#options.rtcConfig,
			tls: this.#options.signal?.tls,
			host: session,
		});
		session.connection = connection;
		const { negotiation } = connection;
		const requests = publications.pending();
		requests.forEach((request) => negotiation.addTrack(outgoing(request)));
		const publisherOffer = negotiation.start();

		this.stop();
		session.happen("prepared");
		const addTrackRequests = requests.map(addTrackRequest);
		const joining = signalling.join(
			single ? { ...session.joinRequest, addTrackRequests, publisherOffer } : session.joinRequest,
			tries,
		);
		negotiation.startSenders(); // while the request travels
		let join: JoinResponse;
		try {
			join = await joining;
		} catch (error) {
			if (session.connection !== connection || !hasDual || !signalling.fallBack(error)) throw error;
			// The server wants a peer connection each way: another one is needed.
			connection.close();
			session.connection = undefined;
			return this.join(tries);
		}
		if (session.connection !== connection) return;
		if (!single) {
			addTrackRequests.forEach((addTrack) => signalling.send({ addTrack }));
			signalling.send({ offer: publisherOffer });
		}
		this.#joined(connection, join, requests);
	}

	/** What was awaited is there, or will not be. */
	stop(): void {
		this.#timeout.stop();
	}

	#joined(connection: Connection, join: JoinResponse, requested: readonly PublishRequest[]): void {
		const session = this.#session;
		if (!session.happen("joined")) return;
		session.timeline.mark("joined");
		connection.joined(join);
		this.#expect();
		session.taken(join, requested);
		connection.tellMedia();
	}

	#expect(): void {
		const { mediaTimeout = MEDIA_TIMEOUT } = this.#options;
		this.#timeout.start(mediaTimeout, () => {
			const what = AWAITED[this.#session.state] ?? MEDIA;
			const message = `${what} within ${mediaTimeout / 1000} s`;
			this.#session.noMedia("timedOut", ends.timedOut(message));
		});
	}
}
