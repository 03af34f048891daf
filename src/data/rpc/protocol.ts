/** RPC on the wire. Version 1 is packets; version 2 sends payloads as text streams on these topics. */

import type { DataPacket } from "../../protocol/generated/types";
import type { Init } from "../../protocol/schema";

export const REQUEST_TOPIC = "lk.rpc_request";
export const RESPONSE_TOPIC = "lk.rpc_response";

export const ATTRIBUTE = Object.freeze({
	ID: "lk.rpc_request_id",
	METHOD: "lk.rpc_request_method",
	TIMEOUT: "lk.rpc_request_response_timeout_ms",
	VERSION: "lk.rpc_request_version",
} as const);

/** Bytes of a payload in a packet: version 1. */
export const MAX_PAYLOAD = 15_360;

/** A packet for one participant. */
export const packetTo = (identity: string, packet: Init<DataPacket>): Init<DataPacket> => ({
	...packet,
	destinationIdentities: [identity],
});

export interface PerformRpcParams {
	destinationIdentity: string;
	method: string;
	/** Up to 15,360 bytes; more only to recipients that take it as a stream. */
	payload: string;
	/** Milliseconds for the response; 15,000 by default. */
	responseTimeout?: number;
	/** Milliseconds for the recipient's word that the call is there; 7,000 by default. */
	maxRoundTripLatency?: number;
}

export interface RpcInvocationData {
	requestId: string;
	callerIdentity: string;
	payload: string;
	/** Milliseconds after which the caller does not wait any more. */
	responseTimeout: number;
}

/** What it returns is the response; what it throws, too: see RpcError. */
export type RpcHandler = (data: RpcInvocationData) => string | Promise<string>;

export interface RpcStats {
	/** Calls of ours under way. */
	outgoing: number;
	/** Calls of others that a method works on, or whose responses wait to be sent. */
	incoming: number;
	/** Calls of others that were one too many, or too much beside others. */
	refused: number;
	/** Confirmations and responses of no call that is under way: late, or second ones. */
	stray: number;
}
