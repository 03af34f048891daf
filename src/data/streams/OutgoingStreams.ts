/**
 * Streams that we send: a header, chunks, a trailer (`DataStream` of the protocol); or, when all who
 * get it can read that, everything in the header. One chunk is encoded at a time, of all streams, and
 * the next when that is in the send buffer.
 */

import { randomId } from "../../platform/random";
import { mapOf } from "../../platform/record";
import { encodeUtf8 } from "../../platform/text";
import { encode } from "../../protocol/codec";
import {
	Encryption_Type as EncryptionType,
	DataStream_OperationType as OperationType,
} from "../../protocol/generated/enums";
import * as tables from "../../protocol/generated/tables";
import type { DataPacket, DataStream_Header as Header } from "../../protocol/generated/types";
import type { Init } from "../../protocol/schema";
import { ClientProtocol, type DataPort, ignore } from "../DataPort";
import { DataStreamError, DataStreamErrorReason } from "./DataStreamError";
import { ByteStreamWriter, type StreamSink, TextStreamWriter } from "./StreamWriter";
import { CHUNK_BYTES, splitBytes, splitUtf8 } from "./split";
import type {
	ByteStreamInfo,
	FileLike,
	SendBytesOptions,
	SendFileOptions,
	SendTextOptions,
	StreamBytesOptions,
	StreamTextOptions,
	TextStreamInfo,
} from "./types";

/** Of a chunk's packet, around its content: numbers, and an id of 36 characters. */
const PACKET_OVERHEAD = 128;
/** Of content in a header: its field's number, and what lengths take more. */
const INLINE_OVERHEAD = 8;
const NONE = EncryptionType.NONE;

type Recipients = readonly string[] | undefined;

export class OutgoingStreams {
	readonly #port: DataPort;
	/** The newest chunk, of all streams; never rejects. */
	#last: Promise<unknown> = Promise.resolve();

	constructor(port: DataPort) {
		this.#port = port;
	}

	/** The text itself is not kept while it waits. */
	async sendText(text: string, options?: SendTextOptions): Promise<TextStreamInfo> {
		return this.#sendText(encodeUtf8(text), options);
	}

	async #sendText(bytes: Uint8Array, options: SendTextOptions = {}): Promise<TextStreamInfo> {
		const { attachments = [], destinationIdentities, onProgress } = options;
		const ids = attachments.map(() => randomId());
		const info = textInfo(options, bytes.length, ids);
		const header = textHeader(info);
		const progress = parts(attachments.length + 1, onProgress);
		if (ids.length > 0 || !(await this.#sendInline(header, bytes, destinationIdentities))) {
			const sink = await this.#open(header, destinationIdentities);
			await sendAll(sink, splitUtf8(bytes, sink.chunkSize), bytes.length, progress(0));
		}
		progress(0)(1);
		for (let i = 0; i < ids.length; i++) {
			await this.#sendFile(attachments[i], ids[i], { ...options, onProgress: progress(i + 1) });
		}
		return info;
	}

	/** The header is on its way when it resolves. */
	async streamText(options: StreamTextOptions = {}): Promise<TextStreamWriter> {
		const info = textInfo(options, options.totalSize, options.attachedStreamIds, options.streamId);
		const header = textHeader({ ...info, replyToStreamId: options.replyToStreamId }, options);
		return new TextStreamWriter(info, await this.#open(header, options.destinationIdentities));
	}

	async sendBytes(bytes: Uint8Array, options: SendBytesOptions = {}): Promise<ByteStreamInfo> {
		const info = byteInfo(options, bytes.length);
		if (await this.#sendInline(byteHeader(info), bytes, options.destinationIdentities)) {
			options.onProgress?.(1);
		} else await this.#sendChunks(info, bytes, options);
		return info;
	}

	async sendFile(file: FileLike, options: SendFileOptions = {}): Promise<{ id: string }> {
		const id = randomId();
		await this.#sendFile(file, id, options);
		return { id };
	}

	async streamBytes(options: StreamBytesOptions = {}): Promise<ByteStreamWriter> {
		const info = byteInfo(options, options.totalSize, options.streamId);
		const sink = await this.#open(byteHeader(info), options.destinationIdentities);
		return new ByteStreamWriter(info, sink);
	}

	async #sendFile(file: FileLike, id: string, options: SendFileOptions): Promise<void> {
		const bytes = file.bytes instanceof Uint8Array ? file.bytes : new Uint8Array(file.bytes);
		const { topic, destinationIdentities, onProgress, mimeType = file.type } = options;
		const info = byteInfo({ topic, mimeType, name: file.name }, bytes.length, id);
		await this.#sendChunks(info, bytes, { destinationIdentities, onProgress });
	}

