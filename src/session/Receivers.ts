/** Remote tracks, by the section they come in: each plays on the speaker while its section carries it. */

import type { Speaker } from "webrtc-native/device";
import type { Peer, Tap, TapOptions } from "webrtc-native/webrtc";
import { opusOf } from "./formats";
import type { Section } from "./sdp/parse";
import type { Tells } from "./types";

/** A track that the server sends; it plays while it is here. */
export interface IncomingTrack {
	sid: string;
	setVolume(volume: number): void;
	/** What it says, to be read; undefined when it is over. Throws without memory, or beyond two. */
	openTap(options: TapOptions): Tap | undefined;
}

export interface ReceiversHost extends Tells<"track" | "trackFailed" | "trackEnded"> {
	/** Where remote tracks play; undefined: they are received by nobody. */
	speaker(): Speaker | undefined;
}

interface Receiving {
	sid: string;
	ssrc: number | undefined;
	receiver: number;
}

export class Receivers {
	readonly #peer: Peer;
	readonly #host: ReceiversHost;
	readonly #receiving = new Map<string, Receiving>(); // by mid

	constructor(peer: Peer, host: ReceiversHost) {
		this.#peer = peer;
		this.#host = host;
	}

	/**
	 * Takes the other side's section. Which track it carries is in `mids`; else the second token of
	 * its a=msid is the track's sid. With neither the section waits for a track. Returns the payload
	 * type of the track that is received in it.
	 */
	apply(section: Section, mids: ReadonlyMap<string, string>): number | undefined {
		const { mid, ssrc } = section;
		const sends = section.direction === "sendonly" || section.direction === "sendrecv";
		const opus = opusOf(section);
		const sid = sends && !section.rejected && opus ? (mids.get(mid) ?? section.trackId) : undefined;
		const current = this.#receiving.get(mid);
		if (!current || current.sid !== sid || current.ssrc !== ssrc) {
			if (current) this.#remove(mid, current);
			const speaker = sid === undefined ? undefined : this.#host.speaker();
			if (sid !== undefined && opus && speaker) this.#add(section, opus.payloadType, sid, speaker);
		}
		return this.#receiving.has(mid) ? opus?.payloadType : undefined;
	}

	/** The peer is about to close: nothing more is asked of it, and nothing told. */
	close(): void {
		this.#receiving.clear();
	}

	#add(section: Section, payloadType: number, sid: string, speaker: Speaker): void {
		const { mid, ssrc, audioLevelId, midId } = section;
		const extensions = { audioLevel: audioLevelId, mid: midId };
		let receiver: number;
		try {
			receiver = this.#peer.addReceiver({ mid, ssrc, payloadType, extensions, speaker });
		} catch {
			this.#host.emit("trackFailed", sid);
			return;
		}
		this.#receiving.set(mid, { sid, ssrc, receiver });
		const isHere = () => this.#receiving.get(mid)?.receiver === receiver;
		this.#host.emit("track", {
			sid,
			setVolume: (volume) => {
				if (isHere()) this.#peer.setVolume(receiver, volume);
			},
			openTap: (options) => (isHere() ? this.#peer.openTap(receiver, options) : undefined),
		});
	}

	#remove(mid: string, receiving: Receiving): void {
		this.#receiving.delete(mid);
		this.#peer.removeReceiver(receiving.receiver);
		this.#host.emit("trackEnded", receiving.sid);
	}
}
