/** Hands each data packet to who knows its kind: one event for each member of DataPacket's oneof. */

import { Emitter } from "../platform/emitter";
import type { DataPacket } from "../protocol/generated/types";

/** The oneof `value` of DataPacket. */
const KINDS = Object.freeze([
	"user",
	"sipDtmf",
	"transcription",
	"chatMessage",
	"rpcRequest",
	"rpcAck",
	"rpcResponse",
	"streamHeader",
	"streamChunk",
	"streamTrailer",
	"encryptedPacket",
] as const);
export type PacketKind = (typeof KINDS)[number];

/** What was sent, and the packet around it: who sent it (as the server says), and how. */
export type PacketEvents = {
	[K in PacketKind]: [value: NonNullable<DataPacket[K]>, packet: DataPacket];
};

/** Lives as long as the room; sessions come and go. */
export class PacketDispatcher extends Emitter<PacketEvents> {
	/** True when somebody took it. */
	dispatch(packet: DataPacket): boolean {
		for (const kind of KINDS) {
			const value = packet[kind];
			if (value !== undefined) return this.emit(kind, value as never, packet);
		}
		return false;
	}
}
