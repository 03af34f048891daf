/** One native peer connection, and how its media stands over any number of ICE restarts. */

import type { IceState, Identity, Peer, PeerOptions, PeerState } from "webrtc-native/webrtc";
import type { Timeline } from "./Timeline";

/** `silent`: nothing comes, but an ICE restart can help. `failed`: nothing can. */
export type MediaState = "new" | "up" | "silent" | "failed";

export interface TransportOptions {
	createPeer(options: PeerOptions): Peer;
	identity: Identity;
	/** Against a server on this machine. */
	loopback: boolean;
	timeline: Timeline;
}

export interface TransportUse {
	/** We offer. */
	controlling: boolean;
	/** What it tells of its data channels. */
	data: Partial<PeerOptions>;
	onMedia(): void;
}

export class Transport {
	readonly peer: Peer;
	readonly #onMedia: () => void;
	#ice: IceState = "new";
	#wasUp = false;
	#media: MediaState = "new";
	#reason: string | undefined;

	constructor(options: TransportOptions, { controlling, data, onMedia }: TransportUse) {
		const { createPeer, identity, loopback, timeline } = options;
		this.#onMedia = onMedia;
		this.peer = createPeer({
			identity,
			loopback,
			controlling,
			onState: (state, _at, reason) => this.#onState(state, reason),
			onIceState: (state, at) => {
				this.#ice = state;
				if (state === "connected") timeline.mark("ice", at);
			},
			onDtlsState: (state, at) => state === "connected" && timeline.mark("dtls", at),
			onMilestone: (milestone, at) => timeline.mark(milestone, at),
			...data,
		});
	}

	get media(): MediaState {
		return this.#media;
	}

	/** Why it is not up, when native code said so. */
	get reason(): string | undefined {
		return this.#reason;
	}

	#onState(state: PeerState, reason: string | undefined): void {
		if (state === "connected") {
			this.#wasUp = true;
			this.#media = "up";
		} else if (state === "disconnected") {
			this.#media = "silent";
		} else if (state === "failed") {
			this.#media = this.#wasUp && this.#ice === "failed" ? "silent" : "failed";
		} else return;
		this.#reason = reason;
		this.#onMedia();
	}
}
