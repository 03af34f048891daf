/** The newest reliable packets that were sent: a server that resumes or is joined anew may not have them. */

/** Bytes that are kept: SCTP has most of what the server does not, this is for a server that moved. */
const MAX_BYTES = 8_192;

export interface SentPacket {
	readonly bytes: Uint8Array;
	/** DataPacket.sequence; 0 is not kept. */
	readonly sequence: number;
}

export class ReplayBuffer {
	#packets: SentPacket[] = [];
	#bytes = 0;

	add({ bytes, sequence }: SentPacket): void {
		if (sequence <= (this.#packets.at(-1)?.sequence ?? 0)) return; // one that was sent again
		this.#packets.push({ bytes, sequence });
		this.#bytes += bytes.length;
		let drop = 0;
		while (this.#bytes > MAX_BYTES) this.#bytes -= this.#packets[drop++].bytes.length;
		if (drop > 0) this.#packets.splice(0, drop);
	}

	/** Those behind `sequence`, oldest first. */
	after(sequence: number): SentPacket[] {
		return this.#packets.filter((packet) => packet.sequence > sequence);
	}

	/** The newest `count`, oldest first; fewer when they are not kept any more. */
	newest(count: number): SentPacket[] {
		return count === 0 ? [] : this.#packets.slice(-count);
	}

	clear(): void {
		this.#packets = [];
		this.#bytes = 0;
	}
}
