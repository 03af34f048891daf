/** In the place of session/dual/Subscriber.ts. */

import { absent } from "livekit/absent/absent";

export class Subscriber {
	/** The server wants a peer connection each way, or the app does. */
	constructor() {
		throw absent("servers before LiveKit 1.9", "manifest_servers.json");
	}
}
