/** Calls of ours: `RpcRequest` out, `RpcAck` and `RpcResponse` in, or the streams of version 2. */

import { randomId } from "../../platform/random";
import { Timeout } from "../../platform/Timeout";
import { encodeUtf8 } from "../../platform/text";
import type { RpcResponse } from "../../protocol/generated/types";
import { ClientProtocol, type DataPort } from "../DataPort";
import type { OutgoingStreams } from "../streams/OutgoingStreams";
import type { TextStreamReader } from "../streams/StreamReader";
import { ATTRIBUTE, MAX_PAYLOAD, type PerformRpcParams, packetTo, REQUEST_TOPIC } from "./protocol";
import { RpcError } from "./RpcError";

/** Calls under way at a time; more are refused. */
const MAX_CALLS = 32;
const RESPONSE_TIMEOUT = 15_000;
const MAX_ROUND_TRIP = 7_000;
const NO_ROOM = "no room for the response";
/** Milliseconds beyond the round trip that a recipient is told to have at least. */
const LEAST_WORK = 1_000;

interface Call {
	readonly recipient: string;
	readonly acknowledged: Timeout;
	readonly answered: Timeout;
	resolve(payload: string): void;
	reject(error: RpcError): void;
}

export class RpcClient {
	readonly #port: DataPort;
	readonly #streams: OutgoingStreams;
	/** By request id. */
	readonly #calls = new Map<string, Call>();
	#stray = 0;

	constructor(port: DataPort, streams: OutgoingStreams) {
		this.#port = port;
		this.#streams = streams;
	}

	get stats(): { outgoing: number; stray: number } {
		return { outgoing: this.#calls.size, stray: this.#stray };
	}

	/** Rejects with RpcError. */
	async perform(params: PerformRpcParams): Promise<string> {
		const version2 =
			this.#port.clientProtocolOf(params.destinationIdentity) >= ClientProtocol.RPC_STREAMS;
		if (!version2 && encodeUtf8(params.payload).length > MAX_PAYLOAD) {
			throw RpcError.builtIn("REQUEST_PAYLOAD_TOO_LARGE");
		}
		if (isOld(this.#port.serverVersion)) throw RpcError.builtIn("UNSUPPORTED_SERVER");
		if (this.#calls.size >= MAX_CALLS) {
			throw RpcError.builtIn("SEND_FAILED", `${MAX_CALLS} calls are under way`);
		}
		const id = randomId();
		const response = this.#expect(id, params);
		this.#request(id, params, version2).catch((error: unknown) => {
			this.#settle(id)?.reject(RpcError.builtIn("SEND_FAILED", String(error)));
		});
		return response;
	}

	onAck(requestId: string, sender: string): void {
		const call = this.#callOf(requestId, sender);
		if (call) call.acknowledged.stop();
		else this.#stray++;
	}

	onResponse({ requestId, payload, error }: RpcResponse, sender: string): void {
		if (!this.#callOf(requestId, sender)) {
			this.#stray++;
			return;
		}
		const call = this.#settle(requestId);
		if (error) call?.reject(new RpcError(error.code, error.message, error.data));
		else if (payload !== undefined) call?.resolve(payload);
		else call?.reject(RpcError.builtIn("APPLICATION_ERROR", "the response is compressed"));
	}

	async onResponseStream(reader: TextStreamReader, sender: string): Promise<void> {
		const id = reader.info.attributes?.[ATTRIBUTE.ID] ?? "";
		const call = this.#callOf(id, sender);
		if (!call) {
			this.#stray++;
			return;
		}
		call.acknowledged.stop(); // it has been heard, whatever became of the packet that says so
		try {
			const payload = await reader.readAll();
			this.#settle(id)?.resolve(payload);
		} catch (error) {
			this.#settle(id)?.reject(RpcError.builtIn("APPLICATION_ERROR", String(error)));
		}
	}

	/** It is more than we can take now. */
	onResponseRefused(id = "", sender: string): void {
		if (!this.#callOf(id, sender)) this.#stray++;
		else this.#settle(id)?.reject(RpcError.builtIn("APPLICATION_ERROR", NO_ROOM));
	}

	onParticipantGone(identity: string): void {
		this.#calls.forEach((call, id) => {
			if (call.recipient === identity) {
				this.#settle(id)?.reject(RpcError.builtIn("RECIPIENT_DISCONNECTED"));
			}
		});
	}

	/** We have left. */
	close(): void {
		this.#calls.forEach((_, id) => {
			this.#settle(id)?.reject(RpcError.builtIn("RECIPIENT_DISCONNECTED", "the room was left"));
		});
	}

	#expect(id: string, params: PerformRpcParams): Promise<string> {
		const { destinationIdentity, responseTimeout, maxRoundTripLatency } = params; // not its payload
		return new Promise((resolve, reject) => {
			const call: Call = {
				recipient: destinationIdentity,
				acknowledged: new Timeout(),
				answered: new Timeout(),
				resolve,
				reject,
			};
			this.#calls.set(id, call);
			call.acknowledged.start(maxRoundTripLatency ?? MAX_ROUND_TRIP, () => {
				// Who is hidden can answer, so that it is not known says nothing before.
				const known = this.#port.identities.includes(destinationIdentity);
				const name = known ? "CONNECTION_TIMEOUT" : "RECIPIENT_NOT_FOUND";
				this.#settle(id)?.reject(RpcError.builtIn(name));
			});
			call.answered.start(responseTimeout ?? RESPONSE_TIMEOUT, () => {
				this.#settle(id)?.reject(RpcError.builtIn("RESPONSE_TIMEOUT"));
			});
		});
	}

	async #request(id: string, params: PerformRpcParams, version2: boolean): Promise<void> {
		const { destinationIdentity, method, payload } = params;
		const { responseTimeout = RESPONSE_TIMEOUT, maxRoundTripLatency = MAX_ROUND_TRIP } = params;
		const responseTimeoutMs = Math.max(responseTimeout, maxRoundTripLatency + LEAST_WORK);
		if (!version2) {
			const rpcRequest = { id, method, payload, responseTimeoutMs, version: 1 };
			return this.#port.send(packetTo(destinationIdentity, { rpcRequest }));
		}
		await this.#streams.sendText(payload, {
			topic: REQUEST_TOPIC,
			destinationIdentities: [destinationIdentity],
			attributes: {
				[ATTRIBUTE.ID]: id,
				[ATTRIBUTE.METHOD]: method,
				[ATTRIBUTE.TIMEOUT]: String(responseTimeoutMs),
				[ATTRIBUTE.VERSION]: "2",
			},
		});
	}

	/** Only whom we asked may answer. */
	#callOf(id: string, sender: string): Call | undefined {
		const call = this.#calls.get(id);
		return call?.recipient === sender ? call : undefined;
	}

	/** The call, which is over. */
	#settle(id: string): Call | undefined {
		const call = this.#calls.get(id);
		this.#calls.delete(id);
		call?.acknowledged.stop();
		call?.answered.stop();
		return call;
	}
}

/** Before 1.8 servers do not forward calls. */
function isOld(version: string | undefined): boolean {
	return /^(0\.|1\.[0-7](\D|$))/.test(version ?? "");
}
