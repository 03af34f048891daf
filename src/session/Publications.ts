/** Tracks that wait for the server's word: matched by cid, bounded in time. */

import type { Microphone } from "webrtc-native/device";
import { Timeout } from "../platform/Timeout";
import {
	type RequestResponse_Reason,
	type TrackSource,
	TrackType,
} from "../protocol/generated/enums";
import type { AddTrackRequest, TrackInfo } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { newSsrc } from "./ids";
import type { OutgoingTrack } from "./Negotiation";

/** A microphone to publish. */
export interface PublishRequest {
	/** Unique in the session: newCid(). */
	cid: string;
	name: string;
	source: TrackSource;
	microphone: Microphone;
	muted: boolean;
	/** Silence is not sent. */
	dtx?: boolean;
	/** Bits a second, 6,000 to 128,000; 24,000 by default. */
	bitrate?: number;
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

/** What the server is told of it. */
export function addTrackRequest(
	this: unknown,
	{ cid, name, source, muted, dtx = false }: PublishRequest,
): Init<AddTrackRequest> {
	return {
		cid,
		name,
		source,
		muted,
		type: TrackType.AUDIO,
		stream: STREAM,
		disableRed: true, // until it can be decoded
		disableDtx: !dtx,
	};
}

/** All tracks of ours are of one stream: they are in sync. */
const STREAM = "device";

/** What is negotiated for it. */
export function outgoing(this: unknown, request: PublishRequest): OutgoingTrack {
	const { cid, microphone, muted, dtx, bitrate } = request;
	return { cid, microphone, muted, dtx, bitrate, stream: STREAM, ssrc: newSsrc() };
}
