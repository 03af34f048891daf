/**
 * Holds senders back while what came and is not read leaves no room for one more chunk. SCTP's window
 * does it, so all that others send waits, not that stream alone: nobody is waited for who reads nothing.
 */

import { Timeout } from "../../platform/Timeout";
import type { Budget } from "../Budget";
import type { StreamsHost } from "./IncomingStreams";

export class Brake {
	readonly #unread: Budget;
	/** What one more chunk may take of it. */
	readonly #next: number;
	readonly #patience: number;
	readonly #host: Pick<StreamsHost, "holdData">;
	#holds = false;
	/** Nobody has read for so long: it is not pulled again before somebody does. */
	#vain = false;
	readonly #timeout = new Timeout();

	/**
	 * @param patience milliseconds without any reading after which it lets go
	 */
	constructor(unread: Budget, next: number, patience: number, host: Pick<StreamsHost, "holdData">) {
		this.#unread = unread;
		this.#next = next;
		this.#patience = patience;
		this.#host = host;
	}

	/** A chunk came and was kept. */
	onKept(): void {
		if (this.#holds || this.#vain || this.#hasRoom) return;
		this.#holds = true;
		this.#timeout.start(this.#patience, () => {
			this.#vain = true;
			this.release();
		});
		this.#host.holdData(true);
	}

	/** Something was read, or forgotten. */
	onRead(): void {
		this.#vain = false;
		if (this.#hasRoom) this.release();
		else this.#timeout.restart();
	}

	release(): void {
		this.#timeout.stop();
		if (!this.#holds) return;
		this.#holds = false;
		this.#host.holdData(false);
	}

	/** One that is empty has always room: no chunk that is too large for it will ever fit. */
	get #hasRoom(): boolean {
		const { used, limit } = this.#unread;
		return used === 0 || used + this.#next <= limit;
	}
}
