/** Two participants, and everything on the way between them: packets go through the codec. */

import type { DataPort } from "livekit/data/DataPort";
import { PacketDispatcher } from "livekit/data/PacketDispatcher";
import { REQUEST_TOPIC, RESPONSE_TOPIC } from "livekit/data/rpc/protocol";
import { RpcClient } from "livekit/data/rpc/RpcClient";
import { RpcServer } from "livekit/data/rpc/RpcServer";
import { IncomingStreams } from "livekit/data/streams/IncomingStreams";
import { OutgoingStreams } from "livekit/data/streams/OutgoingStreams";
import type { StreamLimits } from "livekit/data/streams/types";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket } from "livekit/protocol/generated/tables";
import type { DataPacket as Packet } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";

/** One end; it is called `identity`, and sends to `other`. */
export class End implements DataPort {
	readonly incoming: IncomingStreams;
	readonly outgoing = new OutgoingStreams(this);
	readonly client: RpcClient = new RpcClient(this, this.outgoing);
	readonly server: RpcServer;
	readonly dispatcher = new PacketDispatcher();
	/** What was sent. */
	readonly sent: Packet[] = [];
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
		this.incoming = new IncomingStreams(limits);
		this.server = new RpcServer(this, this.outgoing, limits.maxTextBytes);
		this.dispatcher
			.on("streamHeader", (header, { participantIdentity: from }) =>
				this.incoming.onHeader(header, from),
			)
			.on("streamChunk", (chunk, { participantIdentity: from }) =>
				this.incoming.onChunk(chunk, from),
			)
			.on("streamTrailer", (trailer, { participantIdentity: from }) =>
				this.incoming.onTrailer(trailer, from),
			)
			.on("rpcRequest", (request, { participantIdentity: from }) => {
				this.server.onRequest(request, from);
			})
			.on("rpcAck", ({ requestId }, { participantIdentity: from }) =>
				this.client.onAck(requestId, from),
			)
			.on("rpcResponse", (response, { participantIdentity: from }) =>
				this.client.onResponse(response, from),
			);
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
		this.other?.dispatcher.dispatch(arrived);
	}

	/** Takes a packet of anybody's making. */
	receive(packet: Init<Packet>, participantIdentity = "peer"): void {
		this.dispatcher.dispatch(
			decode(DataPacket, encode(DataPacket, { ...packet, participantIdentity })),
		);
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
