/** What of an inbound stream is here and not read yet. */

import type { Budget } from "../Budget";
import { DataStreamError, DataStreamErrorReason } from "./DataStreamError";

/** A chunk costs the engine's heap this much beside its bytes; small ones must not be free. */
const CHUNK_COST = 512;

/** Of a chunk of so many bytes. */
export const costOf = (length: number) => length + CHUNK_COST;

/** The part of AbortSignal that is used: XS has none of its own. */
export interface AbortSignalLike {
	readonly aborted: boolean;
	readonly reason?: unknown;
	addEventListener(type: "abort", listener: () => void): void;
}

export class StreamFeed {
	readonly #budget: Budget;
	/** Something was read or forgotten: for who counts. */
	readonly #onRead: () => void;
	/** Of what a reader puts together; out of `texts`. */
	#textBytes = 0;
	readonly #chunks: Uint8Array[] = [];
	#ended = false;
	#error: unknown;
	#wake: (() => void) | undefined;

	/** @param texts for what readers put together */
	constructor(
		budget: Budget,
		readonly texts: Budget,
		onRead: () => void,
	) {
		this.#budget = budget;
		this.#onRead = onRead;
	}

	/** Nothing will be read any more. */
	get done(): boolean {
		return this.#ended && this.#chunks.length === 0;
	}
	/** Nothing more will come. */
	get ended(): boolean {
		return this.#ended;
	}

	get hasUnread(): boolean {
		return this.#chunks.length > 0;
	}

	/** False, and nothing is kept, when the budget does not have it. */
	push(chunk: Uint8Array): boolean {
		if (!this.#budget.take(costOf(chunk.length))) return false;
		this.#chunks.push(chunk);
		this.#wake?.();
		return true;
	}

	/** False when there is no room for so much more text of it. */
	keepText(bytes: number): boolean {
		if (!this.texts.take(bytes)) return false;
		this.#textBytes += bytes;
		return true;
	}
	get hasText(): boolean {
		return this.#textBytes > 0;
	}

	/** The end; what is here can still be read, then readers get the error. */
	end(error?: unknown): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#error = error;
		this.#wake?.();
	}

	/** The end now: what is here is forgotten, and readers get the error, even of a stream that was whole. */
	drop(error?: unknown): void {
		this.#chunks.splice(0).forEach((chunk) => this.#budget.give(costOf(chunk.length)));
		this.texts.give(this.#textBytes);
		this.#textBytes = 0;
		this.end();
		this.#error = error;
		this.#onRead();
	}

	/** The next chunk, when it is here; undefined at the end. One call at a time. */
	async take(signal?: AbortSignalLike): Promise<Uint8Array | undefined> {
		while (this.#chunks.length === 0 && !this.#ended && !signal?.aborted)
			await this.#change(signal);
		if (signal?.aborted) throw signal.reason ?? aborted();
		const chunk = this.#chunks.shift();
		if (chunk) {
			this.#budget.give(costOf(chunk.length));
			this.#onRead();
		} else if (this.#error !== undefined) throw this.#error;
		return chunk;
	}

	#change(signal: AbortSignalLike | undefined): Promise<void> {
		return new Promise((resolve) => {
			this.#wake = () => {
				this.#wake = undefined;
				resolve();
			};
			signal?.addEventListener("abort", () => this.#wake?.());
		});
	}
}

function aborted(): DataStreamError {
	return new DataStreamError("reading was aborted", DataStreamErrorReason.AbnormalEnd);
}
