/**
 * The signalling of one participant over all its connections: the newest token, who we are to the
 * server, and what the app asks for while there is no connection.
 */

import type { Handlers } from "../platform/emitter";
import type { DisconnectReason, ReconnectReason } from "../protocol/generated/enums";
import type {
	JoinRequest,
	JoinResponse,
	ReconnectResponse,
	RegionInfo,
	RequestResponse,
	SignalRequest,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";
import type { Regions } from "../signal/regions/Regions";
import type { SignalClient } from "../signal/SignalClient";
import type { SessionSignalStats, SignalEvents, SignalOptions, SignalStats } from "../signal/types";
import { asConnectionError } from "./failures";

/** Requests held while there is no connection; the oldest gives way to a newer one, and is counted. */
const MAX_HELD = 32;
/** They concern the connection that is gone. */
const NOT_HELD: readonly (keyof SignalRequest)[] = Object.freeze([
	"offer",
	"answer",
	"trickle",
	"addTrack", // publications are announced anew
	"syncState",
	"leave",
	"simulate",
	"ping",
	"pingReq",
]);
/** Milliseconds: in a network that is just coming back a new try is faster than TCP's patience. */
const RETURN_TIMEOUT = 3000;

interface Held {
	request: Init<SignalRequest>;
	/** Instead of sending `request` as it is; undefined: it will not be sent. */
	send?(client: SignalClient | undefined): void;
}

export interface SignallingOptions {
	create(options: SignalOptions): SignalClient;
	signal: SignalOptions;
	/** See `single`. */
	single: boolean;
	regions: Regions;
	/** Hears only the newest connection. */
	handlers: Handlers<SignalEvents>;
}

export class Signalling {
	readonly #options: SignallingOptions;
	#client: SignalClient | undefined;
	#home = "";
	/** Of the region we are in. */
	#url = "";
	#token = "";
	/** The sid of our participant, once it has joined. */
	#participant = "";
	#held: Held[] = [];
	#single: boolean;
	/** Why the next join is not to be where we are. */
	#avoided: ConnectionError | undefined;
	#unsent = 0;
	/** Of connections that are over. */
	#earlier: SignalStats | undefined;

	constructor(options: SignallingOptions) {
		this.#options = options;
		this.#single = options.single;
	}

	/** The server is asked for one peer connection, not for one each way. */
	get single(): boolean {
		return this.#single;
	}

	/** True: it was asked for one, and `error` says that it does not know that; two are to be tried. */
	fallBack(error: unknown): boolean {
		const isUnknown =
			error instanceof ConnectionError && error.reason === ConnectionErrorReason.ServiceNotFound;
		if (!this.#single || !isUnknown) return false;
		this.#single = false;
		return true;
	}

	/** The app's URL. */
	get home(): string {
		return this.#home;
	}

	/** Where, and as whom; `region`: of `url`, to be tried first. */
	target(url: string, token: string, region = url): void {
		this.#home = url;
		this.#url = region;
		this.#token = token;
	}

	/** The server gave us a newer token, and with another room another sid. */
	refresh(token: string, participantSid = this.#participant): void {
		if (token) this.#token = token;
		this.#participant = participantSid;
	}

	/**
	 * Joins as a new participant, in another region when the one we know of cannot be joined. Rejects with
	 * ConnectionError: what was wrong with the last.
	 */
	async join(request: Init<JoinRequest>, tries?: number): Promise<JoinResponse> {
		let failure = this.#avoided;
		this.#avoided = undefined;
		for (;;) {
			if (failure) await this.#moveOn(failure);
			const client = this.#renew(tries);
			try {
				const join = await client.connect(this.#url, this.#token, request);
				checkConnected(client);
				this.#participant = join.participant?.sid ?? "";
				return join;
			} catch (error) {
				failure = asConnectionError(error);
			}
		}
	}

	/** To the next region; `failure` is what is wrong with this one, and thrown when there is none. */
	async #moveOn(failure: ConnectionError): Promise<void> {
		const client = this.#client;
		const next = await this.#options.regions.next(this.#home, this.#token, failure, this.#url);
		if (this.#client !== client) throw failure; // closed meanwhile, or begun anew
		if (next === undefined) {
			this.settled();
			this.#url = this.#home;
			throw failure;
		}
		this.#url = next;
	}

	/** Media does not come up here: the next join is elsewhere. False: there is nowhere else. */
	avoid(failure: ConnectionError): boolean {
		if (!this.hasRegions) return false;
		this.#avoided = failure;
		return true;
	}

	/** All is well where we are: if that changes, every region may be tried. */
	settled(): void {
		this.#options.regions.reset();
	}

	get hasRegions(): boolean {
		return this.#options.regions.exist(this.#home);
	}

	/** Where else there are servers. */
	regionsReported(regions: readonly RegionInfo[]): void {
		this.#options.regions.reported(this.#home, regions);
	}

	/**
	 * Connects anew for the same participant. Undefined: the server took it, but its first message was
	 * another one. Rejects with ConnectionError.
	 */
	async resume(
		reason: ReconnectReason,
		request: Init<JoinRequest>,
		tries: number,
	): Promise<ReconnectResponse | undefined> {
		const client = this.#renew(tries);
		const response = await client.resume(this.#url, this.#token, {
			...request,
			participantSid: this.#participant,
			reconnectReason: reason,
		});
		checkConnected(client);
		return response;
	}

	get connected(): boolean {
		return this.#client?.connected ?? false;
	}

	/** Sends now, or once there is a connection again; false when it does neither. */
	send(request: Init<SignalRequest>): boolean {
		if (this.#client?.connected) return this.#client.send(request);
		return this.#hold({ request });
	}

	/** See Session.request(). */
	request(
		build: (requestId: number) => Init<SignalRequest>,
		timeout: number,
	): Promise<RequestResponse | undefined> {
		const client = this.#client;
		if (client?.connected) return ask(client, build, timeout);
		return new Promise((resolve) => {
			const send = (to?: SignalClient) => resolve(to && ask(to, build, timeout));
			if (!this.#hold({ request: build(0), send })) resolve(undefined);
		});
	}

	/** Sends what was held. */
	flush(): void {
		this.#held.splice(0).forEach(({ request, send }) => {
			if (send) send(this.#client);
			else this.send(request);
		});
	}

	#hold(held: Held): boolean {
		const kinds = Object.keys(held.request) as (keyof SignalRequest)[];
		if (this.#participant === "" || kinds.some((kind) => NOT_HELD.includes(kind))) return false;
		const { mute } = held.request;
		if (mute) this.#held = this.#held.filter(({ request }) => request.mute?.sid !== mute.sid);
		if (this.#held.length === MAX_HELD) {
			this.#held.shift()?.send?.(undefined);
			this.#unsent++;
		}
		this.#held.push(held);
		return true;
	}

	/** Our tracks are others now: what was held for them is void. */
	forgetTracks(): void {
		this.#held = this.#held.filter((held) => !held.request.mute);
	}

	/** See SignalClient.hurry(). */
	hurry(timeout: number, onAnswer: () => void): void {
		this.#client?.hurry(timeout, onAnswer);
	}

	get rtt(): number {
		return this.#client?.rtt ?? 0;
	}

	get stats(): SessionSignalStats | undefined {
		const newest = this.#client?.stats;
		const stats = newest ? add(this.#earlier, newest) : this.#earlier;
		return stats && { ...stats, unsent: this.#unsent };
	}

	/** As leave(), when the server knows or cannot hear it. */
	abandon(): void {
		this.close();
		this.#end();
	}

	/** Ends the connection without a word to LiveKit. */
	close(): void {
		this.#drop((client) => client.close());
	}

	/** Tells the server that we go for good, and ends the connection. */
	leave(reason: DisconnectReason | undefined): void {
		this.#drop((client) => client.leave(reason));
		this.#end();
	}

	#end(): void {
		this.#participant = "";
		this.#held.splice(0).forEach((held) => held.send?.(undefined));
	}

	#drop(end: (client: SignalClient) => void): void {
		this.#options.regions.cancel();
		const client = this.#client;
		if (!client) return;
		this.#client = undefined;
		client.handle();
		end(client);
		if (client.stats) this.#earlier = add(this.#earlier, client.stats);
	}

	/** `tries`: to come back, that have failed; undefined at the first join. */
	#renew(tries: number | undefined): SignalClient {
		this.close();
		const { create, signal, handlers } = this.#options;
		const { openTimeout = 15_000 } = signal;
		const patience = tries === undefined ? openTimeout : RETURN_TIMEOUT * Math.max(1, tries);
		const client = create({
			...signal,
			singlePeerConnection: this.#single,
			openTimeout: Math.min(openTimeout, patience),
		});
		this.#client = client;
		client.handle(handlers);
		return client;
	}
}

/** It may have ended in the turn of its first message; nobody heeds that before it is taken. */
function checkConnected(client: SignalClient): void {
	if (client.connected) return;
	const message = "the server closed the connection that it had just taken";
	throw new ConnectionError(message, ConnectionErrorReason.ServerUnreachable);
}

function add(a: SignalStats | undefined, b: SignalStats): SignalStats {
	if (!a) return b;
	return {
		...b,
		messagesIn: a.messagesIn + b.messagesIn,
		messagesOut: a.messagesOut + b.messagesOut,
		bytesIn: a.bytesIn + b.bytesIn,
		bytesOut: a.bytesOut + b.bytesOut,
		malformed: a.malformed + b.malformed,
		refused: a.refused + b.refused,
	};
}

async function ask(
	client: SignalClient,
	build: (requestId: number) => Init<SignalRequest>,
	timeout: number,
): Promise<RequestResponse | undefined> {
	const requestId = client.nextRequestId();
	const response = client.response(requestId, timeout);
	return client.send(build(requestId)) ? response : undefined;
}
