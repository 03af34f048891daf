/** Small messages that are a packet each: chat, transcriptions, DTMF. */

import type {
	ChatMessage as ChatPacket,
	Transcription as TranscriptionPacket,
} from "../protocol/generated/types";

/** Chat also comes as text streams of this topic: agents write and read those. */
export const CHAT_TOPIC = "lk.chat";

export interface ChatMessage {
	readonly id: string;
	/** Milliseconds since 1970, by the sender's clock. */
	readonly timestamp: number;
	readonly message: string;
	/** When it was last edited; a message of the same id came before. */
	readonly editTimestamp?: number;
}

export function chatMessageOf(
	this: unknown,
	{ id, timestamp, message, editTimestamp }: ChatPacket,
): ChatMessage {
	return { id, timestamp, message, ...(editTimestamp !== undefined && { editTimestamp }) };
}

/** A telephone's key: see RFC 4733 for the codes. */
export interface SipDTMF {
	readonly code: number;
	readonly digit: string;
}

export interface TranscriptionSegment {
	readonly id: string;
	readonly text: string;
	readonly language: string;
	/** Milliseconds, as the sender counts them. */
	readonly startTime: number;
	readonly endTime: number;
	/** It will not come again with another text. */
	readonly final: boolean;
	/** Milliseconds since 1970. */
	readonly firstReceivedTime: number;
	readonly lastReceivedTime: number;
}

/** Segments that are not final, at most: beyond, the one that came first is forgotten. */
const MAX_SEGMENTS = 32;

/** When each segment that is not final first came. */
export class Transcriptions {
	readonly #began = new Map<string, number>();

	segmentsOf(packet: TranscriptionPacket): TranscriptionSegment[] {
		const lastReceivedTime = Date.now();
		return packet.segments.map(({ id, text, language, startTime, endTime, final }) => {
			const firstReceivedTime = this.#began.get(id) ?? lastReceivedTime;
			if (final) this.#began.delete(id);
			else this.#began.set(id, firstReceivedTime);
			if (this.#began.size > MAX_SEGMENTS) {
				this.#began.delete(this.#began.keys().next().value as string);
			}
			const times = { startTime, endTime, firstReceivedTime, lastReceivedTime };
			return { id, text, language, final, ...times };
		});
	}
}
