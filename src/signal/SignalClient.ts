/** LiveKit's signalling over one WebSocket: join, messages by kind, ping, leave. */

import { HandledEmitter } from "../platform/emitter";
import { Log } from "../platform/log";
import { Timeout } from "../platform/Timeout";
import { decode, encode, ProtocolError } from "../protocol/codec";
import { DisconnectReason } from "../protocol/generated/enums";
import * as tables from "../protocol/generated/tables";
import type {
	JoinRequest,
	JoinResponse,
	ReconnectResponse,
	RequestResponse,
	SignalRequest,
	SignalResponse,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { ConnectionError, ConnectionErrorReason } from "./ConnectionError";
import { type Endpoint, parseEndpoint } from "./Endpoint";
import { nameOf, networkFailure, refusal } from "./failures";
import { CloseCode } from "./frame";
import { HttpGet } from "./http";
import { joinTarget } from "./join";
import { KeepAlive, type KeepAliveHost } from "./KeepAlive";
import type { ResumeRequest, SignalEvents, SignalOptions, SignalStats } from "./types";
import { WebSocket, type WebSocketEnd } from "./WebSocket";

/** Milliseconds for the question at `/validate`. */
const VALIDATE_TIMEOUT = 5000;
/** Seconds: what servers say at a join; at a resume they do not say it again. */
const PINGS = Object.freeze({ pingInterval: 5, pingTimeout: 15 });

/**
 * One connection to a LiveKit server's `/rtc/v1`, or `/rtc`; a new one takes a new SignalClient.
 *
 * Register listeners before connect(): what the server sends right behind the join response (the
 * answer, candidates) is emitted in the same turn, before code after `await connect()` runs.
 * `join`, `reconnect`, `pong` and `pongResp` are handled here and not emitted.
 */
export class SignalClient extends HandledEmitter<SignalEvents> implements KeepAliveHost {
	readonly options: Required<Omit<SignalOptions, "tls">> & Pick<SignalOptions, "tls">;
	#state: "idle" | "connecting" | "connected" | "over" = "idle";
	#socket: WebSocket | undefined;
	#opened = false;
	#validation: HttpGet | undefined;
	#settle:
		| { resolve(first: SignalResponse): void; reject(error: ConnectionError): void }
		| undefined;
	/** For a participant that has joined before: a join response is not expected. */
	#resuming = false;
	readonly #keepAlive = new KeepAlive(this);
	#requestId = 0;
	#requests = new Map<number, (response?: RequestResponse) => void>();
	#counts = { messagesIn: 0, messagesOut: 0, malformed: 0, refused: 0 };

	constructor(options: SignalOptions = {}) {
		super();
		this.options = {
			maxSignalBytes: options.maxSignalBytes ?? 65536,
			openTimeout: options.openTimeout ?? 15000,
			joinTimeout: options.joinTimeout ?? 5000,
			singlePeerConnection: options.singlePeerConnection ?? true,
			log: options.log ?? new Log(),
			tls: options.tls,
		};
	}

	/**
	 * Opens the connection and joins. `url` is ws, wss, http or https, with or without a path.
	 * `join.clientInfo` need not be given; `join.connectionSettings` must be for the server to
	 * subscribe for us.
	 *
	 * Rejects with a ConnectionError, also when close() or leave() is called meanwhile (Cancelled).
	 * Never takes longer than openTimeout + joinTimeout + 5 s.
	 */
	async connect(url: string, token: string, join: Init<JoinRequest>): Promise<JoinResponse> {
		const first = await this.#start(url, token, join);
		return first.join as JoinResponse;
	}

	/**
	 * Opens a connection for a participant that has lost its own. Any first message but a Leave is
	 * the server's consent; without a ReconnectResponse it is emitted, and this resolves to undefined.
	 * A Leave is emitted before this rejects. Else as connect().
	 */
	async resume(
		url: string,
		token: string,
		join: Init<JoinRequest> & ResumeRequest,
	): Promise<ReconnectResponse | undefined> {
		this.#resuming = true;
		const first = await this.#start(url, token, { ...join, reconnect: true });
		return first.reconnect;
	}

	#start(url: string, token: string, join: Init<JoinRequest>): Promise<SignalResponse> {
		return new Promise((resolve, reject) => {
			if (this.#state !== "idle") throw new Error("a SignalClient connects once");
			this.#state = "connecting";
			this.#settle = { resolve, reject };
			try {
				const endpoint = this.#checked(url, token);
				if (endpoint) this.#open(endpoint, token, join);
			} catch (error) {
				this.#fail((error as Error).message, ConnectionErrorReason.InternalError);
			}
		});
	}

	/** Between a successful connect() and the end. */
	get connected(): boolean {
		return this.#state === "connected";
	}

	/** Milliseconds of the last ping's round trip; 0 before the first. */
	get rtt(): number {
		return this.#keepAlive.rtt;
	}

	/** Sends now; false (and nothing sent) when not connected. Queueing is the session's policy. */
	send(request: Init<SignalRequest>): boolean {
		if (this.#state !== "connected") return false;
		const sent = this.#socket?.send(encode(tables.SignalRequest, request)) ?? false;
		if (sent) this.#counts.messagesOut++;
		return sent;
	}

	/**
	 * Asks whether the server is there: `onAnswer` is called with its next message; without one within
	 * `timeout` milliseconds the connection ends, as with a ping that was not answered.
	 */
	hurry(timeout: number, onAnswer: () => void): void {
		if (this.#state === "connected") this.#keepAlive.hurry(timeout, onAnswer);
	}

	/** A number for the `requestId` of a request, from 1. */
	nextRequestId(): number {
		return ++this.#requestId;
	}

	/**
	 * The server's RequestResponse to `requestId`. Undefined when none came within `timeout`
	 * milliseconds, or the connection ended: servers do not answer everything.
	 */
	response(requestId: number, timeout = 5000): Promise<RequestResponse | undefined> {
		if (this.#state === "over") return Promise.resolve(undefined);
		return new Promise((resolve) => {
			const timer = new Timeout();
			const settle = (response?: RequestResponse) => {
				timer.stop();
				this.#requests.delete(requestId);
				resolve(response);
			};
			timer.start(timeout, settle);
			this.#requests.set(requestId, settle);
		});
	}

	/** Tells the server that this participant leaves for good, then closes. */
	leave(reason: DisconnectReason = DisconnectReason.CLIENT_INITIATED): void {
		this.send({ leave: { reason } });
		this.close();
	}

	/** Closes without a word to LiveKit (it keeps the participant for some seconds). Emits nothing. */
	close(): void {
		this.#fail("the connection was closed meanwhile", ConnectionErrorReason.Cancelled);
	}

	get stats(): SignalStats {
		return { bytesIn: 0, bytesOut: 0, cipher: "", ...this.#socket?.stats, ...this.#counts };
	}

	#checked(url: string, token: string): Endpoint | undefined {
		if (!/^[\w.~+/=-]+$/.test(token)) {
			const what = token ? "the token is malformed" : "the token is empty";
			this.#fail(`${what}: give a LiveKit access token (a JWT)`, ConnectionErrorReason.NotAllowed);
			return undefined;
		}
		try {
			return parseEndpoint(url);
		} catch (error) {
			this.#fail((error as Error).message, ConnectionErrorReason.ServerUnreachable);
			return undefined;
		}
	}

	#open(endpoint: Endpoint, token: string, join: Init<JoinRequest>): void {
		// Whether the token would do has nothing to do with the offer, which is most of a request.
		const question = { ...join, publisherOffer: undefined, addTrackRequests: undefined };
		const headers = `Authorization: Bearer ${token}\r\n`;
		this.#socket = new WebSocket({
			endpoint,
			target: endpoint.path + joinTarget(join, this.options.singlePeerConnection),
			headers,
			tls: this.options.tls,
			openTimeout: this.options.openTimeout,
			maxMessageBytes: this.options.maxSignalBytes,
			onOpen: () => {
				this.#opened = true;
				this.#keepAlive.expect(this.options.joinTimeout);
			},
			onMessage: (message) => this.#onMessage(message),
			onRefused: () => this.#onRefused(),
			onClose: (end) => {
				if (this.#opened) this.#onEnd(end);
				else this.#onOpenFailed(endpoint, token, question, end);
			},
		});
	}

	/** The WebSocket did not open: the server is asked why, unless the network explains it. */
	#onOpenFailed(
		endpoint: Endpoint,
		token: string,
		question: Init<JoinRequest>,
		end: WebSocketEnd,
	): void {
		const failure = networkFailure(endpoint, end);
		if (failure || end.location) {
			this.#reject(failure ?? refusal(endpoint, token, end, undefined));
			return;
		}
		const target = joinTarget(question, this.options.singlePeerConnection, "/validate");
		try {
			this.#validation = new HttpGet({
				endpoint,
				target: endpoint.path + target,
				headers: `Authorization: Bearer ${token}\r\n`,
				tls: this.options.tls,
				timeout: VALIDATE_TIMEOUT,
				onDone: (answer) => this.#reject(refusal(endpoint, token, end, answer)),
			});
		} catch {
			this.#reject(refusal(endpoint, token, end, undefined));
		}
	}

	#onMessage(data: ArrayBufferLike | string): void {
		this.#counts.messagesIn++;
		this.#keepAlive.heard();
		let message: SignalResponse;
		try {
			if (typeof data === "string") throw new ProtocolError("it is text");
			message = decode(tables.SignalResponse, data);
		} catch (error) {
			this.#counts.malformed++;
			if (this.#state === "connecting") this.#onFirstMessage({}, (error as Error).message);
			else this.options.log.warn("a malformed signalling message:", (error as Error).message);
			return;
		}
		if (this.#state === "connecting") this.#onFirstMessage(message);
		else this.#onNextMessage(message);
	}

	/** @internal */
	onSilence(timeout: number): void {
		if (this.#state === "connecting") {
			this.#fail(
				`the server opened the connection but sent no join response within ${timeout} ms`,
				ConnectionErrorReason.Timeout,
			);
			return;
		}
		const message = `no word from the server for ${timeout / 1000} s`;
		this.#onEnd({ code: CloseCode.abnormal, message });
	}

	#onRefused(): void {
		this.#counts.refused++;
		this.#keepAlive.heard();
		const what = `a signalling message is larger than maxSignalBytes (${this.options.maxSignalBytes})`;
		if (this.#state === "connecting")
			this.#fail(`${what}: raise it to join this room`, ConnectionErrorReason.InternalError);
		else this.options.log.warn(what);
	}

	#onFirstMessage(message: SignalResponse, fault = Object.keys(message).join()): void {
		const { join, leave } = message;
		if (join || (this.#resuming && !leave && Object.keys(message).length > 0)) {
			this.#state = "connected";
			this.#keepAlive.begin(join ?? PINGS);
			const welcome = join ?? message.reconnect;
			if (welcome) this.#emit("welcome", welcome);
			this.#settle?.resolve(message);
			this.#onNextMessage(message);
		} else if (leave) {
			if (this.#resuming) this.#emit("leave", leave);
			const what = `the server refused the join: ${nameOf(DisconnectReason, leave.reason)}`;
			this.#fail(what, ConnectionErrorReason.LeaveRequest, { context: leave.reason });
		} else {
			this.#fail(
				`the server's first message is no join response (${fault})`,
				ConnectionErrorReason.InternalError,
			);
		}
	}

	#onNextMessage(message: SignalResponse): void {
		const { pongResp, requestResponse } = message;
		if (pongResp) this.#keepAlive.pong(pongResp.lastPingTimestamp);
		if (requestResponse) this.#requests.get(requestResponse.requestId)?.(requestResponse);
		const kinds = Object.keys(message) as (keyof SignalResponse)[];
		for (let i = 0; i < kinds.length; i++) {
			const kind = kinds[i];
			if (kind !== "join" && kind !== "reconnect" && kind !== "pong" && kind !== "pongResp")
				this.#emit(kind, message[kind] as never);
		}
	}

	/** A listener's error must not keep the next message from being read. */
	#emit<K extends keyof SignalEvents>(event: K, ...args: SignalEvents[K]): void {
		try {
			this.emit(event, ...args);
		} catch (error) {
			this.options.log.error(`a listener of ${event} threw:`, (error as Error)?.stack ?? error);
		}
	}

	/** The WebSocket ended after it was open. */
	#onEnd({ code, message }: WebSocketEnd): void {
		if (this.#state === "connecting") {
			const what = `the server stopped before the join was done: ${message}; try again, or see its log`;
			this.#fail(what, ConnectionErrorReason.WebSocket);
		} else if (this.#state === "connected") {
			this.#release();
			this.#emit("closed", { code, message });
		}
	}

	/** The end, with an error for connect() if that is still waiting. */
	#fail(message: string, reason: ConnectionErrorReason, details?: { context?: number }): void {
		this.#reject(new ConnectionError(message, reason, details));
	}

	#reject(error: ConnectionError): void {
		const waiting = this.#state === "connecting";
		this.#release();
		if (waiting) this.#settle?.reject(error);
	}

	#release(): void {
		this.#state = "over";
		this.#keepAlive.stop();
		this.#socket?.close();
		this.#validation?.close();
		this.#requests.forEach((settle) => settle());
	}
}
