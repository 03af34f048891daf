/**
 * Streams that others send us: header, chunks, trailer, put together and handed to the handler of
 * their topic. What a peer can make us keep is bounded; see StreamLimits.
 */

import { now } from "../../platform/clock";
import { log } from "../../platform/log";
import { recordOf } from "../../platform/record";
import { encodeUtf8 } from "../../platform/text";
import {
	DataStream_CompressionType as CompressionType,
	Encryption_Type as EncryptionType,
} from "../../protocol/generated/enums";
import type {
	DataStream_Chunk as Chunk,
	DataStream_Header as Header,
	DataStream_Trailer as Trailer,
} from "../../protocol/generated/types";
import { Budget } from "../Budget";
import { Brake } from "./Brake";
import { DataStreamError, DataStreamErrorReason } from "./DataStreamError";
import { costOf, StreamFeed } from "./StreamFeed";
import {
	type ByteStreamHandler,
	ByteStreamReader,
	type TextStreamHandler,
	TextStreamReader,
} from "./StreamReader";
import { CHUNK_BYTES } from "./split";
import type { BaseStreamInfo, ByteStreamInfo, StreamLimits, TextStreamInfo } from "./types";

export const MAX_STREAMS = 16;
/** Of them, for one sender: others have a chance while it fills its own. */
const SENDERS_SHARE = 0.75;
const MAX_STREAM_BYTES = 65_536;
/** Of the room's `maxTextBytes`, for headers (mostly attributes) of streams that are open: they are in the heap. */
const HEADERS_SHARE = 0.5;
/**
 * Milliseconds: a stream that was silent for so long makes room when there is none, and for so long
 * senders are held back while nobody reads.
 */
const STALE_AFTER = 5_000;
/** Bytes of an attribute beside its text. */
const ENTRY_COST = 64;

export interface StreamStats {
	streamsIn: number;
	/** No room for it, or a second one of its id, or compressed: dropped. */
	streamsRefused: number;
	/** Nobody handles its topic; dropped. */
	streamsUnhandled: number;
	/** Ended with an error. */
	streamsFailed: number;
	/** Chunks and trailers of no open stream, and chunks that came before; dropped. */
	strayPackets: number;
}

interface Stream {
	readonly key: string;
	readonly id: string;
	readonly identity: string;
	readonly feed: StreamFeed;
	readonly attributes: Map<string, string>;
	readonly total: number | undefined;
	received: number;
	/** The number of the chunk that comes next. */
	next: number;
	/** Out of the budget of headers. */
	headerBytes: number;
	/** When something of it last came or was read. */
	touched: number;
}

/** Who is told what a room's streams do. */
export interface StreamsHost {
	/** True: nothing more should come; false: it may again. */
	holdData(hold: boolean): void;
	/** A stream was not taken, that somebody would have handled. */
	streamRefused(header: Header, identity: string): void;
}

/** Half of a header: what both kinds of streams need. */
type Open = (info: BaseStreamInfo, feed: StreamFeed) => unknown;

export class IncomingStreams {
	readonly #maxStreams: number;
	readonly #unread: Budget;
	/** For texts that are being put together. */
	readonly #texts: Budget;
	readonly #host: StreamsHost;
	readonly #brake: Brake;
	readonly #headers: Budget;
	readonly #textHandlers = new Map<string, TextStreamHandler>();
	readonly #defaults = new Map<string, TextStreamHandler>();
	readonly #byteHandlers = new Map<string, ByteStreamHandler>();
	/** Open, or not read to the end, by sender and id. */
	readonly #streams = new Map<string, Stream>();
	readonly stats: StreamStats = {
		streamsIn: 0,
		streamsRefused: 0,
		streamsUnhandled: 0,
		streamsFailed: 0,
		strayPackets: 0,
	};

	constructor(
		{ maxStreams = MAX_STREAMS, maxStreamBytes = MAX_STREAM_BYTES }: StreamLimits,
		texts: Budget,
		host: StreamsHost,
	) {
		this.#maxStreams = maxStreams;
		this.#unread = new Budget(maxStreamBytes);
		this.#texts = texts;
		this.#headers = new Budget(texts.limit * HEADERS_SHARE);
		this.#host = host;
		this.#brake = new Brake(this.#unread, costOf(CHUNK_BYTES), STALE_AFTER, host);
	}

