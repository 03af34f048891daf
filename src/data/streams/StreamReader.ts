/** How an app reads a stream: chunk by chunk (for await), or all of it. */

import { decodeUtf8 } from "../../platform/text";
import type { Budget } from "../Budget";
import { DataStreamError, DataStreamErrorReason } from "./DataStreamError";
import { type AbortSignalLike, costOf, type StreamFeed } from "./StreamFeed";
import type { BaseStreamInfo, ByteStreamInfo, TextStreamInfo } from "./types";

export interface ReadAllOptions {
	/** Ends the reading early. */
	signal?: AbortSignalLike;
}

abstract class StreamReader<I extends BaseStreamInfo, C> {
	/** Its attributes are complete when the stream has ended. */
	readonly info: I;
	/** From 0 to 1, as chunks are read; undefined when the size is not known. */
	onProgress: ((progress: number | undefined) => void) | undefined;
	protected readonly feed: StreamFeed;
	#signal: AbortSignalLike | undefined;
	#received = 0;

	constructor(info: I, feed: StreamFeed) {
		this.info = info;
		this.feed = feed;
	}

	protected abstract decode(chunk: Uint8Array): C;

	/** Nobody wants the rest of it. @internal */
	drop(): void {
		this.feed.drop();
	}

	/** Aborts the iteration that comes. */
	withAbortSignal(signal: AbortSignalLike): this {
		this.#signal = signal;
		return this;
	}

	/**
	 * The chunks as they come. Throws DataStreamError when the stream ends abnormally. Who leaves the
	 * loop early gets no more of the stream.
	 */
	async *[Symbol.asyncIterator](): AsyncGenerator<C, void, undefined> {
		for await (const chunk of this.chunks()) yield this.decode(chunk);
	}

	/** Each chunk as it was sent. */
	protected async *chunks(): AsyncGenerator<Uint8Array, void, undefined> {
		const signal = this.takeSignal();
		try {
			for (let chunk = await this.next(signal); chunk; chunk = await this.next(signal)) yield chunk;
		} finally {
			this.drop();
		}
	}

	/** Undefined at the end. */
	protected async next(signal: AbortSignalLike | undefined): Promise<Uint8Array | undefined> {
		const { size } = this.info;
		const chunk = await this.feed.take(signal);
		if (chunk) {
			this.#received += chunk.length;
			this.onProgress?.(size ? this.#received / size : undefined);
		}
		return chunk;
	}

	protected takeSignal(): AbortSignalLike | undefined {
		const signal = this.#signal;
		this.#signal = undefined;
		return signal;
	}
}

export class TextStreamReader extends StreamReader<TextStreamInfo, string> {
	protected override decode(chunk: Uint8Array): string {
		try {
			return decodeUtf8(chunk);
		} catch {
			const message = `the text of stream ${this.info.id} is not UTF-8`;
			throw new DataStreamError(message, DataStreamErrorReason.DecodeFailed);
		}
	}

	/**
	 * All of it. Rejects with PayloadTooLarge when it does not fit the room's `maxTextBytes` beside what
	 * else is being put together, and the calls in hand.
	 */
	async readAll({ signal = this.takeSignal() }: ReadAllOptions = {}): Promise<string> {
		const { size } = this.info;
		let text = "";
		try {
			// All at once, when that is known: of two that do not fit side by side one is to come whole.
			this.#keep(size ?? 0);
			for (let chunk = await this.next(signal); chunk; chunk = await this.next(signal)) {
				if (size === undefined) this.#keep(chunk.length);
				text += this.decode(chunk);
			}
		} finally {
			this.drop();
		}
		return text;
	}

	#keep(bytes: number): void {
		if (!this.feed.keepText(bytes)) throw tooLarge("text", this.feed.texts);
	}
}

export class ByteStreamReader extends StreamReader<ByteStreamInfo, Uint8Array> {
	readonly #budget: Budget;

	/** @param budget of what is not read; its size bounds readAll(), too */
	constructor(info: ByteStreamInfo, feed: StreamFeed, budget: Budget) {
		super(info, feed);
		this.#budget = budget;
	}

	protected override decode(chunk: Uint8Array): Uint8Array {
		return chunk;
	}

	/** All chunks, in native memory; rejects with PayloadTooLarge beyond the room's `maxStreamBytes`. */
	async readAll({ signal }: ReadAllOptions = {}): Promise<Uint8Array[]> {
		if (signal) this.withAbortSignal(signal);
		const chunks: Uint8Array[] = [];
		let held = 0;
		for await (const chunk of this.chunks()) {
			held += costOf(chunk.length);
			if (held > this.#budget.limit) throw tooLarge("bytes", this.#budget);
			chunks.push(chunk);
		}
		return chunks;
	}
}

function tooLarge(what: string, { limit }: Budget): DataStreamError {
	const message = `${what} beyond the limit of ${limit} bytes: read it in pieces`;
	return new DataStreamError(message, DataStreamErrorReason.PayloadTooLarge);
}

/** A handler that returns a promise is waited for: its rejection is logged. */
export type TextStreamHandler = (
	reader: TextStreamReader,
	participantInfo: { identity: string },
) => void | Promise<void>;
export type ByteStreamHandler = (
	reader: ByteStreamReader,
	participantInfo: { identity: string },
) => void | Promise<void>;
