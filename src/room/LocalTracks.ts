/**
 * The tracks of ours: published when there is a session, kept for the next when there is none, and
 * told of as events. What we do counts; the server is told of it.
 */

import { Timeout } from "../platform/Timeout";
import { RequestResponse_Reason as RequestReason } from "../protocol/generated/enums";
import type { TrackInfo } from "../protocol/generated/types";
import { newCid } from "../session/ids";
import { TrackPublishError } from "./errors";
import { LocalTrackPublication } from "./LocalTrackPublication";
import type { TrackPublishOptions } from "./options";
import type { RoomCore } from "./RoomCore";
import type { RoomSession } from "./RoomSession";
import { type LocalAudioTrack, protoSourceOf, Track } from "./Track";

/** Milliseconds of digital silence behind a publication until it is told. */
const SILENCE_AFTER = 1000;

interface Entry {
	readonly cid: string;
	readonly options: TrackPublishOptions;
	/** Of publish(); renewed when a session ends before it has published the track. */
	result: Result | undefined;
	publication?: LocalTrackPublication;
	/** It holds the room and its session: it ends with them. */
	silence?: Timeout;
}

interface Result {
	promise: Promise<LocalTrackPublication>;
	resolve(publication: LocalTrackPublication): void;
	reject(error: TrackPublishError): void;
}

export class LocalTracks {
	/** By track sid. */
	readonly publications = new Map<string, LocalTrackPublication>();
	readonly #core: RoomCore;
	readonly #entries = new Map<LocalAudioTrack, Entry>();
	#session: RoomSession | undefined;

	constructor(core: RoomCore) {
		this.#core = core;
	}

	get attached(): boolean {
		return this.#session !== undefined;
	}

	/** The track of this source, published or about to be. */
	find(source: Track.Source): LocalAudioTrack | undefined {
		return Array.from(this.#entries.keys()).find((track) => track.source === source);
	}

	/** A track that is published already stays as it is. */
	publish(
		track: LocalAudioTrack,
		options: TrackPublishOptions = {},
	): Promise<LocalTrackPublication> {
		let entry = this.#entries.get(track);
		if (!entry) {
			if (track.isStopped) {
				return Promise.reject(new TrackPublishError("the track was stopped: make another"));
			}
			if (options.source) track.source = options.source;
			entry = { cid: newCid(), options, result: makeResult() };
			this.#entries.set(track, entry);
			track.onMuted = (muted) => this.#onMuted(track, muted);
			if (this.#session) this.#request(this.#session, track, entry);
		}
		entry.result ??= makeResult();
		return entry.result.promise;
	}

	/** `stop`: closes its microphone too. */
	unpublish(track: LocalAudioTrack, stop: boolean): LocalTrackPublication | undefined {
		const entry = this.#entries.get(track);
		if (!entry) return undefined;
		this.#session?.unpublish(entry.cid);
		this.#release(track, entry, stop);
		return entry.publication;
	}

	/** The session begins: what is here goes with its first offer. */
	attach(session: RoomSession): void {
		this.#session = session;
		this.#entries.forEach((entry, track) => this.#request(session, track, entry));
	}

	/** The session is over. A track that never was published waits for the next. */
	detach(stop: boolean): void {
		this.#session = undefined;
		new Map(this.#entries).forEach((entry, track) => {
			if (entry.publication) this.#release(track, entry, stop);
		});
	}

	/** disconnect() was called: nothing waits any more. */
	releaseAll(stop: boolean): void {
		new Map(this.#entries).forEach((entry, track) => this.#release(track, entry, stop));
	}

	/** The connection is lost for good, and the tracks with it; the session publishes them again. */
	suspend(): void {
		this.#entries.forEach((entry, track) => {
			const { publication } = entry;
			if (!publication) return;
			this.publications.delete(publication.trackSid);
			track.publishedSid = undefined;
			entry.publication = undefined;
			this.#tell("localTrackUnpublished", publication);
		});
	}

