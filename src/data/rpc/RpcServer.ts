/** Calls of others: each is confirmed, handed to its method, and answered once. */

import { Log } from "../../platform/log";
import { encodeUtf8 } from "../../platform/text";
import type { RpcRequest } from "../../protocol/generated/types";
import type { Budget } from "../Budget";
import { ClientProtocol, type DataPort, ignore } from "../DataPort";
import { type DataStreamError, DataStreamErrorReason } from "../streams/DataStreamError";
import { MAX_STREAMS } from "../streams/IncomingStreams";
import type { OutgoingStreams } from "../streams/OutgoingStreams";
import type { TextStreamReader } from "../streams/StreamReader";
import type { StreamLimits } from "../streams/types";
import { ATTRIBUTE, MAX_PAYLOAD, packetTo, RESPONSE_TOPIC, type RpcHandler } from "./protocol";
import { RpcError } from "./RpcError";

/** Why a call was refused, for its caller. */
const BUSY = "too much to handle at a time";

interface Invocation {
	readonly id: string;
	readonly caller: string;
	readonly method: string;
	readonly handler: RpcHandler;
	readonly responseTimeout: number;
	/** Of the request; the response is of the same, if not of a newer one. */
	readonly version: number;
	/** Of the payload, then of the response; out of the budget. */
	bytes: number;
	/** The caller has left, or we have: nobody waits for the response. */
	gone: boolean;
}

export class RpcServer {
	readonly #port: DataPort;
	readonly #streams: OutgoingStreams;
	readonly #log = new Log();
	readonly #handlers = new Map<string, RpcHandler>();
	/** Until the response is in the send buffer, by caller and id. */
	readonly #calls = new Map<string, Invocation>();
	/** Calls at a time; more are refused. */
	readonly #maxCalls: number;
	/** For payloads and responses, and all texts that are being put together. */
	readonly #texts: Budget;
	#refused = 0;

	constructor(
		port: DataPort,
		streams: OutgoingStreams,
		texts: Budget,
		{ maxStreams = MAX_STREAMS }: StreamLimits,
	) {
		this.#port = port;
		this.#streams = streams;
		this.#texts = texts;
		this.#maxCalls = maxStreams;
	}

	get stats(): { incoming: number; refused: number } {
		return { incoming: this.#calls.size, refused: this.#refused };
	}

	/** Throws when the method has a handler. */
	register(method: string, handler: RpcHandler): void {
		if (this.#handlers.has(method)) {
			throw new Error(`the method "${method}" has a handler: unregisterRpcMethod() first`);
		}
		this.#handlers.set(method, handler);
	}
	unregister(method: string): void {
		this.#handlers.delete(method);
	}

	onRequest(request: RpcRequest, caller: string): void {
		const { id, method, payload, responseTimeoutMs, version } = request;
		const call = this.#begin(caller, id, method, responseTimeoutMs, version, 1);
		if (call) this.#run(call, payload);
	}

	async onRequestStream(reader: TextStreamReader, caller: string): Promise<void> {
		const { attributes = {}, size = 0 } = reader.info;
		const id = attributes[ATTRIBUTE.ID];
		const method = attributes[ATTRIBUTE.METHOD];
		const timeout = Number.parseInt(attributes[ATTRIBUTE.TIMEOUT], 10);
		const version = Number.parseInt(attributes[ATTRIBUTE.VERSION], 10);
		const complete = id && method && !Number.isNaN(timeout) && !Number.isNaN(version);
		if (!complete) this.refuse(id, caller, "attributes of the request are missing");
		const call = complete && this.#begin(caller, id, method, timeout, version, 2);
		if (!call) {
			reader.drop();
			return;
		}
		const payload = await reader.readAll().catch((error: DataStreamError) => {
			if (error.reason === DataStreamErrorReason.PayloadTooLarge) this.#turnAway(call, size);
			else
				this.#answer(call, RpcError.builtIn("APPLICATION_ERROR", `the request: ${error.message}`));
		});
		if (payload !== undefined) this.#run(call, payload);
	}

	/** Its caller need not wait for an answer. */
	refuse(id: string | undefined, caller: string, why = BUSY): void {
		if (!id || this.#calls.has(keyOf(caller, id))) return; // nothing to answer to, or it will be answered
		this.#refused++;
		this.#acknowledge(id, caller);
		this.#respond(id, caller, RpcError.builtIn("APPLICATION_ERROR", why));
	}

	/** Who has left needs no answer. Its methods run on, and hold what they hold until they end. */
	onParticipantGone(identity: string): void {
		this.#calls.forEach((call) => {
			if (call.caller === identity) call.gone = true;
		});
	}

