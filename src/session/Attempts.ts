/** Counts tries to come back, and asks the policy when the next one is due. */

import { now } from "../platform/clock";
import { Log } from "../platform/log";
import type { ReconnectPolicy } from "./ReconnectPolicy";

/** A connection that did not last longer, in milliseconds, does not begin the count anew. */
const LASTING = 10_000;
/** But no more than so many are carried over: one that comes and goes is not given up for it. */
const CARRIED = 4;

export class Attempts {
	readonly #policy: ReconnectPolicy;
	#count = 0;
	#lostAt = 0;
	/** When it last came back. */
	#backAt = Number.NEGATIVE_INFINITY;

	constructor(policy: ReconnectPolicy) {
		this.#policy = policy;
	}

	/** Tries so far that failed. */
	get count(): number {
		return this.#count;
	}

	/** The connection is lost; milliseconds until the first try: 0 unless it had just come back. */
	begin(): number | undefined {
		this.#lostAt = now();
		if (this.#lostAt - this.#backAt > LASTING) this.#count = 0;
		else this.#count = Math.min(this.#count + 1, CARRIED);
		return this.#count === 0 ? 0 : this.#ask();
	}

	/** A try has failed; milliseconds until the next one, undefined for none. */
	failed(reason: Error | undefined): number | undefined {
		this.#count++;
		return this.#ask(reason);
	}

	/** The connection is there again. */
	succeeded(): void {
		this.#backAt = now();
	}

	#ask(retryReason?: Error): number | undefined {
		const context = { elapsedMs: now() - this.#lostAt, retryCount: this.#count, retryReason };
		try {
			return this.#policy.nextRetryDelayInMs(context) ?? undefined;
		} catch (error) {
			new Log().error("the reconnect policy threw:", (error as Error)?.stack ?? error);
			return undefined;
		}
	}
}
