/** `maxTextBytes` of whose app names none, where there is no memory profile. */
export const MAX_TEXT_BYTES = 131_072;

/** Bytes that may be used, shared by many. */
export class Budget {
	#used = 0;

	constructor(readonly limit: number) {}

	/** False when there is not so much left, unless it is to be taken anyway. */
	take(amount: number, anyway = false): boolean {
		if (!anyway && this.#used + amount > this.limit) return false;
		this.#used += amount;
		return true;
	}
	give(amount: number): void {
		this.#used -= amount;
	}
	get used(): number {
		return this.#used;
	}
}
