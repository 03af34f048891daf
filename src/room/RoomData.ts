/**
 * What travels in data packets, for one room: who sends, who handles, and which events tell of it.
 * Handlers stay when a session ends; streams and calls end with it.
 */

import { Budget, MAX_TEXT_BYTES } from "../data/Budget";
import type { DataPackets } from "../data/DataPackets";
import type { DataPort } from "../data/DataPort";
import {
	CHAT_TOPIC,
	type ChatMessage,
	chatMessageOf,
	type SipDTMF,
	Transcriptions,
} from "../data/messages";
import { OBJECT_TOPIC, ObjectCodec, type ObjectValue } from "../data/objects/ObjectCodec";
import { dispatch, type PacketEvents } from "../data/PacketDispatcher";
import { RpcClient, RpcServer, receiveStreams, streamRefused } from "../data/rpc/index";
import type { RpcStats } from "../data/rpc/protocol";
import {
	IncomingStreams,
	OutgoingStreams,
	type StreamStats,
	type StreamsHost,
} from "../data/streams/index";
import type { Handlers } from "../platform/emitter";
import { log } from "../platform/log";
import {
	DataPacket_Kind as DataPacketKind,
	Encryption_Type as EncryptionType,
} from "../protocol/generated/enums";
import type {
	ChatMessage as ChatPacket,
	DataPacket,
	DataStream_Chunk,
	DataStream_Header,
	DataStream_Trailer,
	RpcAck,
	RpcRequest,
	RpcResponse,
	Transcription,
	UserPacket,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { maxPacketBytes } from "../session/DataChannels";
import type { SessionEvents } from "../session/types";
import { PublishDataError, PublishDataErrorReason } from "./errors";
import type { ObjectPublishOptions } from "./options";
import type { Participants } from "./Participants";
import type { RemoteParticipant } from "./RemoteParticipant";
import type { RoomCore } from "./RoomCore";

/** Nothing is encrypted from end to end. */
const { NONE } = EncryptionType;

export interface RoomDataStats {
	/** Not MessagePack, or more of it than we take: dropped. */
	objectsRefused: number;
	streams: StreamStats;
	rpc: RpcStats;
}

/** Until somebody sends a stream, or wants one. */
const NO_STREAMS: StreamStats = Object.freeze({
	streamsIn: 0,
	streamsRefused: 0,
	streamsUnhandled: 0,
	streamsFailed: 0,
	strayPackets: 0,
});

/**
 * Its methods are a session's events of data, and the kinds of packets. Streams, calls and
 * transcriptions are made when they first occur: many a device has none.
 */
export class RoomData
	implements DataPort, StreamsHost, Handlers<SessionEvents>, Handlers<PacketEvents>
{
	/** Bytes of one packet at most. */
	readonly maxPacketBytes: number;
	/** See StreamLimits. */
	readonly maxTextBytes: number;
	/** Undefined before the server has told it. */
	serverVersion: string | undefined;
	readonly #core: RoomCore;
	readonly #participants: Participants;
	/** For others' texts while they are put together, and others' calls until they are answered. */
	readonly #texts: Budget;
	#incoming: IncomingStreams | undefined;
	#outgoing: OutgoingStreams | undefined;
	#rpcClient: RpcClient | undefined;
	#rpcServer: RpcServer | undefined;
	#transcriptions: Transcriptions | undefined;
	#objects: ObjectCodec | undefined;
	/** Objects that did not decode. */
	#objectsRefused = 0;
	#packets: DataPackets | undefined;

	constructor(core: RoomCore, participants: Participants) {
		this.#core = core;
		this.#participants = participants;
		this.maxPacketBytes = maxPacketBytes(core.options.maxDataBytes);
		this.maxTextBytes = core.options.maxTextBytes ?? MAX_TEXT_BYTES;
		this.#texts = new Budget(this.maxTextBytes);
	}

	/** A session begins. */
	attach(packets: DataPackets): void {
		this.#packets = packets;
	}

	/** The session is over. */
	detach(): void {
		this.#packets = undefined;
		this.serverVersion = undefined;
		this.#incoming?.close();
		this.#rpcClient?.close();
		this.#rpcServer?.close();
	}

	/** See DataPackets. */
	forgetSender(participantSid?: string): void {
		this.#packets?.forgetSender(participantSid);
	}

	onParticipantGone(identity: string): void {
		this.#incoming?.onParticipantGone(identity);
		this.#rpcClient?.onParticipantGone(identity);
		this.#rpcServer?.onParticipantGone(identity);
	}

	get incoming(): IncomingStreams {
		this.#incoming ??= this.#listen(new IncomingStreams(this.#core.options, this.#texts, this));
		return this.#incoming;
	}

	get outgoing(): OutgoingStreams {
		this.#outgoing ??= new OutgoingStreams(this);
		return this.#outgoing;
	}

	get rpcClient(): RpcClient {
		this.#rpcClient ??= new RpcClient(this, this.outgoing);
		return this.#rpcClient;
	}

	get rpcServer(): RpcServer {
		this.#rpcServer ??= new RpcServer(this, this.outgoing, this.#texts, this.#core.options);
		return this.#rpcServer;
	}

	get stats(): RoomDataStats {
		const { outgoing = 0, stray = 0 } = this.#rpcClient?.stats ?? {};
		const { incoming = 0, refused = 0 } = this.#rpcServer?.stats ?? {};
		return {
			objectsRefused: this.#objectsRefused,
			streams: { ...(this.#incoming?.stats ?? NO_STREAMS) },
			rpc: { outgoing, stray, incoming, refused },
		};
	}

	async send(packet: Init<DataPacket>, kind: DataPacketKind = DataPacketKind.RELIABLE) {
		const { NotAllowed, NotConnected } = PublishDataErrorReason;
		if (!this.#packets) throw new PublishDataError("the room is not connected", NotConnected);
		if (this.#core.local.permissions?.canPublishData === false) {
			throw new PublishDataError("the token does not allow publishing data", NotAllowed);
		}
		return this.#packets.send(packet, kind);
	}

	async sendObject(value: ObjectValue, options: ObjectPublishOptions = {}): Promise<void> {
		const { reliable = true, topic = "", destinationIdentities } = options;
		const payload = this.#codec.pack(value);
		const user = { payload, topic: OBJECT_TOPIC + topic, destinationIdentities };
		return this.send({ user }, reliable ? DataPacketKind.RELIABLE : DataPacketKind.LOSSY);
	}

	async sendChat(message: ChatMessage): Promise<ChatMessage> {
		await this.send({ chatMessage: message });
		this.#core.tell("chatMessage", message, this.#core.local);
		return message;
	}

	clientProtocolOf(identity: string): number {
		return this.#sender(identity)?.info?.clientProtocol ?? 0;
	}

	get identities(): string[] {
		return Array.from(this.#participants.remote.keys()).concat(
			Array.from(this.#participants.beyond.keys()),
		);
	}

	data(message: ArrayBufferLike): void {
		const packet = this.#packets?.receive(message);
		if (packet) this.#core.afterConnected(() => this.onPacket(packet));
	}

	bufferStatus(isLow: boolean, kind: DataPacketKind): void {
		this.#core.announce("dcBufferStatusChanged", isLow, kind);
	}

	onPacket(packet: DataPacket): void {
		dispatch(packet, this);
	}

	user({ payload, topic }: UserPacket, { kind, participantIdentity }: DataPacket): void {
		const sender = this.#sender(participantIdentity);
		if (topic?.startsWith(OBJECT_TOPIC)) {
			const own = topic.slice(OBJECT_TOPIC.length);
			const value = this.#unpack(payload);
			if (value)
				this.#core.tell("objectReceived", value.value, sender, own, kind, participantIdentity);
			return;
		}
		this.#core.tell("dataReceived", payload, sender, kind, topic, NONE, participantIdentity);
		sender?.emit("dataReceived", payload, kind, NONE);
	}
	chatMessage(message: ChatPacket, packet: DataPacket): void {
		this.#onChat(chatMessageOf(message), packet.participantIdentity);
	}
	sipDtmf(dtmf: SipDTMF, packet: DataPacket): void {
		this.#core.tell("sipDTMFReceived", dtmf, this.#sender(packet.participantIdentity));
	}
	transcription(transcription: Transcription): void {
		const participant = this.#participants.byIdentity(transcription.transcribedParticipantIdentity);
		const publication = participant?.trackPublications.get(transcription.trackId);
		this.#transcriptions ??= new Transcriptions();
		const segments = this.#transcriptions.segmentsOf(transcription);
		this.#core.tell("transcriptionReceived", segments, participant, publication);
	}
	streamHeader(header: DataStream_Header, packet: DataPacket): void {
		this.incoming.onHeader(header, packet.participantIdentity);
	}
	streamChunk(chunk: DataStream_Chunk, packet: DataPacket): void {
		this.incoming.onChunk(chunk, packet.participantIdentity);
	}
	streamTrailer(trailer: DataStream_Trailer, packet: DataPacket): void {
		this.incoming.onTrailer(trailer, packet.participantIdentity);
	}
	/** Who waits for a response, there or here, need not wait for its time to be over. */
	streamRefused(header: DataStream_Header, identity: string): void {
		streamRefused(header, identity, this);
	}
	holdData(hold: boolean): void {
		this.#core.session?.holdData(hold);
	}
	rpcRequest(request: RpcRequest, packet: DataPacket): void {
		this.rpcServer.onRequest(request, packet.participantIdentity);
	}
	rpcAck(ack: RpcAck, packet: DataPacket): void {
		this.rpcClient.onAck(ack.requestId, packet.participantIdentity);
	}
	rpcResponse(response: RpcResponse, packet: DataPacket): void {
		this.rpcClient.onResponse(response, packet.participantIdentity);
	}

	/** Topics of ours. */
	#listen(incoming: IncomingStreams): IncomingStreams {
		receiveStreams(incoming, this);
		incoming.setDefaultText(CHAT_TOPIC, async (reader, sender) => {
			const { id, timestamp } = reader.info;
			this.#onChat({ id, timestamp, message: await reader.readAll() }, sender.identity);
		});
		return incoming;
	}

	get #codec(): ObjectCodec {
		this.#objects ??= new ObjectCodec(this.maxTextBytes);
		return this.#objects;
	}

	#unpack(payload: Uint8Array): { value: ObjectValue } | undefined {
		try {
			return { value: this.#codec.unpack(payload) };
		} catch (error) {
			this.#objectsRefused++;
			log.warn("an object was refused:", (error as Error).message);
			return undefined;
		}
	}

	#onChat(message: ChatMessage, identity: string): void {
		this.#core.tell("chatMessage", message, this.#sender(identity));
	}

	#sender(identity: string): RemoteParticipant | undefined {
		return this.#participants.remote.get(identity);
	}
}
