/** How an app writes a stream piece by piece. Writes keep their order, also when nobody waits for them. */

import { encodeUtf8 } from "../../platform/text";
import { splitBytes, splitUtf8 } from "./split";
import type { ByteStreamInfo, TextStreamInfo } from "./types";

/** Of one outgoing stream, header sent. */
export interface StreamSink {
	/** Bytes of one chunk at most. */
	readonly chunkSize: number;
	/** Resolves when the chunk is in the send buffer. */
	chunk(content: Uint8Array): Promise<void>;
	trailer(): Promise<void>;
}

abstract class StreamWriter<I, T> {
	readonly info: I;
	readonly #sink: StreamSink;
	#last: Promise<void> = Promise.resolve();
	#closed = false;

	constructor(info: I, sink: StreamSink) {
		this.info = info;
		this.#sink = sink;
	}

	protected abstract split(value: T, size: number): Iterable<Uint8Array>;

	/**
	 * Resolves when all of it is in the send buffer: waiting for that is what bounds memory.
	 * Rejects with PublishDataError, and after close().
	 */
	write(value: T): Promise<void> {
		if (this.#closed) return Promise.reject(new Error("the stream is closed"));
		return this.#enqueue(async () => {
			for (const piece of this.split(value, this.#sink.chunkSize)) await this.#sink.chunk(piece);
		});
	}

	/** The end, behind what was written. */
	async close(): Promise<void> {
		if (this.#closed) return;
		this.#closed = true;
		await this.#enqueue(() => this.#sink.trailer());
	}

	/** Behind a write that failed nothing is sent: the receiver would miss a piece unnoticed. */
	#enqueue(work: () => Promise<void>): Promise<void> {
		const done = this.#last.then(work);
		this.#last = done;
		done.catch(() => {});
		return done;
	}
}

export class TextStreamWriter extends StreamWriter<TextStreamInfo, string> {
	protected override split(text: string, size: number): Iterable<Uint8Array> {
		return splitUtf8(encodeUtf8(text), size);
	}
}

export class ByteStreamWriter extends StreamWriter<ByteStreamInfo, Uint8Array> {
	protected override split(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
		return splitBytes(bytes, size);
	}
}
