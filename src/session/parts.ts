/** What a session is made of; tests bring their own. */

import { type Identity, Peer, type PeerOptions } from "webrtc-native/webrtc";
import { watchLink } from "../platform/link";
import { SignalClient } from "../signal/SignalClient";
import type { SignalOptions } from "../signal/types";
import { loadIdentity } from "./identity";

export interface SessionParts {
	loadIdentity(): Promise<Identity>;
	createPeer(options: PeerOptions): Peer;
	createSignal(options: SignalOptions): SignalClient;
	/** Tells until close() when the network's addresses have become others. */
	watchLink(onChange: (up: boolean) => void): { close(): void };
}

/** The real ones. */
export class NativeParts implements SessionParts {
	loadIdentity(): Promise<Identity> {
		return loadIdentity();
	}
	createPeer(options: PeerOptions): Peer {
		return new Peer(options);
	}
	createSignal(options: SignalOptions): SignalClient {
		return new SignalClient(options);
	}
	watchLink(onChange: (up: boolean) => void): { close(): void } {
		return watchLink(onChange);
	}
}
