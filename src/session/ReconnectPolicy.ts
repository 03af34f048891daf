/** When to try again: livekit-client's interface, and figures like its own. */

/** What a policy may go by. */
export interface ReconnectContext {
	/** Milliseconds since the connection was lost. */
	readonly elapsedMs: number;
	/** Tries so far that failed. */
	readonly retryCount: number;
	readonly retryReason?: Error;
}

export interface ReconnectPolicy {
	/** Milliseconds until the next try; null: give up. */
	nextRetryDelayInMs(context: ReconnectContext): number | null;
}

/** Milliseconds; ten tries within a minute or so. */
const DELAYS: readonly number[] = Object.freeze([
	0, 300, 1200, 2700, 4800, 7000, 7000, 7000, 7000, 7000,
]);
/** From the third try on: so that a server that comes back does not meet all its clients at once. */
const JITTER_FROM = 2;
const JITTER = 1000;

export class DefaultReconnectPolicy implements ReconnectPolicy {
	readonly #delays: readonly number[];

	/** @param delays milliseconds before each try; up to a second at random comes on top from the third on */
	constructor(delays: readonly number[] = DELAYS) {
		this.#delays = [...delays];
	}

	nextRetryDelayInMs({ retryCount }: ReconnectContext): number | null {
		const delay = this.#delays[retryCount];
		if (delay === undefined) return null;
		return retryCount < JITTER_FROM ? delay : delay + Math.random() * JITTER;
	}
}
