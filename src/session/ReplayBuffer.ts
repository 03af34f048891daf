/**
 * The newest reliable packets that were sent: a server that resumes, or is joined anew, may not have
 * them. They lie one behind the other in one buffer, so that many small ones cost the engine no slots.
 */

/** Bytes that are kept: SCTP has most of what the server does not, this is for a server that moved. */
const MAX_BYTES = 8_192;
const FIRST_BYTES = 512;
/** Of a packet's sequence and length, four bytes each. */
const HEAD = 8;

export interface SentPacket {
	readonly bytes: Uint8Array;
	/** DataPacket.sequence; 0 is not kept. */
	readonly sequence: number;
}

export class ReplayBuffer {
	#kept = new Uint8Array(0);
	/** Bytes of it that are in use. */
	#used = 0;
	#newest = 0;

	add({ bytes, sequence }: SentPacket): void {
		if (sequence <= this.#newest) return; // one that was sent again
		const size = HEAD + bytes.length;
		if (size > MAX_BYTES) {
			this.clear(); // those before it are of no use without it
			return;
		}
		this.#makeRoom(size);
		const view = this.#view;
		view.setUint32(this.#used, sequence);
		view.setUint32(this.#used + 4, bytes.length);
		this.#kept.set(bytes, this.#used + HEAD);
		this.#used += size;
		this.#newest = sequence;
	}

	/** Those behind `sequence`, oldest first. */
	after(sequence: number): SentPacket[] {
		const packets: SentPacket[] = [];
		const view = this.#view;
		for (let at = 0; at < this.#used; at += HEAD + view.getUint32(at + 4)) {
			const number = view.getUint32(at);
			if (number <= sequence) continue;
			const begin = at + HEAD;
			const bytes = this.#kept.slice(begin, begin + view.getUint32(at + 4));
			packets.push({ bytes, sequence: number });
		}
		return packets;
	}

	/** The newest `count`, oldest first; fewer when they are not kept any more. */
	newest(count: number): SentPacket[] {
		return count === 0 ? [] : this.after(0).slice(-count);
	}

	clear(): void {
		this.#kept = new Uint8Array(0);
		this.#used = this.#newest = 0;
	}

	get #view(): DataView {
		return new DataView(this.#kept.buffer);
	}

	/** By more memory, up to the limit, then by dropping the oldest. */
	#makeRoom(size: number): void {
		let length = Math.max(FIRST_BYTES, this.#kept.length);
		while (length < this.#used + size && length < MAX_BYTES) length *= 2;
		if (length > this.#kept.length) {
			const larger = new Uint8Array(length);
			larger.set(this.#kept.subarray(0, this.#used));
			this.#kept = larger;
		}
		let drop = 0;
		const view = this.#view;
		while (this.#used - drop + size > length) drop += HEAD + view.getUint32(drop + 4);
		this.#kept.copyWithin(0, drop, this.#used);
		this.#used -= drop;
	}
}
