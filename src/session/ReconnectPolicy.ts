/** When to try again: livekit-client's interface. */

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

/**
 * Milliseconds; fourteen tries within a minute or so. Dense at first, when most of what can be mended
 * is: a server that was started anew listens again within a second or two.
 */
const DELAYS: readonly number[] = Object.freeze([
	0, 300, 300, 400, 500, 700, 1200, 2700, 4800, 7000, 7000, 7000, 7000, 7000,
]);
/** Of a delay, at random on top: so that a server that comes back does not meet all its clients at once. */
const JITTER = 0.5;

export class DefaultReconnectPolicy implements ReconnectPolicy {
	readonly #delays: readonly number[];

	/** @param delays milliseconds before each try; up to half as much again comes on top, at random */
	constructor(delays: readonly number[] = DELAYS) {
		this.#delays = delays.slice();
	}

	nextRetryDelayInMs(context: ReconnectContext): number | null {
		const delay = this.#delays[context.retryCount];
		if (delay === undefined) return null;
		return delay * (1 + Math.random() * JITTER);
	}
}
