/** Data packets of one session: in and out of protobuf, numbered, and each taken once. */

import { log } from "../platform/log";
import { randomBytes } from "../platform/random";
import { decode, encode } from "../protocol/codec";
import { DataPacket_Kind as DataPacketKind } from "../protocol/generated/enums";
import * as tables from "../protocol/generated/tables";
import type { DataChannelReceiveState, DataPacket } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { VALUE_BYTES } from "./DataPort";

/** Senders whose newest number is kept; beyond, the one that was silent longest is forgotten. */
const MAX_SENDERS = 256;
/** Bytes; a server wants so many. */
const NONCE = 16;

export interface DataStats {
	packetsIn: number;
	packetsOut: number;
	/** Did not decode; dropped. */
	malformed: number;
	/** Reliable packets that had come before; dropped. */
	duplicates: number;
}

/** Who sends them. */
export interface DataTransport {
	/** `sequence` is that of a reliable packet, else 0. */
	sendData(bytes: Uint8Array, kind: DataPacketKind, sequence: number): Promise<void>;
}

export class DataPackets {
	readonly #transport: DataTransport;
	/** Messages, and entries of lists and maps, in one packet. */
	readonly #maxValues: number;
	/** Of our newest reliable packet; they count from 1. */
	#sequence = 0;
	/** The newest reliable packet of each sender, by participant sid. */
	readonly #received = new Map<string, number>();
	readonly stats: DataStats = { packetsIn: 0, packetsOut: 0, malformed: 0, duplicates: 0 };

	constructor(transport: DataTransport, maxTextBytes: number) {
		this.#transport = transport;
		this.#maxValues = maxTextBytes / VALUE_BYTES;
	}

	/**
	 * Resolves when the packet is in the send buffer; see DataChannels.send(). What waits for that is its
	 * bytes alone: nobody on the way here does, who would keep what they were made of.
	 */
	send(packet: Init<DataPacket>, kind: DataPacketKind): Promise<void> {
		const sequence = kind === DataPacketKind.RELIABLE ? ++this.#sequence : 0;
		let { user } = packet;
		// By it a server knows what comes twice when all is joined anew: sequence and sid are others then.
		if (user && sequence) user = { ...user, nonce: new Uint8Array(randomBytes(NONCE)) };
		const bytes = encode(tables.DataPacket, { ...packet, user, kind, sequence });
		return this.#transport.sendData(bytes, kind, sequence).then(() => {
			this.stats.packetsOut++;
		});
	}

	/** For SyncState: the newest packet of each sender. */
	get receiveStates(): DataChannelReceiveState[] {
		return Array.from(this.#received, ([publisherSid, lastSeq]) => ({ publisherSid, lastSeq }));
	}

	/** This sender, or without a sid all of them, will send nothing more: memory for who is there. */
	forgetSender(participantSid?: string): void {
		if (participantSid === undefined) this.#received.clear();
		else this.#received.delete(participantSid);
	}

	/** The packet, or undefined when it is not to be taken. Its byte fields are views of `bytes`. */
	receive(bytes: ArrayBufferLike): DataPacket | undefined {
		let packet: DataPacket;
		try {
			packet = decode(tables.DataPacket, bytes, this.#maxValues);
		} catch (error) {
			this.stats.malformed++;
			log.warn("a malformed data packet:", (error as Error).message);
			return undefined;
		}
		if (this.#isDuplicate(packet)) {
			this.stats.duplicates++;
			return undefined;
		}
		this.stats.packetsIn++;
		return packet;
	}

	#isDuplicate({ sequence, participantSid }: DataPacket): boolean {
		if (sequence === 0 || participantSid === "") return false;
		if (sequence <= (this.#received.get(participantSid) ?? 0)) return true;
		this.#received.delete(participantSid); // and to the end, behind those that are silent
		this.#received.set(participantSid, sequence);
		if (this.#received.size > MAX_SENDERS) {
			this.#received.delete(this.#received.keys().next().value as string);
		}
		return false;
	}
}
