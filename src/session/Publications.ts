/** Tracks of ours: what waits for the server's word, matched by cid and bounded in time, and what it took. */

import type { AudioInput } from "webrtc-native/device";
import { Timeout } from "../platform/Timeout";
import {
	type RequestResponse_Reason,
	type TrackSource,
	TrackType,
} from "../protocol/generated/enums";
import type {
	AddTrackRequest,
	TrackInfo,
	TrackPublishedResponse,
} from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { newSsrc } from "./ids";
import type { OutgoingTrack } from "./Negotiation";
import type { Tells } from "./types";

/** A microphone to publish, or what an app feeds. */
export interface PublishRequest {
	/** Unique in the session: newCid(). */
	cid: string;
	name: string;
	source: TrackSource;
	microphone: AudioInput;
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

interface Publication {
	request: PublishRequest;
	/** The server's newest word; undefined while it is awaited. */
	info?: TrackInfo;
	readonly timeout: Timeout;
	/** Of the app's promise, until the first word. */
	waiting?: { resolve(info: TrackInfo): void; reject(error: TrackPublishError): void };
}

export type PublicationsHost = Tells<"republished" | "publicationLost">;

export class Publications {
	readonly #host: PublicationsHost;
	readonly #timeout: number;
	readonly #tracks = new Map<string, Publication>();

	/** `timeout`: milliseconds for the server's word. */
	constructor(host: PublicationsHost, timeout = 10_000) {
		this.#host = host;
		this.#timeout = timeout;
	}

	add(request: PublishRequest): Promise<TrackInfo> {
		return new Promise((resolve, reject) => {
			const waiting = { resolve, reject };
			this.#tracks.set(request.cid, { request, timeout: new Timeout(), waiting });
		});
	}

	/** Those without an answer, oldest first. */
	pending(): PublishRequest[] {
		const pending: PublishRequest[] = [];
		this.#tracks.forEach((publication) => {
			if (!publication.info) pending.push(publication.request);
		});
		return pending;
	}

	/** For SyncState: what the server has taken. */
	published(): Init<TrackPublishedResponse>[] {
		const published: Init<TrackPublishedResponse>[] = [];
		this.#tracks.forEach((publication, cid) => {
			if (publication.info) published.push({ cid, track: publication.info });
		});
		return published;
	}

	/** The request is out: the server's time runs. */
	sent(cid: string): void {
		this.#tracks.get(cid)?.timeout.start(this.#timeout, () => {
			this.fail(cid, new TrackPublishError("the server did not answer the request to publish"));
		});
	}

	/** The server cannot be reached: its time does not run. */
	hold(): void {
		this.#tracks.forEach((publication) => publication.timeout.stop());
	}

	/** The server knows nothing of us any more: all wait for its word again. */
	restart(): void {
		this.hold();
		this.#tracks.forEach((track) => {
			track.info = undefined;
		});
	}

	setMuted(cid: string, muted: boolean): void {
		const track = this.#tracks.get(cid);
		if (track) track.request = { ...track.request, muted };
	}

	resolve(cid: string, info: TrackInfo): void {
		const track = this.#tracks.get(cid);
		if (!track || track.info) return;
		track.timeout.stop();
		track.info = info;
		const { waiting } = track;
		track.waiting = undefined;
		if (waiting) waiting.resolve(info);
		else this.#host.emit("republished", cid, info);
	}

	/** It is not published, and forgotten. */
	fail(cid: string, error: TrackPublishError): void {
		const track = this.#tracks.get(cid);
		if (!track) return;
		this.#forget(cid, track);
		if (track.waiting) track.waiting.reject(error);
		else this.#host.emit("publicationLost", cid, error);
	}

	/** The app does not want it any more. */
	remove(cid: string): void {
		const track = this.#tracks.get(cid);
		if (!track) return;
		this.#forget(cid, track);
		track.waiting?.reject(new TrackPublishError("the track was unpublished"));
	}

	/** The session ends. */
	failAll(error: TrackPublishError): void {
		this.#tracks.forEach((track, cid) => {
			this.#forget(cid, track);
			track.waiting?.reject(error);
		});
	}

	#forget(cid: string, publication: Publication): void {
		publication.timeout.stop();
		this.#tracks.delete(cid);
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
	return {
		cid: request.cid,
		microphone: request.microphone,
		muted: request.muted,
		dtx: request.dtx,
		bitrate: request.bitrate,
		stream: STREAM,
		ssrc: newSsrc(),
	};
}
