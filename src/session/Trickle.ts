/** Candidates of ours on their way to the other side; those that cannot be told yet wait. */

import type { Candidate } from "webrtc-native/webrtc";
import type { SignalTarget } from "../protocol/generated/enums";
import type { SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { formatCandidateInit } from "./sdp/candidate";

export interface TrickleHost {
	/** False: there is no connection to send it on. */
	send(request: Init<SignalRequest>): boolean;
}

export class Trickle {
	readonly #host: TrickleHost;
	readonly #target: SignalTarget;
	#untold: Candidate[] = [];

	/** `target`: whose they are, of the peer connection that we offer, or the server. */
	constructor(host: TrickleHost, target: SignalTarget) {
		this.#host = host;
		this.#target = target;
	}

	add(candidate: Candidate): void {
		this.#untold.push(candidate);
	}

	/** Tells those that wait. `mid`: of the bundle's first section. */
	flush(mid: string): void {
		this.#untold = this.#untold.filter((candidate) => {
			const candidateInit = formatCandidateInit(candidate, mid);
			return !this.#host.send({ trickle: { candidateInit, target: this.#target } });
		});
	}

	/** ICE begins anew. */
	clear(): void {
		this.#untold.length = 0;
	}
}
