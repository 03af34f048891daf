import Timer from "timer";

const nothing = () => {};

/** A one-shot timer that can be started again and stopped at any time. */
export class Timeout {
	#timer: Timer | undefined;
	#delay = 0;
	#callback = nothing;

	/** Calls `callback` once in `delay` milliseconds; what was pending is forgotten. */
	start(delay: number, callback: () => void): void {
		this.stop();
		this.#delay = delay;
		this.#callback = callback;
		this.#timer = Timer.set(() => {
			this.#forget();
			callback();
		}, delay);
	}

	/** Counts from now again, if it is running. */
	restart(): void {
		if (this.#timer !== undefined) this.start(this.#delay, this.#callback);
	}

	stop(): void {
		if (this.#timer === undefined) return;
		Timer.clear(this.#timer);
		this.#forget();
	}

	/** What the callback has captured is not needed any more. */
	#forget(): void {
		this.#timer = undefined;
		this.#callback = nothing;
	}
}
