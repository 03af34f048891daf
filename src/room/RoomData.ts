/**
 * What travels in data packets, for one room: who sends, who handles, and which events tell of it.
 * Handlers stay when a session ends; streams and calls end with it.
 */

import type { DataPackets } from "../data/DataPackets";
import type { DataPort } from "../data/DataPort";
import { CHAT_TOPIC, type ChatMessage, chatMessageOf, Transcriptions } from "../data/messages";
import { OBJECT_TOPIC, ObjectCodec, type ObjectValue } from "../data/objects/ObjectCodec";
import { PacketDispatcher } from "../data/PacketDispatcher";
import { REQUEST_TOPIC, RESPONSE_TOPIC, type RpcStats } from "../data/rpc/protocol";
import { RpcClient } from "../data/rpc/RpcClient";
import { RpcServer } from "../data/rpc/RpcServer";
import { IncomingStreams, type StreamStats } from "../data/streams/IncomingStreams";
import { OutgoingStreams } from "../data/streams/OutgoingStreams";
import { Log } from "../platform/log";
import {
	DataPacket_Kind as DataPacketKind,
	Encryption_Type as EncryptionType,
} from "../protocol/generated/enums";
import type { DataPacket, Transcription, UserPacket } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { maxPacketBytes } from "../session/DataChannels";
import { PublishDataError, PublishDataErrorReason } from "./errors";
import type { Announce } from "./events";
import type { ObjectPublishOptions, RoomOptions } from "./options";
import type { Participant } from "./Participant";
import type { Participants } from "./Participants";
import type { RemoteParticipant } from "./RemoteParticipant";

/** Nothing is encrypted from end to end. */
const { NONE } = EncryptionType;

export interface RoomDataHost {
	readonly participants: Participants;
	/** The local participant's token lets it. */
	readonly canPublish: boolean;
	readonly local: Participant;
	readonly tell: Announce;
}

export interface RoomDataStats {
	/** Not MessagePack, or more of it than we take: dropped. */
	objectsRefused: number;
	streams: StreamStats;
	rpc: RpcStats;
}

export class RoomData implements DataPort {
	readonly incoming: IncomingStreams;
	readonly outgoing: OutgoingStreams;
	readonly rpcClient: RpcClient;
	readonly rpcServer: RpcServer;
	/** Bytes of one packet at most. */
	readonly maxPacketBytes: number;
	/** Undefined before the server has told it. */
	serverVersion: string | undefined;
	readonly #host: RoomDataHost;
	readonly #dispatcher = new PacketDispatcher();
	readonly #log = new Log();
	readonly #objects = new ObjectCodec();
	readonly #transcriptions = new Transcriptions();
	/** Objects that did not decode. */
	#objectsRefused = 0;
	#packets: DataPackets | undefined;

	constructor(options: RoomOptions, host: RoomDataHost) {
		this.#host = host;
		this.maxPacketBytes = maxPacketBytes(options.maxDataBytes);
		this.incoming = new IncomingStreams(options);
		this.outgoing = new OutgoingStreams(this);
		this.rpcClient = new RpcClient(this, this.outgoing);
		this.rpcServer = new RpcServer(this, this.outgoing, options.maxTextBytes);
		this.#listen();
	}

	/** A session begins. */
	attach(packets: DataPackets): void {
		this.#packets = packets;
	}

	/** The session is over. */
	detach(): void {
		this.#packets = undefined;
		this.serverVersion = undefined;
		this.incoming.close();
		this.rpcClient.close();
		this.rpcServer.close();
	}

	onPacket(packet: DataPacket): void {
		this.#dispatcher.dispatch(packet);
	}

	/** See DataPackets. */
	forgetSender(participantSid?: string): void {
		this.#packets?.forgetSender(participantSid);
	}

	onParticipantGone(identity: string): void {
		this.incoming.onParticipantGone(identity);
		this.rpcClient.onParticipantGone(identity);
		this.rpcServer.onParticipantGone(identity);
	}

	get stats(): RoomDataStats {
		return {
			objectsRefused: this.#objectsRefused,
			streams: { ...this.incoming.stats },
			rpc: { ...this.rpcClient.stats, ...this.rpcServer.stats },
		};
	}

