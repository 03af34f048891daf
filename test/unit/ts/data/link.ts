/** Two participants, and everything on the way between them: packets go through the codec. */

import { Budget, MAX_TEXT_BYTES } from "livekit/data/Budget";
import type { DataPort } from "livekit/data/DataPort";
import { dispatch, type PacketEvents } from "livekit/data/PacketDispatcher";
import { ATTRIBUTE, REQUEST_TOPIC, RESPONSE_TOPIC } from "livekit/data/rpc/protocol";
import { RpcClient } from "livekit/data/rpc/RpcClient";
import { RpcServer } from "livekit/data/rpc/RpcServer";
import { IncomingStreams, type StreamsHost } from "livekit/data/streams/IncomingStreams";
import { OutgoingStreams } from "livekit/data/streams/OutgoingStreams";
import type { StreamLimits } from "livekit/data/streams/types";
import type { Handlers } from "livekit/platform/emitter";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket } from "livekit/protocol/generated/tables";
import type { DataStream_Header, DataPacket as Packet } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";

/** One end; it is called `identity`, and sends to `other`. */
export class End implements DataPort, StreamsHost {
	readonly texts: Budget;
	readonly incoming: IncomingStreams;
	readonly outgoing = new OutgoingStreams(this);
	readonly client: RpcClient = new RpcClient(this, this.outgoing);
	readonly server: RpcServer;
	/** Who takes which packets. */
	readonly handlers: Handlers<PacketEvents> = {
		streamHeader: (header, { participantIdentity }) =>
			this.incoming.onHeader(header, participantIdentity),
		streamChunk: (chunk, { participantIdentity }) =>
			this.incoming.onChunk(chunk, participantIdentity),
		streamTrailer: (trailer, { participantIdentity }) =>
			this.incoming.onTrailer(trailer, participantIdentity),
		rpcRequest: (request, { participantIdentity }) => {
			this.server.onRequest(request, participantIdentity);
		},
		rpcAck: ({ requestId }, { participantIdentity }) =>
			this.client.onAck(requestId, participantIdentity),
		rpcResponse: (response, { participantIdentity }) =>
			this.client.onResponse(response, participantIdentity),
	};
	/** What was sent. */
	readonly sent: Packet[] = [];
	/** What others were told: to wait (true), or to go on. */
	readonly holds: boolean[] = [];
	/** Called before each packet goes; may throw, or wait. */
	gate: (packet: Packet) => void | Promise<void> = () => {};
	maxPacketBytes = 64_000;
	/** Of everybody else. */
	clientProtocol = 0;
	serverVersion: string | undefined = "1.13.4";
	identities: string[] = [];
	other: End | undefined;

	constructor(
		readonly identity: string,
		limits: StreamLimits = {},
	) {
		this.texts = new Budget(limits.maxTextBytes ?? MAX_TEXT_BYTES);
		this.incoming = new IncomingStreams(limits, this.texts, this);
		this.server = new RpcServer(this, this.outgoing, this.texts, limits);
		this.incoming.registerText(REQUEST_TOPIC, (reader, from) =>
			this.server.onRequestStream(reader, from.identity),
		);
		this.incoming.registerText(RESPONSE_TOPIC, (reader, from) =>
			this.client.onResponseStream(reader, from.identity),
		);
	}

	clientProtocolOf(): number {
		return this.clientProtocol;
	}

	async send(packet: Init<Packet>): Promise<void> {
		const bytes = encode(DataPacket, { ...packet, participantIdentity: this.identity });
		const arrived = decode(DataPacket, bytes);
		await this.gate(arrived);
		this.sent.push(arrived);
		if (this.other) dispatch(arrived, this.other.handlers);
	}

	holdData(hold: boolean): void {
		this.holds.push(hold);
	}

	/** As RoomData has it. */
	streamRefused({ topic, attributes }: DataStream_Header, identity: string): void {
		const id = attributes.get(ATTRIBUTE.ID);
		if (topic === REQUEST_TOPIC) this.server.refuse(id, identity);
		else if (topic === RESPONSE_TOPIC) this.client.onResponseRefused(id, identity);
	}

	/** Takes a packet of anybody's making. */
	receive(packet: Init<Packet>, participantIdentity = "peer"): void {
		const arrived = decode(DataPacket, encode(DataPacket, { ...packet, participantIdentity }));
		dispatch(arrived, this.handlers);
	}
}

/** Two ends that know each other; what one sends, the other gets. */
export function link(clientProtocol: number, limits: StreamLimits = {}): { a: End; b: End } {
	const [a, b] = [new End("a", limits), new End("b", limits)];
	for (const [end, other] of [
		[a, b],
		[b, a],
	]) {
		end.other = other;
		end.identities = [other.identity];
		end.clientProtocol = clientProtocol;
	}
	return { a, b };
}
