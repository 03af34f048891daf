/** Seeded chance: the same for the same seed (xorshift32). */

export class Chance {
	#state: number;

	constructor(seed: number) {
		this.#state = seed >>> 0 || 1;
	}

	/** Uniform in [0, limit). */
	below(limit: number): number {
		this.#state ^= this.#state << 13;
		this.#state ^= this.#state >>> 17;
		this.#state ^= this.#state << 5;
		return (this.#state >>> 0) % limit;
	}

	pick<T>(list: ArrayLike<T>): T {
		return list[this.below(list.length)];
	}

	/** One or a few bytes changed, put in, taken out, or the rest cut off. */
	mutate(original: ArrayLike<number>): number[] {
		let all = Array.from(original);
		for (let i = 1 + this.below(3); i > 0 && all.length > 0; i--) {
			const at = this.below(all.length);
			switch (this.below(4)) {
				case 0:
					all[at] = this.below(256);
					break;
				case 1:
					all.splice(at, 0, this.below(256));
					break;
				case 2:
					all.splice(at, 1 + this.below(4));
					break;
				default:
					if (!this.below(4)) all = all.slice(0, at);
			}
		}
		return all;
	}

	/** Text with a few characters, words or lines changed, doubled, moved or taken out. */
	mutateText(original: string, words: readonly string[]): string {
		let text = original;
		for (let i = 1 + this.below(4); i > 0; i--) {
			const separator = this.pick(["", "\n", " ", ":", '"']);
			const parts = separator ? text.split(separator) : [...text];
			const at = this.below(parts.length + 1);
			switch (this.below(5)) {
				case 0:
					parts.splice(at, 1, this.pick(words));
					break;
				case 1:
					parts.splice(at, 1 + this.below(3));
					break;
				case 2:
					parts.splice(at, 0, ...parts.slice(this.below(parts.length + 1)).slice(0, 20));
					break;
				case 3:
					parts.splice(at, 0, String.fromCharCode(this.below(this.below(4) ? 128 : 65536)));
					break;
				default:
					parts.splice(at, 0, this.pick(words).repeat(1 + this.below(this.below(9) ? 2 : 2000)));
			}
			text = parts.join(separator);
		}
		return text;
	}
}
