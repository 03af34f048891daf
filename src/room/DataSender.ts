/** What a participant of ours sends as data: packets, streams, RPC. */

import type { ChatMessage } from "../data/messages";
import type { ObjectValue } from "../data/objects/ObjectCodec";
import type { PerformRpcParams, RpcHandler } from "../data/rpc/protocol";
import type { ByteStreamWriter, TextStreamWriter } from "../data/streams/StreamWriter";
import type {
	ByteStreamInfo,
	FileLike,
	SendBytesOptions,
	SendFileOptions,
	SendTextOptions,
	StreamBytesOptions,
	StreamTextOptions,
	TextStreamInfo,
} from "../data/streams/types";
import { randomId } from "../platform/random";
import { DataPacket_Kind as DataPacketKind } from "../protocol/generated/enums";
import type { LocalTrackPublication } from "./LocalTrackPublication";
import type { DataPublishOptions, ObjectPublishOptions } from "./options";
import { Participant } from "./Participant";
import type { RoomData } from "./RoomData";

/** The half of LocalParticipant that is about data. */
export abstract class DataSender extends Participant<LocalTrackPublication> {
	/** @internal */
	protected abstract get data(): RoomData;

	/**
	 * Sends up to 64,000 bytes, less what the packet around them takes. Resolves when a reliable
	 * packet is in the send buffer, waiting for room there; a lossy one never waits, and is dropped
	 * (and counted, `lossyDropped`) while more than 8 KB wait.
	 *
	 * Rejects with PublishDataError: not connected, too large, not allowed.
	 */
	async publishData(payload: Uint8Array, options: DataPublishOptions = {}): Promise<void> {
		const user = {
			participantIdentity: this.identity,
			payload,
			topic: options.topic,
			destinationIdentities: options.destinationIdentities,
		};
		const kind = options.reliable ? DataPacketKind.RELIABLE : DataPacketKind.LOSSY;
		return this.data.send({ user }, kind);
	}

	/**
	 * Sends a value as MessagePack, for ObjectReceived of others; up to the size of publishData().
	 * The value must not contain itself. Rejects with PublishDataError.
	 */
	publishObject(value: ObjectValue, options?: ObjectPublishOptions): Promise<void> {
		return this.data.sendObject(value, options);
	}

	/** A telephone's key, to who calls by telephone. */
	async publishDtmf(code: number, digit: string): Promise<void> {
		await this.data.send({ sipDtmf: { code, digit } });
	}

	/** @deprecated Agents do not read it: sendText() with the topic `lk.chat`. */
	sendChatMessage(message: string): Promise<ChatMessage> {
		return this.data.sendChat({ id: randomId(), timestamp: Date.now(), message });
	}
	/** @deprecated */
	editChatMessage(message: string, original: ChatMessage): Promise<ChatMessage> {
		return this.data.sendChat({ ...original, message, editTimestamp: Date.now() });
	}

	/**
	 * Sends a text of any length to the handlers of its topic. Resolves when all of it is in the send
	 * buffer. Rejects with PublishDataError, and with DataStreamError when attributes are too large.
	 */
	sendText(text: string, options?: SendTextOptions): Promise<TextStreamInfo> {
		return this.data.outgoing.sendText(text, options);
	}
	/** Sends a text piece by piece, as it comes to be; close() the writer at its end. */
	streamText(options?: StreamTextOptions): Promise<TextStreamWriter> {
		return this.data.outgoing.streamText(options);
	}
	/** As sendText(), for bytes. */
	sendBytes(bytes: Uint8Array, options?: SendBytesOptions): Promise<ByteStreamInfo> {
		return this.data.outgoing.sendBytes(bytes, options);
	}
	/** Sends bytes with a name. */
	sendFile(file: FileLike, options?: SendFileOptions): Promise<{ id: string }> {
		return this.data.outgoing.sendFile(file, options);
	}
	/** As streamText(), for bytes. */
	streamBytes(options?: StreamBytesOptions): Promise<ByteStreamWriter> {
		return this.data.outgoing.streamBytes(options);
	}

	/** Calls a method of another participant. Resolves to its response; rejects with RpcError. */
	performRpc(params: PerformRpcParams): Promise<string> {
		return this.data.rpcClient.perform(params);
	}
	/** @deprecated Room has it. */
	registerRpcMethod(method: string, handler: RpcHandler): void {
		this.data.rpcServer.register(method, handler);
	}
	/** @deprecated Room has it. */
	unregisterRpcMethod(method: string): void {
		this.data.rpcServer.unregister(method);
	}
}
