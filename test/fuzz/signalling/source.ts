/** A native stream's reading half, with bytes that come when they are told to. */
export class Source {
	#bytes: readonly number[];
	#limit: number;
	/** What has come, and how far it was read. */
	#come = 0;
	#at = 0;
	/** No terminator ends before. */
	#searched = 0;
	#wanted = 0;
	#message: number[] = [];
	#length = 0;

	constructor(bytes: readonly number[], limit: number) {
		this.#bytes = bytes;
		this.#limit = limit;
	}

	/** More come; false when there are no more. */
	come(count: number): boolean {
		const more = this.#come < this.#bytes.length;
		this.#come = Math.min(this.#bytes.length, this.#come + count);
		return more;
	}

	read(into: Uint8Array): boolean {
		if (!this.collected || this.#come - this.#at < into.length) return false;
		for (let i = 0; i < into.length; i++) into[i] = this.#bytes[this.#at++];
		return true;
	}

	readHead(terminator: string, max: number): string | undefined {
		const start = this.#at;
		const { length } = terminator;
		const last = terminator.charCodeAt(length - 1);
		const textOf = (from: number, to: number) =>
			this.#bytes
				.slice(from, to)
				.map((code) => String.fromCharCode(code))
				.join("");
		for (let end = Math.max(start, this.#searched) + 1; end <= this.#come; end++) {
			if (end - start > max) throw new RangeError(`no end within ${max} bytes`);
			this.#searched = end;
			if (this.#bytes[end - 1] !== last || end - start < length) continue;
			if (textOf(end - length, end) !== terminator) continue;
			this.#at = end;
			return textOf(start, end);
		}
		return undefined;
	}

	collect(length: number): void {
		this.#wanted += length;
	}

	get collected(): boolean {
		const count = Math.min(this.#wanted, this.#come - this.#at);
		for (let i = 0; i < count; i++) {
			if (this.#length++ < this.#limit) this.#message.push(this.#bytes[this.#at]);
			this.#at++;
		}
		this.#wanted -= count;
		return this.#wanted === 0;
	}

	takeMessage(): ArrayBuffer | null {
		const message = this.#length > this.#limit ? null : Uint8Array.from(this.#message).buffer;
		this.#message = [];
		this.#length = 0;
		return message;
	}
}