	/** We have left. */
	close(): void {
		this.#calls.forEach((call) => {
			call.gone = true;
		});
	}

	/** Confirms the call; undefined when it is not to be handled. `known` is the version of its way. */
	#begin(
		caller: string,
		id: string,
		method: string,
		responseTimeout: number,
		version: number,
		known: number,
	): Invocation | undefined {
		const key = keyOf(caller, id);
		if (this.#calls.has(key)) return undefined; // it is at work on that
		const handler = this.#handlers.get(method);
		if (version === known && handler && this.#calls.size >= this.#maxCalls) {
			this.refuse(id, caller);
			return undefined;
		}
		this.#acknowledge(id, caller);
		if (version !== known || !handler) {
			const name = handler ? "UNSUPPORTED_VERSION" : "UNSUPPORTED_METHOD";
			this.#respond(id, caller, RpcError.builtIn(name));
			return undefined;
		}
		const call = { id, caller, method, handler, responseTimeout, version, bytes: 0, gone: false };
		this.#calls.set(key, call);
		return call;
	}

	/** No function on the way waits for the response to be sent: what it has in hand it would keep. */
	#run(call: Invocation, payload: string): void {
		if (this.#take(call, payload)) {
			this.#handle(call, payload).then((response) => this.#answer(call, response));
		} else this.#turnAway(call, payload.length);
	}

	async #handle(call: Invocation, payload: string): Promise<string | RpcError> {
		const { id: requestId, caller: callerIdentity, method, handler, responseTimeout } = call;
		try {
			return (await handler({ requestId, callerIdentity, payload, responseTimeout })) ?? "";
		} catch (error) {
			if (error instanceof RpcError) return error;
			this.#log.warn(`the RPC method "${method}" threw:`, (error as Error)?.stack ?? error);
			return RpcError.builtIn("APPLICATION_ERROR");
		}
	}

	/** Its payload, of so many bytes, does not fit. */
	#turnAway(call: Invocation, size: number): void {
		this.#refused++;
		const fits = size <= this.#texts.limit;
		const name = fits ? "APPLICATION_ERROR" : "REQUEST_PAYLOAD_TOO_LARGE";
		this.#answer(call, RpcError.builtIn(name, fits ? BUSY : undefined));
	}

	#answer(call: Invocation, response: string | RpcError): void {
		this.#texts.give(call.bytes);
		call.bytes = 0;
		this.#send(call, response).then(() => {
			this.#calls.delete(keyOf(call.caller, call.id));
			this.#texts.give(call.bytes);
		});
	}

	/** When it cannot be sent, there is nobody left to tell. */
	#send(call: Invocation, response: string | RpcError): Promise<unknown> {
		const { id, caller, version, gone } = call;
		if (gone) return Promise.resolve();
		const failed = response instanceof RpcError;
		// With nothing else in hand, of any size: the method has it in memory all the same.
		if (!this.#take(call, failed ? (response.data ?? "") : response, this.#texts.used === 0)) {
			this.#refused++;
			return this.#respond(id, caller, RpcError.builtIn("APPLICATION_ERROR", BUSY));
		}
		if (failed) return this.#respond(id, caller, response);
		if (version === 2 || this.#port.clientProtocolOf(caller) >= ClientProtocol.RPC_STREAMS) {
			const attributes = { [ATTRIBUTE.ID]: id };
			const options = { topic: RESPONSE_TOPIC, destinationIdentities: [caller], attributes };
			return this.#streams.sendText(response, options).catch(ignore);
		}
		if (call.bytes > MAX_PAYLOAD) {
			return this.#respond(id, caller, RpcError.builtIn("RESPONSE_PAYLOAD_TOO_LARGE"));
		}
		return this.#respond(id, caller, undefined, response);
	}

	#acknowledge(requestId: string, caller: string): void {
		this.#port.send(packetTo(caller, { rpcAck: { requestId } })).catch(ignore);
	}

	#respond(
		requestId: string,
		caller: string,
		failed: RpcError | undefined,
		payload?: string,
	): Promise<void> {
		const error = failed && { code: failed.code, message: failed.message, data: failed.data };
		const rpcResponse = { requestId, payload, error };
		return this.#port.send(packetTo(caller, { rpcResponse })).catch(ignore);
	}

	/** Takes what a text has out of the budget; or all the same. */
	#take(call: Invocation, text: string, anyway = false): boolean {
		if (!anyway && text.length > this.#texts.limit - this.#texts.used) return false; // and is not encoded to know
		const { length } = encodeUtf8(text);
		if (!this.#texts.take(length, anyway)) return false;
		call.bytes = length;
		return true;
	}
}

const keyOf = (caller: string, id: string) => `${caller.length} ${caller} ${id}`;
