/** Whether a server that has taken us in is still there: pings, and how long it may be silent. */

import { now } from "../platform/clock";
import { Timeout } from "../platform/Timeout";
import type { JoinResponse, SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

/** Seconds; servers say 5 and 15. */
const MAX_PING_INTERVAL = 60;
const MAX_PING_TIMEOUT = 300;

export interface KeepAliveHost {
	send(request: Init<SignalRequest>): boolean;
	/** No message came for `timeout` milliseconds. */
	onSilence(timeout: number): void;
}

export class KeepAlive {
	readonly #host: KeepAliveHost;
	/** Milliseconds without a message after which the server is taken to be gone; 0: it never is. */
	#patience = 0;
	readonly #deadline = new Timeout();
	readonly #pingTimer = new Timeout();
	#rtt = 0;
	/** When the last ping was sent, and what it said. */
	#ping = { at: 0, timestamp: -1 };
	#answered: (() => void) | undefined;

	constructor(host: KeepAliveHost) {
		this.#host = host;
	}

	/** Milliseconds of the last ping's round trip; 0 before the first. */
	get rtt(): number {
		return this.#rtt;
	}

	/**
	 * Seconds, by the server's wish: pings each `pingInterval`, and silence after `pingTimeout` without a
	 * message. Without an interval neither.
	 */
	begin(join: Pick<JoinResponse, "pingInterval" | "pingTimeout">): void {
		this.#deadline.stop();
		if (join.pingInterval <= 0) return;
		const interval = Math.min(join.pingInterval, MAX_PING_INTERVAL) * 1000;
		this.#patience = Math.max(interval + 1000, Math.min(join.pingTimeout, MAX_PING_TIMEOUT) * 1000);
		const ping = () => {
			this.#sendPing();
			this.#pingTimer.start(interval, ping);
		};
		this.#pingTimer.start(interval, ping);
		this.expect(this.#patience);
	}

	/** A message must come within so many milliseconds; 0: it need not. */
	expect(timeout: number): void {
		if (timeout === 0) this.#deadline.stop();
		else this.#deadline.start(timeout, () => this.#host.onSilence(timeout));
	}

	/** A message came. */
	heard(): void {
		this.expect(this.#patience);
		const answered = this.#answered;
		this.#answered = undefined;
		answered?.();
	}

	/** Asks at once; `onAnswer` is called with the next message, which must come within `timeout` milliseconds. */
	hurry(timeout: number, onAnswer: () => void): void {
		this.#answered = onAnswer;
		this.#sendPing();
		this.expect(timeout);
	}

	/** The answer to the ping that said so. */
	pong(timestamp: number): void {
		if (timestamp === this.#ping.timestamp) this.#rtt = now() - this.#ping.at;
	}

	stop(): void {
		this.#deadline.stop();
		this.#pingTimer.stop();
	}

	#sendPing(): void {
		// `ping` without a request's fields is for servers older than /rtc/v1.
		this.#ping = { at: now(), timestamp: Math.floor(now()) };
		this.#host.send({ pingReq: { timestamp: this.#ping.timestamp, rtt: Math.round(this.#rtt) } });
	}
}
