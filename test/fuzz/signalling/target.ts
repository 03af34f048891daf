import type { Chance } from "fuzz/chance";

/** What one fuzzer does with one input. Anything it throws is a finding. */
export interface Target {
	/** The next input, as text that a person can read: it is printed with a finding. */
	make(): string;
	execute(input: string): void;
	/** After some thousands; what needs time. */
	rest?(): Promise<void>;
	/** Counts of what became of inputs. None may be zero at the end: it would have fuzzed nothing. */
	readonly seen: Record<string, number>;
}

export type TargetMaker = (chance: Chance, port: number) => Target | Promise<Target>;

export function must(condition: unknown, what: string): asserts condition {
	if (!condition) throw new Error(`not so: ${what}`);
}