	/** The session has published it again, with another sid. */
	republished(cid: string, info: TrackInfo): void {
		this.#entries.forEach((entry, track) => {
			if (entry.cid === cid) this.#onPublished(track, entry, info, info.muted);
		});
	}

	/** The server does not have it any more. */
	lost(cid: string, error: TrackPublishError): void {
		new Map(this.#entries).forEach((entry, track) => {
			if (entry.cid !== cid) return;
			this.#release(track, entry, true, error);
			this.#core.publishFailed(error);
		});
	}

	/** The server's description: it may have missed that we muted, or overheard it. */
	update(info: TrackInfo): void {
		const publication = this.publications.get(info.sid);
		if (!publication) return;
		publication.update(info);
		if (info.muted !== publication.isMuted) this.#tellMuted(publication.track);
	}

	#request(session: RoomSession, track: LocalAudioTrack, entry: Entry): void {
		const { isMuted: muted, microphone, source } = track;
		const ofMicrophone = source === Track.Source.Microphone ? "microphone" : "";
		const name = entry.options.name ?? track.name ?? ofMicrophone;
		entry.result ??= makeResult();
		session
			.publish({
				cid: entry.cid,
				name,
				source: protoSourceOf(source),
				microphone,
				muted,
				dtx: entry.options.dtx,
				bitrate: entry.options.audioPreset?.maxBitrate,
			})
			.then(
				(info) => this.#onPublished(track, entry, info, muted),
				(error) => this.#onRefused(session, track, entry, error),
			);
	}

	#onPublished(track: LocalAudioTrack, entry: Entry, info: TrackInfo, toldMuted: boolean): void {
		if (this.#entries.get(track) !== entry) return; // unpublished meanwhile
		track.publishedSid = info.sid;
		const publication = new LocalTrackPublication(info, track, entry.options);
		entry.publication = publication;
		this.publications.set(info.sid, publication);
		if (track.isMuted !== toldMuted) this.#tellMuted(track);
		entry.result?.resolve(publication);
		this.#tell("localTrackPublished", publication);
		this.#watchSilence(entry, publication);
	}

	#tell(
		event: "localTrackPublished" | "localTrackUnpublished" | "trackMuted" | "trackUnmuted",
		publication: LocalTrackPublication,
	): void {
		this.#core.announceLater(event, publication, this.#core.local);
	}

	/**
	 * A microphone that gives nothing is broken; an app may have nothing to say. Counters are of all
	 * tracks together: one that is heard speaks for the others.
	 */
	#watchSilence(entry: Entry, publication: LocalTrackPublication): void {
		const session = this.#session;
		if (!session || publication.isMuted || publication.track.audioSource) return;
		const before = session.captured;
		entry.silence ??= new Timeout();
		entry.silence.start(SILENCE_AFTER, () => {
			if (this.publications.get(publication.trackSid) !== publication || publication.isMuted)
				return;
			const after = session.captured;
			const encoded = after.frames - before.frames;
			if (encoded <= 0 || after.silent - before.silent !== encoded) return;
			publication.track.emit("audioSilenceDetected");
			this.#core.announceLater("localAudioSilenceDetected", publication);
		});
	}

	#onRefused(
		session: RoomSession,
		track: LocalAudioTrack,
		entry: Entry,
		error: TrackPublishError,
	): void {
		if (this.#entries.get(track) !== entry) return;
		if (this.#session === session) {
			this.#release(track, entry, true, error);
			this.#core.publishFailed(error);
		} else {
			entry.result?.reject(error);
			entry.result = undefined;
		}
	}

	#onMuted(track: LocalAudioTrack, muted: boolean): void {
		this.#tellMuted(track);
		const publication = this.#entries.get(track)?.publication;
		if (publication) this.#tell(muted ? "trackMuted" : "trackUnmuted", publication);
		else track.emit(muted ? "muted" : "unmuted", track);
	}

	#tellMuted(track: LocalAudioTrack): void {
		const entry = this.#entries.get(track);
		if (entry) this.#session?.setMuted(entry.cid, entry.publication?.trackSid, track.isMuted);
	}

	#release(
		track: LocalAudioTrack,
		entry: Entry,
		stop: boolean,
		error = new TrackPublishError("the track was unpublished"),
	): void {
		this.#entries.delete(track);
		entry.silence?.stop();
		track.onMuted = undefined;
		track.publishedSid = undefined;
		if (stop) track.stop();
		const { publication } = entry;
		if (publication) {
			this.publications.delete(publication.trackSid);
			this.#tell("localTrackUnpublished", publication);
		} else entry.result?.reject(error);
	}
}

/** Its rejection is no surprise to anybody: it comes as an event too, or the app asked for it. */
function makeResult(this: unknown): Result {
	const result = {} as Result;
	result.promise = new Promise((resolve, reject) => {
		result.resolve = resolve;
		result.reject = reject;
	});
	result.promise.catch(() => {});
	return result;
}

/** Not allowed, as far as the token or the server's last word goes. */
export function notAllowed(this: unknown): TrackPublishError {
	return new TrackPublishError(
		"the token does not allow publishing this track",
		RequestReason.NOT_ALLOWED,
	);
}
