/** Moddable's timer on the host's event loop. Times in milliseconds. */

type Callback = (timer: Timer) => void;

export default class Timer {
	/** Calls back once after `interval`, and from then on every `repeat` when that is given. */
	static set(callback: Callback, interval = 0, repeat = 0): Timer {
		return native("xs_timer_set").call(undefined, callback, interval, repeat);
	}
	static repeat(callback: Callback, interval: number): Timer {
		return native("xs_timer_repeat").call(undefined, callback, interval);
	}
	/** Sets a living timer anew; without `interval` it waits for another call. */
	static schedule(timer: Timer, interval?: number, repeat = 0): void {
		native("xs_timer_schedule").call(undefined, timer, interval, repeat);
	}
	static clear(timer: Timer | undefined | null): void {
		native("xs_timer_clear").call(undefined, timer);
	}
}
