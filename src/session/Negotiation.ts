/**
 * Offers and answers of the peer connection that sends, and that receives too when it is the only
 * one: which section carries which track, the ids that match answers to offers, and the senders and
 * receivers that an answer makes.
 *
 * The client always offers. Sections are only ever appended; one offer is on its way at a time.
 */

import type { AudioInput } from "webrtc-native/device";
import type { Candidate, Identity, Peer } from "webrtc-native/webrtc";
import { Timeout } from "../platform/Timeout";
import { SignalTarget } from "../protocol/generated/enums";
import type { SessionDescription, SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { DataChannels } from "./DataChannels";
import { OFFERED, opusOf, type SendFormat, sameFormat } from "./formats";
import type { Receivers } from "./Receivers";
import { RemoteCandidates } from "./RemoteCandidates";
import { remoteData } from "./remoteData";
import { buildOffer, type OfferedSection } from "./sdp/build";
import { type Description, parseDescription, SdpError, type Section } from "./sdp/parse";
import { Trickle } from "./Trickle";

/** Sections with a remote track each; the C core has as many receivers. */
const MAX_RECEIVING = 8;
/** The first offer travels in a URL: a machine with many interfaces must not make it too long. */
const OFFERED_CANDIDATES = 4;

/** A track of ours on its way to the server. */
export interface OutgoingTrack {
	/** How the server finds the AddTrackRequest. */
	cid: string;
	stream: string;
	ssrc: number;
	microphone: AudioInput;
	/** A muted sender sends nothing. */
	muted: boolean;
	dtx?: boolean;
	/** Bits a second. */
	bitrate?: number;
}

export interface NegotiationHost {
	/** False: there is no connection to send it on; resume() comes when there is. */
	send(request: Init<SignalRequest>): boolean;
	/** An offer was not answered in time. */
	onAnswerTimeout(): void;
	/** The track cannot be sent; it has been removed. */
	onRefused(cid: string, message: string): void;
}

export interface NegotiationOptions {
	peer: Peer;
	host: NegotiationHost;
	/** Hears the first answer's word on data channels. */
	data: DataChannels;
	/** Undefined: what others send comes in another peer connection. */
	receivers: Receivers | undefined;
	identity: Identity;
	/** Ours, best first. */
	candidates: readonly Candidate[];
	/** 48 random bits. */
	sessionId: number;
	/** Of all our streams (RFC 7022). */
	cname: string;
	/** Milliseconds; 15,000 by default. */
	timeout?: number;
}

interface Sending {
	mid: string;
	track: OutgoingTrack;
	/** The first offer that has it. The answer to one before may speak of another in its section. */
	offer: number;
	sender?: number;
	/** What the sender was made with. */
	format?: SendFormat;
}

export class Negotiation {
	readonly #options: NegotiationOptions;
	readonly #sections: OfferedSection[] = [];
	readonly #sending = new Map<string, Sending>(); // by cid
	/** Sections of ours in which both sides have no track: another may have them. */
	readonly #retired = new Set<string>();
	readonly #candidates: RemoteCandidates;
	/** Ours, best first. */
	#local: readonly Candidate[];
	readonly #trickle: Trickle;
	/** Who the other side said it is; it stays that. */
	#fingerprint: string | undefined;
	/** Its ICE credentials; undefined until the answer to an offer with new ones of ours. */
	#credentials: string | undefined;
	/** The newest answer that was taken. */
	#answer: SessionDescription | undefined;
	/** Id of the newest offer; ids count from 1. */
	#offer = 0;
	/** An offer is on its way. */
	#offering = false;
	readonly #timeout = new Timeout();
	/** Something changed while an offer was on its way. */
	#stale = false;
	/** Video sections the server asked for and does not get: asking again is no news. */
	#unmetVideo = 0;
	#staleAnswers = 0;
	#dataSettled = false;

	constructor(options: NegotiationOptions) {
		this.#options = options;
		this.#local = options.candidates;
		this.#candidates = new RemoteCandidates(options.peer);
		this.#trickle = new Trickle(options.host, SignalTarget.PUBLISHER);
	}

	/** Sections of the description, answers that came late, and candidates that were not used, by reason. */
	get stats(): Record<string, number> {
		const sections = this.#sections.length;
		return { sections, staleAnswers: this.#staleAnswers, ...this.#candidates.dropped };
	}

	/** The first offer: what is published so far, one section to receive if any, and data. */
	start(): Init<SessionDescription> {
		if (this.#options.receivers) this.#appendReceiving(1);
		this.#sections.push({ mid: `${this.#sections.length}`, data: true });
		return this.#build();
	}

	/** The first offer has arrived: what was not in it trickles, and its answer is due. */
	joined(): void {
		this.#trickleRest();
		if (this.#offering) this.#expectAnswer();
	}

	/** One more of ours, found out by STUN or TURN. */
	discovered(candidate: Candidate): void {
		this.#trickle.add(candidate);
		this.#flushTrickle();
	}

	/** There is signalling again; an offer or its answer may have been lost with the old one. */
	resume(): void {
		this.#flushTrickle();
		if (this.#offering || this.#stale) this.#offerNow();
	}

	/** Something changed that the next offer must have; resume() or restartIce() follows. */
	outdate(): void {
		this.#stale = true;
	}

	/**
	 * ICE begins anew, with new credentials and the addresses of now; DTLS and all above it go on.
	 * Throws when this machine has no address.
	 */
	restartIce(): void {
		this.#local = this.#options.peer.restartIce();
		this.#trickle.clear();
		this.#credentials = undefined;
		this.#candidates.restart();
		this.#offerNow();
		this.#trickleRest();
	}

	/** What was offered and answered last, for SyncState. */
	get descriptions(): { offer: Init<SessionDescription>; answer?: SessionDescription } {
		return { offer: this.#describe(), answer: this.#answer };
	}

	/**
	 * Starts capturing for the first offer's tracks as if it were accepted. Nothing is sent before DTLS
	 * has keys, which is after the answer; then the next 20 ms go out.
	 */
	startSenders(): void {
		this.#sending.forEach((sending) => this.#startSender(sending, OFFERED));
	}

	/** Takes a section for the track, an old one if there is; call renegotiate() once the first offer is out. */
	addTrack(track: OutgoingTrack): void {
		const free = this.#retired.values().next().value;
		const mid = free ?? `${this.#sections.length}`;
		const section = {
			mid,
			track: { stream: track.stream, cid: track.cid, ssrc: track.ssrc, cname: this.#options.cname },
		};
		if (free === undefined) this.#sections.push(section);
		else this.#sections[Number(free)] = section;
		this.#retired.delete(mid);
		this.#sending.set(track.cid, { mid, track, offer: this.#offer + 1 });
	}

	/** Stops sending; the section stays behind for another track. */
	removeTrack(cid: string): void {
		const sending = this.#sending.get(cid);
		if (!sending) return;
		this.#sending.delete(cid);
		if (sending.sender !== undefined) this.#options.peer.removeSender(sending.sender);
		this.#sections[Number(sending.mid)].idle = this.#offer + 1;
	}

	setMuted(cid: string, muted: boolean): void {
		const sending = this.#sending.get(cid);
		if (!sending) return;
		sending.track.muted = muted;
		if (sending.sender !== undefined) this.#options.peer.setMuted(sending.sender, muted);
	}

	/** Offers now, or when the offer on its way has been answered. */
	renegotiate(): void {
		if (this.#offering) this.#stale = true;
		else this.#offerNow();
	}

	/**
	 * MediaSectionsRequirement. 0 and 0 ask for an offer too. Video is not received, and the server
	 * asks for its sections again after every answer: that alone is no reason to offer again.
	 */
	require(audios: number, videos: number): void {
		const repeated = audios === 0 && videos > 0 && videos <= this.#unmetVideo;
		this.#unmetVideo = Math.max(this.#unmetVideo, videos);
		if (repeated) return;
		this.#appendReceiving(audios);
		this.renegotiate();
	}

	/** Throws SdpError when the answer is not to be used; late answers are counted and ignored. */
	answer(answer: SessionDescription): void {
		if (!this.#offering || (answer.id !== 0 && answer.id !== this.#offer)) {
			this.#staleAnswers++;
			return;
		}
		const description = parseDescription(answer.sdp);
		this.#endOffer();
		this.#answer = answer;
		this.#settleData(description); // before its packets can come
		this.#setRemote(description);
		for (let i = 0; i < description.sections.length; i++) {
			const section = description.sections[i];
			if ((this.#sections[Number(section.mid)]?.idle ?? Infinity) <= this.#offer)
				this.#retired.add(section.mid);
			if (section.kind === "application") continue;
			this.#applySending(section);
			this.#options.receivers?.apply(section, answer.midToTrackId);
		}
		if (this.#stale) this.renegotiate();
	}

	/** TrickleRequest.candidateInit and its `final`. */
	trickle(init: string, final: boolean): void {
		this.#candidates.trickle(init, final);
	}

	/** Nothing is asked of the peer connection from now on. */
	close(): void {
		this.#endOffer();
		this.#sending.clear();
		this.#options.receivers?.close();
	}

	#endOffer(): void {
		this.#offering = false;
		this.#timeout.stop();
	}

	#offerNow(): void {
		this.#stale = false;
		if (this.#options.host.send({ offer: this.#build() })) this.#expectAnswer();
		else this.#timeout.stop();
	}

	/** The first offer travels in a URL, and others look alike: what was not in it. */
	#trickleRest(): void {
		this.#local.slice(OFFERED_CANDIDATES).forEach((candidate) => this.#trickle.add(candidate));
		this.#flushTrickle();
	}

	#flushTrickle(): void {
		this.#trickle.flush(this.#sections[0].mid);
	}

	#build(): Init<SessionDescription> {
		this.#offer++;
		this.#offering = true;
		return this.#describe();
	}

	#describe(): Init<SessionDescription> {
		const sdp = buildOffer({
			sessionId: this.#options.sessionId,
			version: this.#offer,
			ufrag: this.#options.peer.ufrag,
			pwd: this.#options.peer.pwd,
			fingerprint: this.#options.identity.fingerprint,
			candidates: this.#local.slice(0, OFFERED_CANDIDATES),
			sections: this.#sections,
		});
		return { type: "offer", sdp, id: this.#offer };
	}

	#expectAnswer(): void {
		const { timeout = 15_000, host } = this.#options;
		this.#timeout.start(timeout, () => host.onAnswerTimeout());
	}

	#appendReceiving(count: number): void {
		const have = this.#sections.filter((section) => !section.track && !section.data).length;
		for (let i = 0; i < count && have + i < MAX_RECEIVING; i++) {
			this.#sections.push({ mid: `${this.#sections.length}` });
		}
	}

	#setRemote(description: Description): void {
		const { ufrag, pwd, fingerprint, setup, iceLite } = description;
		const credentials = `${ufrag} ${pwd}`;
		if (fingerprint !== (this.#fingerprint ?? fingerprint)) {
			throw new SdpError("the peer's fingerprint changed");
		}
		if (this.#credentials === undefined) {
			this.#options.peer.setRemote({ ufrag, pwd, fingerprint, setup, iceLite });
			this.#fingerprint = fingerprint;
			this.#credentials = credentials;
			this.#candidates.open();
		} else if (credentials !== this.#credentials) {
			throw new SdpError("the peer's ICE credentials changed unasked");
		}
		this.#candidates.addAll(description);
	}

	/** Once: channels live as long as the connection. */
	#settleData(description: Description): void {
		if (this.#dataSettled) return;
		this.#dataSettled = true;
		this.#options.data.open(this.#options.peer, remoteData(description));
	}

	#applySending(section: Section): void {
		this.#sending.forEach((sending) => {
			if (sending.mid === section.mid && sending.offer <= this.#offer) {
				this.#applyFormat(sending, section);
			}
		});
	}

	#applyFormat(sending: Sending, section: Section): void {
		const opus = opusOf(section);
		const taken = section.direction === "recvonly" || section.direction === "sendrecv";
		if (section.rejected || !taken || !opus) {
			this.#refuse(sending, "the server did not accept the track's media");
			return;
		}
		this.#startSender(sending, {
			payloadType: opus.payloadType,
			audioLevel: section.audioLevelId,
			midId: section.midId,
			fec: opus.fmtp.includes("useinbandfec=1"),
		});
	}

	/** Makes the sender, or makes it anew when it has another format. */
	#startSender(sending: Sending, format: SendFormat): void {
		const { mid, track, sender, format: current } = sending;
		const { peer, cname } = this.#options;
		if (sender !== undefined) {
			if (current && sameFormat(current, format)) return;
			peer.removeSender(sender);
			sending.sender = undefined;
		}
		try {
			sending.sender = peer.addSender({
				mid,
				ssrc: track.ssrc,
				payloadType: format.payloadType,
				extensions: { audioLevel: format.audioLevel, mid: format.midId },
				cname,
				microphone: track.microphone,
				fec: format.fec,
				dtx: track.dtx,
				bitrate: track.bitrate,
			});
		} catch (error) {
			this.#refuse(sending, (error as Error).message);
			return;
		}
		sending.format = format;
		if (!track.muted) peer.setMuted(sending.sender, false);
	}

	#refuse({ track: { cid } }: Sending, message: string): void {
		this.removeTrack(cid);
		this.#options.host.onRefused(cid, message);
	}
}