	/** Throws DataStreamError when the topic has a handler. */
	registerText(topic: string, handler: TextStreamHandler): void {
		register(this.#textHandlers, topic, handler);
	}
	unregisterText(topic: string): void {
		this.#textHandlers.delete(topic);
	}
	/** For texts of a topic without a handler. */
	setDefaultText(topic: string, handler: TextStreamHandler): void {
		this.#defaults.set(topic, handler);
	}
	/** Throws DataStreamError when the topic has a handler. */
	registerBytes(topic: string, handler: ByteStreamHandler): void {
		register(this.#byteHandlers, topic, handler);
	}
	unregisterBytes(topic: string): void {
		this.#byteHandlers.delete(topic);
	}

	onHeader(header: Header, identity: string): void {
		const open = this.#handlerOf(header, identity);
		if (!open) {
			this.stats.streamsUnhandled++;
			return;
		}
		const headerBytes = sizeOf(header);
		const key = keyOf(identity, header.streamId);
		if (!this.#admit(header, key, identity, headerBytes)) {
			this.stats.streamsRefused++;
			this.#host.streamRefused(header, identity);
			return;
		}
		const feed = new StreamFeed(this.#unread, this.#texts, () => {
			stream.touched = now();
			this.#brake.onRead();
			if (feed.done) this.#forget(stream);
		});
		const stream: Stream = {
			key,
			id: header.streamId,
			identity,
			feed,
			attributes: new Map(header.attributes),
			total: header.totalLength || undefined, // 0 is also what senders say who do not know
			received: 0,
			next: 0,
			headerBytes,
			touched: now(),
		};
		this.#streams.set(key, stream);
		this.stats.streamsIn++;
		if (header.inlineContent) {
			this.#push(stream, header.inlineContent);
			this.#complete(stream);
		}
		const info = {
			id: header.streamId,
			mimeType: header.mimeType,
			topic: header.topic,
			timestamp: header.timestamp,
			...(stream.total !== undefined && { size: stream.total }),
			attributes: recordOf(stream.attributes),
			encryptionType: EncryptionType.NONE,
		};
		this.#hand(() => open(info, feed));
	}

	onChunk(chunk: Chunk, identity: string): void {
		const stream = this.#streams.get(keyOf(identity, chunk.streamId));
		// The channel is ordered: what comes late came before, of a sender that repeats itself.
		if (!stream || stream.feed.ended || chunk.chunkIndex < stream.next) {
			this.stats.strayPackets++;
			return;
		}
		if (chunk.chunkIndex > stream.next) {
			const message = `chunk ${stream.next} of stream ${chunk.streamId} is missing`;
			this.#fail(stream, message, DataStreamErrorReason.Incomplete);
			return;
		}
		stream.next++;
		stream.touched = now();
		this.#push(stream, chunk.content);
	}

	onTrailer(trailer: Trailer, identity: string): void {
		const stream = this.#streams.get(keyOf(identity, trailer.streamId));
		if (!stream || stream.feed.ended) {
			this.stats.strayPackets++;
			return;
		}
		const size = sizeOfAttributes(trailer.attributes);
		if (this.#headers.take(size)) {
			stream.headerBytes += size;
			trailer.attributes.forEach((value, name) => stream.attributes.set(name, value));
		}
		if (trailer.reason) {
			const message = `stream ${trailer.streamId} was ended by its sender: ${trailer.reason}`;
			this.#fail(stream, message, DataStreamErrorReason.AbnormalEnd);
		} else this.#complete(stream);
	}

	/** The sender has left: what it has not finished ends. */
	onParticipantGone(identity: string): void {
		this.#end(`${identity} left`, (stream) => stream.identity === identity);
	}

	/** We have left. */
	close(): void {
		this.#end("the room was left", () => true);
		this.#brake.release();
	}

	/** Who takes it; undefined when nobody does. */
	#handlerOf({ topic, textHeader, byteHeader }: Header, identity: string): Open | undefined {
		const sender = { identity };
		if (textHeader) {
			const handler = this.#textHandlers.get(topic) ?? this.#defaults.get(topic);
			const { attachedStreamIds, replyToStreamId } = textHeader;
			return (
				handler &&
				((base, feed) => {
					const info: TextStreamInfo = {
						...base,
						attachedStreamIds,
						...(replyToStreamId && { replyToStreamId }),
					};
					return handler(new TextStreamReader(info, feed), sender);
				})
			);
		}
		const handler = byteHeader && this.#byteHandlers.get(topic);
		return (
			handler &&
			((base, feed) => {
				const info: ByteStreamInfo = { ...base, name: byteHeader.name };
				return handler(new ByteStreamReader(info, feed, this.#unread), sender);
			})
		);
	}

	#admit(header: Header, key: string, identity: string, headerBytes: number): boolean {
		// We say that we cannot decompress: who does it all the same is not understood.
		if (header.compression !== CompressionType.NONE || this.#streams.has(key)) return false;
		while (!this.#hasRoom(identity)) {
			if (!this.#evict(() => true)) return false;
		}
		const { totalLength = 0, textHeader } = header;
		if (textHeader && this.#texts.used + totalLength > this.#texts.limit)
			this.#evict((stream) => stream.feed.hasText);
		return this.#headers.take(headerBytes);
	}

	#hasRoom(identity: string): boolean {
		let fromSender = 0;
		this.#streams.forEach((stream) => {
			if (stream.identity === identity) fromSender++;
		});
		return (
			this.#streams.size < this.#maxStreams &&
			fromSender < Math.ceil(this.#maxStreams * SENDERS_SHARE)
		);
	}

	/** Of those that would help: ends the stream that was silent longest, if that is long. */
	#evict(helps: (stream: Stream) => boolean): boolean {
		let silent: Stream | undefined;
		this.#streams.forEach((stream) => {
			if (helps(stream) && (!silent || stream.touched < silent.touched)) silent = stream;
		});
		if (!silent || now() - silent.touched < STALE_AFTER) return false;
		const message = `stream ${silent.id}: silent or not read, and others needed its place`;
		if (!silent.feed.ended) this.stats.streamsFailed++;
		silent.feed.drop(new DataStreamError(message, DataStreamErrorReason.AbnormalEnd));
		return true;
	}

	#push(stream: Stream, content: Uint8Array): void {
		const { feed, total, id } = stream;
		stream.received += content.length;
		if (total !== undefined && stream.received > total) {
			const message = `stream ${id}: more than the ${total} bytes of its header`;
			this.#fail(stream, message, DataStreamErrorReason.LengthExceeded);
		} else if (content.length > 0 && !this.#keep(feed, content)) {
			const message = `stream ${id}: more than ${this.#unread.limit} bytes are not read`;
			this.#fail(stream, message, DataStreamErrorReason.PayloadTooLarge);
		}
	}

	#keep(feed: StreamFeed, content: Uint8Array): boolean {
		const unread = (stream: Stream) => stream.feed.hasUnread;
		if (!feed.push(content) && !(this.#evict(unread) && feed.push(content))) return false;
		this.#brake.onKept();
		return true;
	}

	#complete(stream: Stream): void {
		const { feed, total, received, id } = stream;
		if (total !== undefined && received < total) {
			const message = `stream ${id}: ${received} of ${total} bytes came`;
			this.#fail(stream, message, DataStreamErrorReason.Incomplete);
			return;
		}
		feed.end();
		if (feed.done) this.#forget(stream);
	}

	#fail(stream: Stream, message: string, reason: DataStreamErrorReason): void {
		if (!stream.feed.ended) this.stats.streamsFailed++;
		stream.feed.end(new DataStreamError(message, reason));
		if (stream.feed.done) this.#forget(stream);
	}

	#forget(stream: Stream): void {
		if (this.#streams.get(stream.key) !== stream) return;
		this.#streams.delete(stream.key);
		this.#headers.give(stream.headerBytes);
	}

	#end(why: string, ends: (stream: Stream) => boolean): void {
		this.#streams.forEach((stream) => {
			if (!ends(stream) || stream.feed.ended) return;
			const message = `stream ${stream.id}: ${why} before its end`;
			this.#fail(stream, message, DataStreamErrorReason.AbnormalEnd);
		});
	}

	/** An app's handler must not end the call. */
	#hand(run: () => unknown): void {
		const complain = (error: unknown) =>
			log.error("a handler of streams failed:", (error as Error)?.stack ?? error);
		try {
			Promise.resolve(run()).catch(complain);
		} catch (error) {
			complain(error);
		}
	}
}

/** Ids are the sender's own: another's may be the same. */
const keyOf = (identity: string, streamId: string) => `${identity.length} ${identity} ${streamId}`;

/** What a header keeps in the engine's heap, about. */
function sizeOf(header: Header): number {
	const texts = [header.streamId, header.topic, header.mimeType, header.byteHeader?.name ?? ""];
	let size = sizeOfAttributes(header.attributes);
	texts.concat(header.textHeader?.attachedStreamIds ?? []).forEach((text) => {
		size += sizeOfText(text);
	});
	return size;
}

function sizeOfAttributes(attributes: ReadonlyMap<string, string>): number {
	let size = 0;
	attributes.forEach((value, name) => {
		size += sizeOfText(name) + sizeOfText(value) + ENTRY_COST;
	});
	return size;
}

const sizeOfText = (text: string) => encodeUtf8(text).length;

function register<H>(handlers: Map<string, H>, topic: string, handler: H): void {
	if (handlers.has(topic)) {
		const message = `the topic "${topic}" has a handler: unregister that first`;
		throw new DataStreamError(message, DataStreamErrorReason.HandlerAlreadyRegistered);
	}
	handlers.set(topic, handler);
}
