/** How a call to a remote method fails. livekit-client's numbers; apps may use any of their own. */

import { decodeUtf8, encodeUtf8 } from "../../platform/text";
import { splitUtf8 } from "../streams/split";

const MAX_MESSAGE_BYTES = 256;
const MAX_DATA_BYTES = 15_360;

const CODES = Object.freeze({
	APPLICATION_ERROR: 1500,
	CONNECTION_TIMEOUT: 1501,
	RESPONSE_TIMEOUT: 1502,
	RECIPIENT_DISCONNECTED: 1503,
	RESPONSE_PAYLOAD_TOO_LARGE: 1504,
	SEND_FAILED: 1505,
	UNSUPPORTED_METHOD: 1400,
	RECIPIENT_NOT_FOUND: 1401,
	REQUEST_PAYLOAD_TOO_LARGE: 1402,
	UNSUPPORTED_SERVER: 1403,
	UNSUPPORTED_VERSION: 1404,
} as const);

const MESSAGES: Readonly<Record<keyof typeof CODES, string>> = Object.freeze({
	APPLICATION_ERROR: "the method failed",
	CONNECTION_TIMEOUT: "the recipient did not confirm the call in time",
	RESPONSE_TIMEOUT: "the recipient did not respond in time",
	RECIPIENT_DISCONNECTED: "the recipient has left",
	RESPONSE_PAYLOAD_TOO_LARGE: "the response is too large",
	SEND_FAILED: "the call was not sent",
	UNSUPPORTED_METHOD: "the recipient has no such method",
	RECIPIENT_NOT_FOUND: "nobody of that identity is in the room",
	REQUEST_PAYLOAD_TOO_LARGE: "the request is too large",
	UNSUPPORTED_SERVER: "the server is too old for calls: 1.8 or newer is needed",
	UNSUPPORTED_VERSION: "the recipient does not know this version of calls",
});

/**
 * What performRpc() rejects with. One that a method throws reaches the caller as it is; anything
 * else that it throws arrives as APPLICATION_ERROR.
 */
export class RpcError extends Error {
	static readonly MAX_MESSAGE_BYTES = MAX_MESSAGE_BYTES;
	static readonly MAX_DATA_BYTES = MAX_DATA_BYTES;
	static readonly ErrorCode = CODES;

	readonly code: number;
	readonly data: string | undefined;

	/**
	 * @param code 1001–1999 are LiveKit's
	 * @param message cut to 256 bytes
	 * @param data cut to 15,360 bytes
	 */
	constructor(code: number, message: string, data?: string) {
		super(cut(message, MAX_MESSAGE_BYTES));
		this.code = code;
		this.data = data ? cut(data, MAX_DATA_BYTES) : undefined;
	}
	override get name(): string {
		return "RpcError";
	}

	/** @internal */
	static builtIn(name: keyof typeof CODES, data?: string): RpcError {
		return new RpcError(CODES[name], MESSAGES[name], data);
	}
}

function cut(text: string, size: number): string {
	const first = splitUtf8(encodeUtf8(text), size).next().value;
	return first ? decodeUtf8(first) : "";
}
