/** The other side's candidates on their way to the peer connection: held until it takes them, each once. */

import type { Candidate, Peer } from "webrtc-native/webrtc";
import { type CandidateSkip, parseCandidateInit } from "./sdp/candidate";
import type { Description } from "./sdp/parse";

const MAX = 32;

/** Why a candidate was not used. */
export type CandidateDrop = CandidateSkip | "excess";

export class RemoteCandidates {
	readonly #peer: Peer;
	/** By protocol, address and port: answers repeat what was trickled. */
	readonly #candidates = new Map<string, Candidate>();
	/** The remote description is set. */
	#open = false;
	#complete = false;
	readonly dropped: Partial<Record<CandidateDrop, number>> = {};

	constructor(peer: Peer) {
		this.#peer = peer;
	}

	/** The peer takes candidates from now on. */
	open(): void {
		this.#open = true;
		this.#candidates.forEach((candidate) => this.#peer.addCandidate(candidate));
		if (this.#complete) this.#peer.endOfCandidates();
	}

	/** ICE begins anew: all that follows is of the next description. */
	restart(): void {
		this.#candidates.clear();
		this.#open = false;
		this.#complete = false;
	}

	add(candidate: Candidate): void {
		const { protocol = "udp", address, port } = candidate;
		const key = `${protocol} ${address} ${port}`;
		if (this.#candidates.has(key)) return;
		if (this.#candidates.size === MAX) {
			this.drop("excess");
			return;
		}
		this.#candidates.set(key, candidate);
		if (this.#open) this.#peer.addCandidate(candidate);
	}

	/** Those of a description. */
	addAll(description: Description): void {
		description.candidates.forEach((candidate) => this.add(candidate));
		if (description.complete) this.end();
		(Object.keys(description.skipped) as CandidateDrop[]).forEach((reason) =>
			this.drop(reason, description.skipped[reason]),
		);
	}

	/** TrickleRequest.candidateInit and its `final`. */
	trickle(init: string, final: boolean): void {
		const candidate = parseCandidateInit(init);
		if (typeof candidate === "string") this.drop(candidate);
		else if (candidate) this.add(candidate);
		if (final || !candidate) this.end();
	}

	/** There are no more. */
	end(): void {
		if (this.#complete) return;
		this.#complete = true;
		if (this.#open) this.#peer.endOfCandidates();
	}

	drop(reason: CandidateDrop, count = 1): void {
		this.dropped[reason] = (this.dropped[reason] ?? 0) + count;
	}
}
