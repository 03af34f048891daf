/** What is known of a stream, and how one is asked for: livekit-client's names. */

import type { Encryption_Type as EncryptionType } from "../../protocol/generated/enums";

export interface BaseStreamInfo {
	readonly id: string;
	readonly mimeType: string;
	readonly topic: string;
	/** Milliseconds since 1970, by the sender's clock. */
	readonly timestamp: number;
	/** Bytes; undefined when the sender did not know. */
	readonly size?: number;
	/** Read those whose names you know; see Participant.attributes. */
	readonly attributes?: Readonly<Record<string, string>>;
	readonly encryptionType: EncryptionType;
}

export interface TextStreamInfo extends BaseStreamInfo {
	/** Byte streams that belong to this text. */
	readonly attachedStreamIds?: readonly string[];
	/** The text stream that this one answers. */
	readonly replyToStreamId?: string;
}

export interface ByteStreamInfo extends BaseStreamInfo {
	readonly name: string;
}

/** Bytes with a name: XS has no File. */
export interface FileLike {
	readonly name: string;
	/** MIME type; application/octet-stream when absent. */
	readonly type?: string;
	readonly bytes: Uint8Array | ArrayBuffer;
}

interface StreamOptions {
	/** Whose handler takes it; "" when absent. */
	topic?: string;
	/** Who gets it; everybody when absent or empty. */
	destinationIdentities?: readonly string[];
	attributes?: Readonly<Record<string, string>>;
}

export interface SendTextOptions extends StreamOptions {
	/** Sent as byte streams behind the text. */
	attachments?: readonly FileLike[];
	/** From 0 to 1, as packets enter the send buffer. */
	onProgress?: (progress: number) => void;
}

export interface StreamTextOptions extends StreamOptions {
	/** `update` says that it replaces the stream of the same id. */
	type?: "create" | "update";
	/** One of one's own; random when absent. */
	streamId?: string;
	version?: number;
	attachedStreamIds?: readonly string[];
	replyToStreamId?: string;
	/** Bytes, when they are known: receivers check it, and can show progress. */
	totalSize?: number;
}

export interface SendBytesOptions extends StreamOptions {
	name?: string;
	mimeType?: string;
	onProgress?: (progress: number) => void;
}

export interface StreamBytesOptions extends StreamOptions {
	name?: string;
	mimeType?: string;
	streamId?: string;
	totalSize?: number;
}

export type SendFileOptions = Pick<
	SendBytesOptions,
	"topic" | "destinationIdentities" | "mimeType" | "onProgress"
>;

/** Bounds of what others may send us. */
export interface StreamLimits {
	/**
	 * Inbound streams at a time, three quarters of them from one sender, and as many RPC calls; more are
	 * refused. By default as the board's memory profile has it: 16 on a desktop.
	 */
	maxStreams?: number;
	/**
	 * Bytes that have come in streams and are not read, of all streams together; a chunk counts 512
	 * more than it has. A stream that goes beyond fails with PayloadTooLarge. One readAll() of a byte
	 * stream holds as much at most. All of it is native memory. 65,536 by default.
	 */
	maxStreamBytes?: number;
	/**
	 * Bytes of what is in the engine's heap of others, all of it together: texts that readAll() is putting
	 * together (twice for a moment), payloads of RPC calls that are being handled, and responses until
	 * they are in the send buffer. What does not fit is refused: PayloadTooLarge, or an RpcError.
	 * A packet or an object may have a value for each 128 bytes of it.
	 * By default as the board's memory profile has it: 131,072 on a desktop.
	 */
	maxTextBytes?: number;
}
