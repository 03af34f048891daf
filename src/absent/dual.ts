/** In the place of session/dual/Subscriber.ts. */

import { absent } from "livekit/absent/absent";

/** A server that does not know our path is none of ours. */
export const hasDual = false;

export class Subscriber {
	/** The app wants a peer connection each way. */
	constructor() {
		throw absent("servers before LiveKit 1.9", "manifest_servers.json");
	}
}