	async #sendChunks(
		info: ByteStreamInfo,
		bytes: Uint8Array,
		options: SendBytesOptions,
	): Promise<void> {
		const sink = await this.#open(byteHeader(info), options.destinationIdentities);
		await sendAll(sink, splitBytes(bytes, sink.chunkSize), bytes.length, options.onProgress);
		if (bytes.length === 0) options.onProgress?.(1);
	}

	/** True when all who get it understand a header with content, and it fits one. */
	async #sendInline(
		header: Init<Header>,
		inlineContent: Uint8Array,
		destinationIdentities: Recipients,
	): Promise<boolean> {
		const size = inlineContent.length + sizeOf({ destinationIdentities, streamHeader: header });
		if (size + INLINE_OVERHEAD > this.#headerLimit) return false;
		const who = destinationIdentities?.length ? destinationIdentities : this.#port.identities;
		const understands = (identity: string) =>
			this.#port.clientProtocolOf(identity) >= ClientProtocol.INLINE_STREAMS;
		if (!who.every(understands)) return false;
		await this.#port.send({ destinationIdentities, streamHeader: { ...header, inlineContent } });
		return true;
	}

	/** Sends the header. Throws DataStreamError when it is too large. */
	async #open(streamHeader: Init<Header>, destinationIdentities: Recipients): Promise<StreamSink> {
		const { streamId } = streamHeader;
		const packet = { destinationIdentities, streamHeader };
		const size = sizeOf(packet);
		if (size > this.#headerLimit) {
			const message = `a stream's header of ${size} bytes: ${this.#headerLimit} is the limit, attributes included`;
			throw new DataStreamError(message, DataStreamErrorReason.HeaderTooLarge);
		}
		await this.#port.send(packet);
		let chunkIndex = 0;
		const overhead = PACKET_OVERHEAD + sizeOf({ destinationIdentities });
		return {
			chunkSize: Math.max(4, Math.min(CHUNK_BYTES, this.#port.maxPacketBytes - overhead)),
			chunk: (content) => {
				const streamChunk = { streamId, chunkIndex: chunkIndex++, content };
				const sent = this.#last.then(() => this.#port.send({ destinationIdentities, streamChunk }));
				this.#last = sent.catch(ignore);
				return sent;
			},
			trailer: () => this.#port.send({ destinationIdentities, streamTrailer: { streamId } }),
		};
	}

	get #headerLimit(): number {
		return Math.min(CHUNK_BYTES, this.#port.maxPacketBytes - PACKET_OVERHEAD);
	}
}

async function sendAll(
	sink: StreamSink,
	pieces: Iterable<Uint8Array>,
	total: number,
	onProgress: ((progress: number) => void) | undefined,
): Promise<void> {
	let sent = 0;
	for (const piece of pieces) {
		await sink.chunk(piece);
		sent += piece.length;
		onProgress?.(sent / total);
	}
	await sink.trailer();
}

/** Of several parts, each from 0 to 1: one number from 0 to 1 for all. */
function parts(count: number, onProgress: ((progress: number) => void) | undefined) {
	const each = new Array<number>(count).fill(0);
	return (part: number) => (progress: number) => {
		if (each[part] === progress) return;
		each[part] = progress;
		onProgress?.(each.reduce((sum, one) => sum + one, 0) / count);
	};
}

const sizeOf = (packet: Init<DataPacket>) => encode(tables.DataPacket, packet).length;

interface InfoOptions {
	topic?: string;
	mimeType?: string;
	attributes?: Readonly<Record<string, string>>;
}

function baseInfo(
	{ topic = "", attributes }: InfoOptions,
	mimeType: string,
	size: number | undefined,
	id = randomId(),
) {
	return { id, mimeType, topic, timestamp: Date.now(), size, attributes, encryptionType: NONE };
}

function textInfo(
	options: InfoOptions,
	size: number | undefined,
	attachedStreamIds?: readonly string[],
	id?: string,
): TextStreamInfo {
	return { ...baseInfo(options, "text/plain", size, id), attachedStreamIds };
}

function byteInfo(
	options: InfoOptions & { name?: string },
	size: number | undefined,
	id?: string,
): ByteStreamInfo {
	const { name = "unknown", mimeType = "application/octet-stream" } = options;
	return { ...baseInfo(options, mimeType, size, id), name };
}

function header(info: TextStreamInfo | ByteStreamInfo): Init<Header> {
	const { id, timestamp, topic, mimeType, size } = info;
	const attributes = mapOf(info.attributes);
	return { streamId: id, timestamp, topic, mimeType, totalLength: size, attributes };
}

function textHeader(
	info: TextStreamInfo,
	{ type, version }: Pick<StreamTextOptions, "type" | "version"> = {},
): Init<Header> {
	const { attachedStreamIds, replyToStreamId } = info;
	const operationType = type === "update" ? OperationType.UPDATE : OperationType.CREATE;
	const textHeader = { operationType, version, replyToStreamId, attachedStreamIds };
	return { ...header(info), textHeader };
}

function byteHeader(info: ByteStreamInfo): Init<Header> {
	return { ...header(info), byteHeader: { name: info.name } };
}
