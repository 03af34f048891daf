/** Hands each data packet to who knows its kind: a method for each member of DataPacket's oneof. */

import type { Handlers } from "../platform/emitter";
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

/** True when `handlers` has a method for it. */
export function dispatch(
	this: unknown,
	packet: DataPacket,
	handlers: Handlers<PacketEvents>,
): boolean {
	const kind = KINDS.find((name) => packet[name] !== undefined);
	if (!kind || !handlers[kind]) return false;
	handlers[kind](packet[kind] as never, packet);
	return true;
}
