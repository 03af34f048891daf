/** When what happened first, in milliseconds since connect() was called. */

import Time from "time";
import type { Milestone } from "webrtc-native/webrtc";

export type Moment = "connect" | "joined" | "ice" | "dtls" | Milestone | "firstSoundOut";

export class Timeline {
	#start = 0;
	readonly #moments = new Map<Moment, number>();

	start(): void {
		this.#start = Time.microseconds / 1000;
		this.#moments.set("connect", 0);
	}

	/** `at` is on the clock of `time`'s microseconds / 1000. Later times of a moment are not kept. */
	mark(moment: Moment, at: number): void {
		if (!this.#moments.has(moment)) this.#moments.set(moment, at - this.#start);
	}

	/** What has happened so far. */
	get moments(): Partial<Record<Moment, number>> {
		return Object.fromEntries(this.#moments);
	}
}
