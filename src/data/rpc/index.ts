/** Remote procedure calls, for all that is outside of this folder. */

import type { IncomingStreams } from "../streams/IncomingStreams";
import { REQUEST_TOPIC, RESPONSE_TOPIC } from "./protocol";
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
	streams.registerText(REQUEST_TOPIC, (reader, { identity }) =>
		calls.rpcServer.onRequestStream(reader, identity),
	);
	streams.registerText(RESPONSE_TOPIC, (reader, { identity }) =>
		calls.rpcClient.onResponseStream(reader, identity),
	);
}
