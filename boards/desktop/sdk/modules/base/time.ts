/** Moddable's clock: monotonic, the one native code stamps its events with. */
export default class Time {
	/** Milliseconds in 32 bits; compare with delta(). */
	static get ticks(): number {
		return native("xs_time_ticks").call(undefined);
	}
	static get microseconds(): number {
		return native("xs_time_microseconds").call(undefined);
	}
	/** Milliseconds from `start` to `end` or now, right across the wrap. */
	static delta(start: number, end?: number): number {
		return end === undefined
			? native("xs_time_delta").call(undefined, start)
			: native("xs_time_delta").call(undefined, start, end);
	}
}
