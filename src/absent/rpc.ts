/** In the place of data/rpc/index.ts. Whoever calls waits in vain. */

import { absent, type Public } from "livekit/absent/absent";
import type * as rpc from "../data/rpc/index";

const noCalls = () => absent("RPC", "manifest_rpc.json");

export class RpcClient implements Public<rpc.RpcClient> {
	readonly stats = { outgoing: 0, stray: 0 };

	async perform(): Promise<never> {
		throw noCalls();
	}
	onAck(): void {}
	onResponse(): void {}
	async onResponseStream(): Promise<void> {}
	onResponseRefused(): void {}
	onParticipantGone(): void {}
	close(): void {}
}

export class RpcServer implements Public<rpc.RpcServer> {
	readonly stats = { incoming: 0, refused: 0 };

	register(): void {
		throw noCalls();
	}
	unregister(): void {}
	async onRequest(): Promise<void> {
		this.stats.refused++;
	}
	async onRequestStream(): Promise<void> {}
	refuse(): void {}
	onParticipantGone(): void {}
	close(): void {}
}

export function receiveStreams(): void {}
export function streamRefused(): void {}
