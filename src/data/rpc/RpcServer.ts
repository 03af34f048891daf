/** Calls of others: each is confirmed, handed to its method, and answered once. */

import { now } from "../../platform/clock";
import { Log } from "../../platform/log";
import { encodeUtf8 } from "../../platform/text";
import type { RpcRequest, RpcResponse } from "../../protocol/generated/types";
import type { Init } from "../../protocol/schema";
import { ClientProtocol, type DataPort, ignore } from "../DataPort";
import { MAX_STREAMS, MAX_TEXT_BYTES } from "../streams/IncomingStreams";
import type { OutgoingStreams } from "../streams/OutgoingStreams";
import { Budget } from "../streams/StreamFeed";
import type { TextStreamReader } from "../streams/StreamReader";
import type { StreamLimits } from "../streams/types";
import { ATTRIBUTE, MAX_PAYLOAD, packetTo, RESPONSE_TOPIC, type RpcHandler } from "./protocol";
import { RpcError } from "./RpcError";

interface Invocation {
	readonly id: string;
	readonly caller: string;
	readonly method: string;
	readonly responseTimeout: number;
	/** Of the request; the response is of the same, if not of a newer one. */
	readonly version: number;
	/** When the caller has given up. */
	readonly deadline: number;
	/** Of the payload, out of the budget. */
	bytes: number;
}

export class RpcServer {
	readonly #port: DataPort;
	readonly #streams: OutgoingStreams;
	readonly #log = new Log();
	readonly #handlers = new Map<string, RpcHandler>();
	/** Being handled, by caller and id. */
	readonly #calls = new Map<string, Invocation>();
	/** Calls at a time; more are refused. */
	readonly #maxCalls: number;
	/** Of all calls that are being handled. */
	readonly #payloads: Budget;
	#refused = 0;

