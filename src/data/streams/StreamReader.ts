/** How an app reads a stream: chunk by chunk (for await), or all of it. */

import { decodeUtf8 } from "../../platform/text";
import type { Budget } from "../Budget";
import { DataStreamError, DataStreamErrorReason } from "./DataStreamError";
import { type AbortSignalLike, costOf, type StreamFeed } from "./StreamFeed";
import { splitUtf8 } from "./split";
import type { BaseStreamInfo, ByteStreamInfo, TextStreamInfo } from "./types";

/** Of `maxTextBytes`, for a piece of one text. */
const PIECE_SHARE = 0.25;

export interface ReadAllOptions {
	/** Ends the reading early. */
	signal?: AbortSignalLike;
}

/** Is its own iterator: generators would be a hundred slots more of XS's heap. */
abstract class StreamReader<I extends BaseStreamInfo, C> implements AsyncIterableIterator<C> {
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

	/** What comes next; undefined at the end. */
	protected abstract piece(): Promise<C | undefined>;

	/** Nobody wants the rest of it. @internal */
	drop(): void {
		this.feed.drop();
		this.#signal = undefined;
	}

	/** Aborts the iteration that comes. */
	withAbortSignal(signal: AbortSignalLike): this {
		this.#signal = signal;
		return this;
	}

	/**
	 * The chunks as they come, long ones of text in pieces. Throws DataStreamError when the stream ends
	 * abnormally. Who leaves the loop early gets no more of the stream.
	 */
	[Symbol.asyncIterator](): this {
		return this;
	}

	/** @internal */
	async next(): Promise<IteratorResult<C, undefined>> {
		let value: C | undefined;
		try {
			value = await this.piece();
		} finally {
			if (value === undefined) this.drop();
		}
		return value === undefined ? { done: true, value: undefined } : { done: false, value };
	}

	/** @internal */
	async return(): Promise<IteratorResult<C, undefined>> {
		this.drop();
		return { done: true, value: undefined };
	}

	/** As it was sent; undefined at the end. */
	protected async chunk(): Promise<Uint8Array | undefined> {
		const { size } = this.info;
		const chunk = await this.feed.take(this.#signal);
		if (chunk) {
			this.#received += chunk.length;
			this.onProgress?.(size ? this.#received / size : undefined);
		}
		return chunk;
	}
}

export class TextStreamReader extends StreamReader<TextStreamInfo, string> {
	/** Of the chunk that is being read. */
	#rest: Uint8Array | undefined;

	/** Who reads holds a piece until the next one comes, and many streams may be read at a time. */
	protected override async piece(): Promise<string | undefined> {
		const chunk = this.#rest ?? (await this.chunk());
		if (!chunk) return undefined;
		const most = Math.max(4, this.feed.texts.limit * PIECE_SHARE);
		const piece = splitUtf8(chunk, most).next().value as Uint8Array;
		this.#rest = piece.length < chunk.length ? chunk.subarray(piece.length) : undefined;
		return this.#decode(piece);
	}

	/**
	 * All of it. Rejects with PayloadTooLarge when it does not fit the room's `maxTextBytes` beside what
	 * else is being put together, and the calls in hand.
	 */
	async readAll({ signal }: ReadAllOptions = {}): Promise<string> {
		if (signal) this.withAbortSignal(signal);
		const { size } = this.info;
		let text = "";
		try {
			// All at once, when that is known: of two that do not fit side by side one is to come whole.
			this.#keep(size ?? 0);
			for (let chunk = await this.chunk(); chunk; chunk = await this.chunk()) {
				if (size === undefined) this.#keep(chunk.length);
				text += this.#decode(chunk);
			}
		} finally {
			this.drop();
		}
		return text;
	}

	#decode(chunk: Uint8Array): string {
		try {
			return decodeUtf8(chunk);
		} catch {
			const message = `the text of stream ${this.info.id} is not UTF-8`;
			throw new DataStreamError(message, DataStreamErrorReason.DecodeFailed);
		}
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

	protected override piece(): Promise<Uint8Array | undefined> {
		return this.chunk();
	}

	/** All chunks, in native memory; rejects with PayloadTooLarge beyond the room's `maxStreamBytes`. */
	async readAll({ signal }: ReadAllOptions = {}): Promise<Uint8Array[]> {
		if (signal) this.withAbortSignal(signal);
		const chunks: Uint8Array[] = [];
		let held = 0;
		for await (const chunk of this) {
			held += costOf(chunk.length);
			if (held > this.#budget.limit) throw tooLarge("bytes", this.#budget);
			chunks.push(chunk);
		}
		return chunks;
	}
}

function tooLarge(what: string, budget: Budget): DataStreamError {
	const message = `${what} beyond the limit of ${budget.limit} bytes: read it in pieces`;
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
