/**
 * The second peer connection, where the server wants one each way: it offers, we answer. In it comes
 * what others publish, and their data.
 */

import type { Candidate } from "webrtc-native/webrtc";
import { SignalTarget } from "../../protocol/generated/enums";
import type { SessionDescription, SyncState } from "../../protocol/generated/types";
import type { Init } from "../../protocol/schema";
import type { ConnectionOptions } from "../Connection";
import { newSessionId } from "../ids";
import { Receivers } from "../Receivers";
import { RemoteCandidates } from "../RemoteCandidates";
import { remoteData } from "../remoteData";
import { type Description, parseDescription, SdpError } from "../sdp/parse";
import { Transport, type TransportHost } from "../Transport";
import { Trickle } from "../Trickle";
import { type AnsweredSection, buildAnswer } from "./answer";
import { DownChannels } from "./DownChannels";

/** Servers that do not know a join with one peer connection are asked again. */
export const hasDual = true;

export class Subscriber implements TransportHost {
	readonly transport: Transport;
	readonly #options: ConnectionOptions;
	readonly #host: Pick<TransportHost, "tellMedia">;
	readonly #fingerprint: string;
	readonly #receivers: Receivers;
	readonly #candidates: RemoteCandidates;
	/** What was found out since the newest answer. */
	readonly #trickle: Trickle;
	/** Of the bundle's first section; undefined before the first answer. */
	#mid: string | undefined;
	readonly #sessionId = newSessionId();
	/** Ours, best first. */
	#local: readonly Candidate[];
	/** The other side's fingerprint, which stays, and its newest ICE credentials. */
	#remote = { fingerprint: "", credentials: "" };
	/** The newest that was answered. */
	#offer: Init<SessionDescription> | undefined;
	#answer: Init<SessionDescription> | undefined;
	#answers = 0;
	/** Of the newest offer. */
	#sections = 0;

	/** Opens sockets; throws when there is no network, memory or entropy. */
	constructor(options: ConnectionOptions, host: Pick<TransportHost, "tellMedia">) {
		this.#options = options;
		this.#host = host;
		this.#fingerprint = options.identity.fingerprint;
		this.#trickle = new Trickle(options.host, SignalTarget.SUBSCRIBER);
		const channels = new DownChannels(options.data);
		options.data.listenDown(channels);
		this.transport = new Transport(options, this, channels, false);
		const { peer } = this.transport;
		this.#receivers = new Receivers(peer, options.host);
		this.#candidates = new RemoteCandidates(peer);
		try {
			this.#local = peer.gather();
		} catch (error) {
			peer.close();
			throw error;
		}
	}

	tellMedia(): void {
		this.#host.tellMedia();
	}

	/** One more candidate of ours. */
	discovered(candidate: Candidate): void {
		this.#trickle.add(candidate);
		if (this.#mid !== undefined) this.#trickle.flush(this.#mid);
	}

	get stats(): Record<string, number> {
		const sections = this.#sections;
		return { ...this.transport.peer.stats, sections, ...this.#candidates.dropped };
	}

	get descriptions(): Pick<Init<SyncState>, "offer" | "answer"> {
		return { offer: this.#offer, answer: this.#answer };
	}

	/** Throws SdpError when it is not to be used, and when ICE cannot begin anew for want of a network. */
	offer(offer: SessionDescription): void {
		const description = parseDescription(offer.sdp);
		this.#setRemote(description);
		const sections = description.sections.map((offered): AnsweredSection => {
			if (offered.kind !== "audio") return { offered };
			return { offered, payloadType: this.#receivers.apply(offered, offer.midToTrackId) };
		});
		this.#sections = sections.length;
		const { peer } = this.transport;
		const answer = buildAnswer({
			sessionId: this.#sessionId,
			version: ++this.#answers,
			ufrag: peer.ufrag,
			pwd: peer.pwd,
			fingerprint: this.#fingerprint,
			candidates: this.#local,
			sections,
		});
		this.#offer = { sdp: offer.sdp, id: offer.id, type: offer.type };
		this.#answer = { type: "answer", sdp: answer, id: offer.id };
		// If it does not arrive, the server offers anew when signalling is resumed.
		this.#options.host.send({ answer: this.#answer });
		this.#mid = description.sections[0].mid;
		this.#trickle.flush(this.#mid);
	}

	/** TrickleRequest.candidateInit and its `final`. */
	trickle(init: string, final: boolean): void {
		this.#candidates.trickle(init, final);
	}

	close(): void {
		this.#receivers.close();
		this.transport.peer.close();
	}

	#setRemote(description: Description): void {
		const { ufrag, pwd, fingerprint, iceLite } = description;
		const { peer } = this.transport;
		const credentials = `${ufrag} ${pwd}`;
		const isFirst = this.#remote.fingerprint === "";
		if (!isFirst && fingerprint !== this.#remote.fingerprint) {
			throw new SdpError("the peer's fingerprint changed");
		}
		if (credentials !== this.#remote.credentials) {
			if (!isFirst) {
				this.#local = peer.restartIce();
				this.#candidates.restart();
				this.#trickle.clear();
			}
			this.#remote = { fingerprint, credentials };
			// What we answer makes them active, whatever they offer.
			peer.setRemote({ ufrag, pwd, fingerprint, setup: "active", iceLite });
			this.#candidates.open();
		}
		if (isFirst) this.#options.data.openDown(peer, remoteData(description));
		this.#candidates.addAll(description);
	}
}
