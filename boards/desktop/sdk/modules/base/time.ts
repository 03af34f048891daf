/** Moddable's clock: whole milliseconds. */
const Time = {
	/** Milliseconds in 32 bits; compare with delta(). */
	get ticks(): number {
		return native("xs_time_ticks").call(undefined);
	},
	/** Milliseconds from `start` to `end`, right across the wrap. */
	delta(start: number, end = native("xs_time_ticks").call(undefined)): number {
		return native("xs_time_delta").call(undefined, start, end);
	},
};

export default Object.freeze(Time);
