/** When what happened first, in milliseconds since connect() was called. */

import type { Milestone } from "webrtc-native/webrtc";
import { now } from "../platform/clock";

/** `dtls`: media can flow. `dataReady`: both data channels are open, and the connection counts as connected. */
export type Moment =
	| "connect"
	| "joined"
	| "ice"
	| "dtls"
	| "dataReady"
	| Milestone
	| "firstSoundOut";

export class Timeline {
	#start = 0;
	readonly #moments = new Map<Moment, number>();

	start(): void {
		this.#start = now();
		this.#moments.set("connect", 0);
	}

	/** `at` is on the clock of now(). Later times of a moment are not kept. */
	mark(moment: Moment, at = now()): void {
		if (!this.#moments.has(moment)) this.#moments.set(moment, at - this.#start);
	}

	/** What has happened so far. */
	get moments(): Partial<Record<Moment, number>> {
		return Object.fromEntries(this.#moments);
	}
}
