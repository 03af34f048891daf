/** Remote procedure calls, for all that is outside of this folder. */

import type { DataStream_Header } from "../../protocol/generated/types";
import type { IncomingStreams } from "../streams/IncomingStreams";
import { ATTRIBUTE, REQUEST_TOPIC, RESPONSE_TOPIC } from "./protocol";
import type { RpcClient } from "./RpcClient";
import type { RpcServer } from "./RpcServer";

export { RpcClient } from "./RpcClient";
export { RpcServer } from "./RpcServer";

/** Both ends of a room's calls, made when they are first asked for. */
export interface Calls {
	readonly rpcClient: RpcClient;
	readonly rpcServer: RpcServer;
}

/** Requests and responses of version 2 are streams. */
export function receiveStreams(this: unknown, streams: IncomingStreams, calls: Calls): void {
	streams.registerText(REQUEST_TOPIC, (reader, sender) =>
		calls.rpcServer.onRequestStream(reader, sender.identity),
	);
	streams.registerText(RESPONSE_TOPIC, (reader, { identity }) =>
		calls.rpcClient.onResponseStream(reader, identity),
	);
}

/** Who waits for a response, there or here, need not wait for its time to be over. */
export function streamRefused(
	this: unknown,
	header: DataStream_Header,
	identity: string,
	calls: Calls,
): void {
	const id = header.attributes.get(ATTRIBUTE.ID);
	if (header.topic === REQUEST_TOPIC) calls.rpcServer.refuse(id, identity);
	else if (header.topic === RESPONSE_TOPIC) calls.rpcClient.onResponseRefused(id, identity);
}
