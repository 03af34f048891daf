/** Tracks that wait for the server's word: matched by cid, bounded in time. */

import type { Microphone } from "webrtc-native/device";
import { Timeout } from "../platform/Timeout";
import type { RequestResponse_Reason, TrackSource } from "../protocol/generated/enums";
import type { TrackInfo } from "../protocol/generated/types";

/** A microphone to publish. */
export interface PublishRequest {
	/** Unique in the session: newCid(). */
	cid: string;
	name: string;
	source: TrackSource;
	microphone: Microphone;
	muted: boolean;
}

/** The server did not take a track. */
export class TrackPublishError extends Error {
	/** The server's reason, when it gave one. */
	readonly reason?: RequestResponse_Reason;

	constructor(message: string, reason?: RequestResponse_Reason) {
		super(message);
		this.reason = reason;
	}
	override get name(): string {
		return "TrackPublishError";
	}
}

interface Waiting {
	request: PublishRequest;
	readonly timeout: Timeout;
	resolve(info: TrackInfo): void;
	reject(error: TrackPublishError): void;
}

export class Publications {
	readonly #timeout: number;
	readonly #waiting = new Map<string, Waiting>();

	constructor(timeout = 10_000) {
		this.#timeout = timeout;
	}

	add(request: PublishRequest): Promise<TrackInfo> {
		return new Promise((resolve, reject) => {
			this.#waiting.set(request.cid, { request, timeout: new Timeout(), resolve, reject });
		});
	}

	/** Those without an answer, oldest first. */
	pending(): PublishRequest[] {
		return Array.from(this.#waiting.values(), ({ request }) => request);
	}

	/** The request is out: the server's time runs. */
	sent(cid: string): void {
		this.#waiting.get(cid)?.timeout.start(this.#timeout, () => {
			this.fail(cid, new TrackPublishError("the server did not answer the request to publish"));
		});
	}

	setMuted(cid: string, muted: boolean): void {
		const waiting = this.#waiting.get(cid);
		if (waiting) waiting.request = { ...waiting.request, muted };
	}

	resolve(cid: string, info: TrackInfo): void {
		this.#take(cid)?.resolve(info);
	}

	fail(cid: string, error: TrackPublishError): void {
		this.#take(cid)?.reject(error);
	}

	failAll(error: TrackPublishError): void {
		for (const cid of [...this.#waiting.keys()]) this.fail(cid, error);
	}

	#take(cid: string): Waiting | undefined {
		const waiting = this.#waiting.get(cid);
		waiting?.timeout.stop();
		this.#waiting.delete(cid);
		return waiting;
	}
}
