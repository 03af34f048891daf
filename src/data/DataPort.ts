/** What streams, calls and messages need of the room they are in. */

import type { DataPacket_Kind as DataPacketKind } from "../protocol/generated/enums";
import type { DataPacket } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

/**
 * A room's `maxTextBytes` are for one value in a packet or an object of others each: it takes some ten
 * slots of the engine's heap, however few bytes it is on the wire.
 */
export const VALUE_BYTES = 128;

export interface DataPort {
	/**
	 * Resolves when the packet is in the send buffer, of the reliable channel if not told otherwise.
	 * Rejects with PublishDataError.
	 */
	send(packet: Init<DataPacket>, kind?: DataPacketKind): Promise<void>;
	/** Bytes of one packet at most. */
	readonly maxPacketBytes: number;
	/** What the participant can do beyond plain packets; 0 of one that is not known. */
	clientProtocolOf(identity: string): number;
	/** Of all others in the room. */
	readonly identities: readonly string[];
	readonly serverVersion: string | undefined;
}

/** `ClientInfo.client_protocol` and `ParticipantInfo.client_protocol`: each includes those before it. */
export const ClientProtocol = Object.freeze({
	/** RPC's payloads travel as text streams. */
	RPC_STREAMS: 1,
	/** Streams that are one packet: all content is in the header. */
	INLINE_STREAMS: 2,
} as const);

/** For what is sent without anybody to tell when it is not. */
export function ignore(this: unknown): void {}
