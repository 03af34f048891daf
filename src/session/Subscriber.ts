/**
 * The second peer connection, where the server wants one each way: it offers, we answer. In it comes
 * what others publish, and their data.
 */

import type { Candidate } from "webrtc-native/webrtc";
import { SignalTarget } from "../protocol/generated/enums";
import type { SessionDescription, SignalRequest, SyncState } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { DataChannels } from "./DataChannels";
import { newSessionId } from "./ids";
import { Receivers, type ReceiversOptions } from "./Receivers";
import { RemoteCandidates } from "./RemoteCandidates";
import { remoteData } from "./remoteData";
import { type AnsweredSection, buildAnswer } from "./sdp/answer";
import { type Description, parseDescription, SdpError, type Section } from "./sdp/parse";
import { Transport, type TransportOptions } from "./Transport";
import { Trickle } from "./Trickle";

export interface SubscriberUse {
	data: DataChannels;
	receiving: ReceiversOptions;
	/** False: there is no connection to send it on. */
	send(request: Init<SignalRequest>): boolean;
	onMedia(): void;
}

export class Subscriber {
	readonly transport: Transport;
	readonly #use: SubscriberUse;
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
	/** Sids of video tracks that the server was told not to send. */
	#unwanted = new Set<string>();

	/** Opens sockets; throws when there is no network, memory or entropy. */
	constructor(options: TransportOptions, use: SubscriberUse) {
		const { data, receiving, send, onMedia } = use;
		this.#use = use;
		this.#fingerprint = options.identity.fingerprint;
		const callbacks = data.listenDown().callbacks;
		this.#trickle = new Trickle({ target: SignalTarget.SUBSCRIBER, send });
		this.transport = new Transport(options, {
			controlling: false,
			data: callbacks,
			onCandidate: (candidate) => {
				this.#trickle.add(candidate);
				if (this.#mid !== undefined) this.#trickle.flush(this.#mid);
			},
			onMedia,
		});
		const { peer } = this.transport;
		this.#receivers = new Receivers(peer, receiving);
		this.#candidates = new RemoteCandidates(peer);
		try {
			this.#local = peer.gather();
		} catch (error) {
			peer.close();
			throw error;
		}
	}

	get stats(): Record<string, number> {
		return { ...this.transport.peer.stats, ...this.#candidates.dropped };
	}

	get descriptions(): Pick<Init<SyncState>, "offer" | "answer"> {
		return { offer: this.#offer, answer: this.#answer };
	}

	/** Throws SdpError when it is not to be used, and when ICE cannot begin anew for want of a network. */
	offer({ sdp, id, midToTrackId, type }: SessionDescription): void {
		const description = parseDescription(sdp);
		this.#setRemote(description);
		const sections = description.sections.map((offered): AnsweredSection => {
			if (offered.kind !== "audio") return { offered };
			return { offered, payloadType: this.#receivers.apply(offered, midToTrackId) };
		});
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
		this.#offer = { sdp, id, type };
		this.#answer = { type: "answer", sdp: answer, id };
		// If it does not arrive, the server offers anew when signalling is resumed.
		this.#use.send({ answer: this.#answer });
		this.#mid = description.sections[0].mid;
		this.#trickle.flush(this.#mid);
		this.#refuseVideo(description.sections, midToTrackId);
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
		if (isFirst) this.#use.data.openDown(peer, remoteData(description));
		this.#candidates.addAll(description);
	}

	/** Inactive sections do not keep the server from sending. */
	#refuseVideo(sections: readonly Section[], mids: ReadonlyMap<string, string>): void {
		const sent = new Set<string>();
		for (const { kind, mid, direction, rejected, trackId } of sections) {
			const sends = direction === "sendonly" || direction === "sendrecv";
			const sid = mids.get(mid) ?? trackId;
			if (kind === "video" && sends && !rejected && sid !== undefined) sent.add(sid);
		}
		const trackSids = [...sent].filter((sid) => !this.#unwanted.has(sid));
		this.#unwanted = sent;
		if (trackSids.length > 0) this.#use.send({ subscription: { trackSids, subscribe: false } });
	}
}