	constructor(
		port: DataPort,
		streams: OutgoingStreams,
		{ maxStreams = MAX_STREAMS, maxTextBytes = MAX_TEXT_BYTES }: StreamLimits,
	) {
		this.#port = port;
		this.#streams = streams;
		this.#maxCalls = maxStreams;
		this.#payloads = new Budget(maxTextBytes);
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

	async onRequest(request: RpcRequest, caller: string): Promise<void> {
		const { id, method, payload, responseTimeoutMs, version } = request;
		const call = this.#begin(caller, id, method, responseTimeoutMs, version);
		if (!call) return;
		if (version === 1) await this.#run(call, payload);
		else this.#fail(call, RpcError.builtIn("UNSUPPORTED_VERSION"));
	}

	async onRequestStream(reader: TextStreamReader, caller: string): Promise<void> {
		const { attributes = {} } = reader.info;
		const id = attributes[ATTRIBUTE.ID];
		const method = attributes[ATTRIBUTE.METHOD];
		const timeout = Number.parseInt(attributes[ATTRIBUTE.TIMEOUT], 10);
		const version = Number.parseInt(attributes[ATTRIBUTE.VERSION], 10);
		if (!id || !method || Number.isNaN(timeout) || Number.isNaN(version)) {
			this.#refused++;
			if (!id) return; // nothing to answer to
			const error = RpcError.builtIn("APPLICATION_ERROR", "attributes of the request are missing");
			return this.#respond(caller, { requestId: id, error: toProto(error) });
		}
		const call = this.#begin(caller, id, method, timeout, version);
		if (!call) return;
		if (version !== 2) return this.#fail(call, RpcError.builtIn("UNSUPPORTED_VERSION"));
		let payload: string;
		try {
			payload = await reader.readAll();
		} catch (error) {
			const { message } = error as Error;
			return this.#fail(call, RpcError.builtIn("APPLICATION_ERROR", `the request: ${message}`));
		}
		await this.#run(call, payload);
	}

	/** Who has left needs no answer. */
	onParticipantGone(identity: string): void {
		for (const [key, call] of [...this.#calls]) if (call.caller === identity) this.#end(key);
	}

	/** We have left. */
	close(): void {
		for (const key of [...this.#calls.keys()]) this.#end(key);
	}

	/** Confirms the call; undefined when it is not to be handled. */
	#begin(
		caller: string,
		id: string,
		method: string,
		timeout: number,
		version: number,
	): Invocation | undefined {
		const key = keyOf(caller, id);
		if (this.#calls.has(key)) return undefined; // it is at work on that
		this.#port.send(packetTo(caller, { rpcAck: { requestId: id } })).catch(ignore);
		this.#dropExpired();
		if (this.#calls.size >= this.#maxCalls) {
			this.#refused++;
			const error = RpcError.builtIn("APPLICATION_ERROR", "too many calls at a time");
			this.#respond(caller, { requestId: id, error: toProto(error) });
			return undefined;
		}
		const deadline = now() + timeout;
		const call = { id, caller, method, responseTimeout: timeout, version, deadline, bytes: 0 };
		this.#calls.set(key, call);
		return call;
	}

	async #run(call: Invocation, payload: string): Promise<void> {
		const handler = this.#handlers.get(call.method);
		if (!handler) return this.#fail(call, RpcError.builtIn("UNSUPPORTED_METHOD"));
		const { length } = encodeUtf8(payload);
		if (!this.#payloads.take(length)) {
			this.#refused++;
			const error = RpcError.builtIn("APPLICATION_ERROR", "too much to handle at a time");
			return this.#fail(call, error);
		}
		call.bytes = length;
		const { id: requestId, caller: callerIdentity, responseTimeout } = call;
		let response: string;
		try {
			response = (await handler({ requestId, callerIdentity, payload, responseTimeout })) ?? "";
		} catch (error) {
			if (!(error instanceof RpcError)) {
				this.#log.warn(`the RPC method "${call.method}" threw:`, (error as Error)?.stack ?? error);
			}
			const told = error instanceof RpcError ? error : RpcError.builtIn("APPLICATION_ERROR");
			return this.#fail(call, told);
		}
		if (!this.#end(keyOf(call.caller, call.id), call)) return;
		const streams = this.#port.clientProtocolOf(callerIdentity) >= ClientProtocol.RPC_STREAMS;
		if (call.version === 2 || streams) return this.#respondStream(call, response);
		if (encodeUtf8(response).length <= MAX_PAYLOAD) {
			return this.#respond(callerIdentity, { requestId, payload: response });
		}
		const error = toProto(RpcError.builtIn("RESPONSE_PAYLOAD_TOO_LARGE"));
		return this.#respond(callerIdentity, { requestId, error });
	}

	#fail(call: Invocation, error: RpcError): Promise<void> | undefined {
		if (!this.#end(keyOf(call.caller, call.id), call)) return undefined;
		return this.#respond(call.caller, { requestId: call.id, error: toProto(error) });
	}

	async #respondStream({ id, caller }: Invocation, response: string): Promise<void> {
		const attributes = { [ATTRIBUTE.ID]: id };
		const options = { topic: RESPONSE_TOPIC, destinationIdentities: [caller], attributes };
		await this.#streams.sendText(response, options).catch(ignore);
	}

	/** When it cannot be sent, there is nobody left to tell. */
	#respond(caller: string, rpcResponse: Init<RpcResponse>): Promise<void> {
		return this.#port.send(packetTo(caller, { rpcResponse })).catch(ignore);
	}

	/** A method that never ends must not keep its place. */
	#dropExpired(): void {
		for (const [key, { deadline }] of [...this.#calls]) if (deadline < now()) this.#end(key);
	}

	/** False when it had ended before: the caller has left, or given up. */
	#end(key: string, call = this.#calls.get(key)): boolean {
		if (!call || this.#calls.get(key) !== call) return false;
		this.#calls.delete(key);
		this.#payloads.give(call.bytes);
		return true;
	}
}

const keyOf = (caller: string, id: string) => `${caller.length} ${caller} ${id}`;

const toProto = ({ code, message, data }: RpcError) => ({ code, message, data });
