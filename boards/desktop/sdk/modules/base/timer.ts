/** Moddable's timer on the host's event loop. Times in milliseconds. */

type Timer = object;
type Callback = (timer: Timer) => void;

const Timer = {
	/** Calls back once after `interval`, and from then on every `repeat` when that is given. */
	set(callback: Callback, interval = 0, repeat = 0): Timer {
		return native("xs_timer_set").call(undefined, callback, interval, repeat);
	},
	repeat(callback: Callback, interval: number): Timer {
		return native("xs_timer_repeat").call(undefined, callback, interval);
	},
	/** Sets a living timer anew; without `interval` it waits for another call. */
	schedule(timer: Timer, interval?: number, repeat = 0): void {
		native("xs_timer_schedule").call(undefined, timer, interval, repeat);
	},
	clear(timer: Timer | undefined | null): void {
		native("xs_timer_clear").call(undefined, timer);
	},
};

export default Object.freeze(Timer);
