/** How an app reads a stream: chunk by chunk (for await), or all of it. */

import { decodeUtf8 } from "../../platform/text";
import { DataStreamError, DataStreamErrorReason } from "./DataStreamError";
import { type AbortSignalLike, type Budget, costOf, type StreamFeed } from "./StreamFeed";
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
	readonly #feed: StreamFeed;
	#signal: AbortSignalLike | undefined;

	constructor(info: I, feed: StreamFeed) {
		this.info = info;
		this.#feed = feed;
	}

	protected abstract decode(chunk: Uint8Array): C;

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
		const signal = this.#signal;
		this.#signal = undefined;
		const { size } = this.info;
		let received = 0;
		try {
			for (;;) {
				const chunk = await this.#feed.take(signal);
				if (!chunk) break;
				received += chunk.length;
				this.onProgress?.(size ? received / size : undefined);
				yield chunk;
			}
		} finally {
			this.#feed.drop();
		}
	}
}

export class TextStreamReader extends StreamReader<TextStreamInfo, string> {
	readonly #budget: Budget;

	/** @param budget of all texts that are being put together */
	constructor(info: TextStreamInfo, feed: StreamFeed, budget: Budget) {
		super(info, feed);
		this.#budget = budget;
	}

	protected override decode(chunk: Uint8Array): string {
		try {
			return decodeUtf8(chunk);
		} catch {
			const message = `the text of stream ${this.info.id} is not UTF-8`;
			throw new DataStreamError(message, DataStreamErrorReason.DecodeFailed);
		}
	}

	/** All of it. Rejects with PayloadTooLarge when it does not fit the room's `maxTextBytes`. */
	async readAll({ signal }: ReadAllOptions = {}): Promise<string> {
		if (signal) this.withAbortSignal(signal);
		let text = "";
		let held = 0;
		try {
			for await (const chunk of this.chunks()) {
				if (!this.#budget.take(chunk.length)) throw tooLarge("text", this.#budget);
				held += chunk.length;
				text += this.decode(chunk);
			}
		} finally {
			this.#budget.give(held);
		}
		return text;
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