	async send(packet: Init<DataPacket>, kind: DataPacketKind = DataPacketKind.RELIABLE) {
		const { NotAllowed, NotConnected } = PublishDataErrorReason;
		if (!this.#packets) throw new PublishDataError("the room is not connected", NotConnected);
		if (!this.#host.canPublish) {
			throw new PublishDataError("the token does not allow publishing data", NotAllowed);
		}
		await this.#packets.send(packet, kind);
	}

	sendObject(value: ObjectValue, options: ObjectPublishOptions = {}): Promise<void> {
		const { reliable = true, topic = "", destinationIdentities } = options;
		const payload = this.#objects.pack(value);
		const user = { payload, topic: OBJECT_TOPIC + topic, destinationIdentities };
		return this.send({ user }, reliable ? DataPacketKind.RELIABLE : DataPacketKind.LOSSY);
	}

	async sendChat(message: ChatMessage): Promise<ChatMessage> {
		await this.send({ chatMessage: message });
		this.#host.tell("chatMessage", message, this.#host.local);
		return message;
	}

	clientProtocolOf(identity: string): number {
		return this.#sender(identity)?.info?.clientProtocol ?? 0;
	}

	get identities(): Iterable<string> {
		const { remote, beyond } = this.#host.participants;
		return [...remote.keys(), ...beyond.keys()];
	}

	#listen(): void {
		const { incoming, rpcClient, rpcServer } = this;
		this.#dispatcher
			.on("user", (user, packet) => this.#onUserPacket(user, packet))
			.on("chatMessage", (message, { participantIdentity }) =>
				this.#onChat(chatMessageOf(message), participantIdentity),
			)
			.on("sipDtmf", (dtmf, { participantIdentity }) =>
				this.#host.tell("sipDTMFReceived", dtmf, this.#sender(participantIdentity)),
			)
			.on("transcription", (transcription) => this.#onTranscription(transcription))
			.on("streamHeader", (header, { participantIdentity }) =>
				incoming.onHeader(header, participantIdentity),
			)
			.on("streamChunk", (chunk, { participantIdentity }) =>
				incoming.onChunk(chunk, participantIdentity),
			)
			.on("streamTrailer", (trailer, { participantIdentity }) =>
				incoming.onTrailer(trailer, participantIdentity),
			)
			.on("rpcRequest", (request, { participantIdentity }) => {
				rpcServer.onRequest(request, participantIdentity);
			})
			.on("rpcAck", ({ requestId }, { participantIdentity }) =>
				rpcClient.onAck(requestId, participantIdentity),
			)
			.on("rpcResponse", (response, { participantIdentity }) =>
				rpcClient.onResponse(response, participantIdentity),
			);
		incoming.registerText(REQUEST_TOPIC, (reader, { identity }) =>
			rpcServer.onRequestStream(reader, identity),
		);
		incoming.setDefaultText(CHAT_TOPIC, async (reader, { identity }) => {
			const { id, timestamp } = reader.info;
			this.#onChat({ id, timestamp, message: await reader.readAll() }, identity);
		});
		incoming.registerText(RESPONSE_TOPIC, (reader, { identity }) =>
			rpcClient.onResponseStream(reader, identity),
		);
	}

	#onUserPacket({ payload, topic }: UserPacket, { kind, participantIdentity }: DataPacket): void {
		const sender = this.#sender(participantIdentity);
		if (topic?.startsWith(OBJECT_TOPIC)) {
			const own = topic.slice(OBJECT_TOPIC.length);
			const value = this.#unpack(payload);
			if (value)
				this.#host.tell("objectReceived", value.value, sender, own, kind, participantIdentity);
			return;
		}
		this.#host.tell("dataReceived", payload, sender, kind, topic, NONE, participantIdentity);
		sender?.emit("dataReceived", payload, kind, NONE);
	}

	#unpack(payload: Uint8Array): { value: ObjectValue } | undefined {
		try {
			return { value: this.#objects.unpack(payload) };
		} catch (error) {
			this.#objectsRefused++;
			this.#log.warn("an object was refused:", (error as Error).message);
			return undefined;
		}
	}

	#onChat(message: ChatMessage, identity: string): void {
		this.#host.tell("chatMessage", message, this.#sender(identity));
	}

	#onTranscription(transcription: Transcription): void {
		const { transcribedParticipantIdentity, trackId } = transcription;
		const participant = this.#host.participants.byIdentity(transcribedParticipantIdentity);
		const publication = participant?.trackPublications.get(trackId);
		const segments = this.#transcriptions.segmentsOf(transcription);
		this.#host.tell("transcriptionReceived", segments, participant, publication);
	}

	#sender(identity: string): RemoteParticipant | undefined {
		return this.#host.participants.remote.get(identity);
	}
}
