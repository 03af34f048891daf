/**
 * Offers and answers of the single peer connection: which section carries which track, the ids that
 * match answers to offers, and the senders and receivers that an answer makes.
 *
 * The client always offers. Sections are only ever appended; one offer is on its way at a time.
 */

import type { Microphone, Speaker } from "webrtc-native/device";
import type { Candidate, Identity, Peer } from "webrtc-native/webrtc";
import { Timeout } from "../platform/Timeout";
import { SignalTarget } from "../protocol/generated/enums";
import type { SessionDescription, SignalRequest } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import { OFFERED, opusOf, type SendFormat, sameFormat } from "./formats";
import { type CandidateDrop, RemoteCandidates } from "./RemoteCandidates";
import { buildOffer, type OfferedSection, SCTP_PORT } from "./sdp/build";
import { formatCandidateInit, parseCandidateInit } from "./sdp/candidate";
import { type Description, parseDescription, SdpError, type Section } from "./sdp/parse";

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
	microphone: Microphone;
	/** A muted sender sends nothing. */
	muted: boolean;
	dtx?: boolean;
	/** Bits a second. */
	bitrate?: number;
}

/** A track that the server sends; it plays while it is here. */
export interface IncomingTrack {
	sid: string;
	setVolume(volume: number): void;
}

export interface NegotiationOptions {
	peer: Peer;
	identity: Identity;
	/** Ours, best first. */
	candidates: readonly Candidate[];
	/** 48 random bits. */
	sessionId: number;
	/** Of all our streams (RFC 7022). */
	cname: string;
	/** Where remote tracks play; undefined: they are received by nobody. */
	speaker(): Speaker | undefined;
	send(request: Init<SignalRequest>): void;
	/** An offer was not answered in time. */
	onTimeout(): void;
	/** The track cannot be sent; it has been removed. */
	onRefused(cid: string, message: string): void;
	onTrack(track: IncomingTrack): void;
	/** The track cannot be received: native memory is short. */
	onTrackFailed(sid: string): void;
	onTrackEnded(sid: string): void;
	/** The first answer's word on data channels; undefined: the server wants none. */
	onData(remote: RemoteData | undefined): void;
	/** Milliseconds; 15,000 by default. */
	timeout?: number;
}

/** What the other side says of its data channels. */
export interface RemoteData {
	port: number;
	/** The largest message it takes, in bytes; 0: any. */
	maxMessageSize: number;
}

interface Sending {
	mid: string;
	track: OutgoingTrack;
	sender?: number;
	/** What the sender was made with. */
	format?: SendFormat;
}

interface Receiving {
	sid: string;
	ssrc: number | undefined;
	receiver: number;
}

export class Negotiation {
	readonly #options: NegotiationOptions;
	readonly #sections: OfferedSection[] = [];
	readonly #sending = new Map<string, Sending>(); // by cid
	readonly #receiving = new Map<string, Receiving>(); // by mid
	/** Sections of ours that both sides hold for inactive: a track may have them. */
	readonly #retired = new Set<string>();
	readonly #candidates: RemoteCandidates;
	/** Who the other side said it is; it stays that. */
	#remote: string | undefined;
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
		this.#candidates = new RemoteCandidates(options.peer);
	}

	/** Answers that came late, and candidates that were not used, by reason. */
	get stats(): Record<string, number> {
		return { staleAnswers: this.#staleAnswers, ...this.#candidates.dropped };
	}

	/** The first offer, for the join request: what is published so far, one section to receive, and data. */
	start(): Init<SessionDescription> {
		this.#appendReceiving(1);
		this.#sections.push({ mid: `${this.#sections.length}`, data: true });
		return this.#build();
	}

	/** The join request has arrived: what was not in it trickles, and the first answer is due. */
	joined(): void {
		const { candidates, send } = this.#options;
		for (const candidate of candidates.slice(OFFERED_CANDIDATES)) {
			const candidateInit = formatCandidateInit(candidate, this.#sections[0].mid);
			send({ trickle: { candidateInit, target: SignalTarget.PUBLISHER } });
		}
		if (this.#offering) this.#expectAnswer();
	}

	/**
	 * Starts capturing for the first offer's tracks as if it were accepted. Nothing is sent before DTLS
	 * has keys, which is after the answer; then the next 20 ms go out.
	 */
	startSenders(): void {
		for (const sending of this.#sending.values()) this.#startSender(sending, OFFERED);
	}

	/** Takes a section for the track, an old one if there is; call renegotiate() once the first offer is out. */
	addTrack(track: OutgoingTrack): void {
		const { cid, stream, ssrc } = track;
		const free = this.#retired.values().next().value;
		const mid = free ?? `${this.#sections.length}`;
		const section = { mid, track: { stream, cid, ssrc, cname: this.#options.cname } };
		if (free === undefined) this.#sections.push(section);
		else this.#sections[Number(free)] = section;
		this.#retired.delete(mid);
		this.#sending.set(cid, { mid, track });
	}

	/** Stops sending; the section stays behind, inactive, for another track. */
	removeTrack(cid: string): void {
		const sending = this.#sending.get(cid);
		if (!sending) return;
		this.#sending.delete(cid);
		if (sending.sender !== undefined) this.#options.peer.removeSender(sending.sender);
		this.#sections[Number(sending.mid)].inactive = true;
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
		else {
			this.#options.send({ offer: this.#build() });
			this.#expectAnswer();
		}
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
		this.#settleData(description); // before its packets can come
		this.#setRemote(description);
		for (const section of description.sections) {
			const { mid, direction } = section;
			if (direction === "inactive" && this.#sections[Number(mid)]?.inactive) this.#retired.add(mid);
			if (section.kind === "application") continue;
			this.#applySending(section);
			this.#applyReceiving(section, answer.midToTrackId);
		}
		if (this.#stale) {
			this.#stale = false;
			this.renegotiate();
		}
	}

	/** TrickleRequest.candidateInit and its `final`. */
	trickle(init: string, final: boolean): void {
		const candidate = parseCandidateInit(init);
		if (typeof candidate === "string") this.#candidates.drop(candidate);
		else if (candidate) this.#candidates.add(candidate);
		if (final || !candidate) this.#candidates.end();
	}

	/** Nothing is asked of the peer connection from now on. */
	close(): void {
		this.#endOffer();
		this.#sending.clear();
		this.#receiving.clear();
	}

	#endOffer(): void {
		this.#offering = false;
		this.#timeout.stop();
	}

	#build(): Init<SessionDescription> {
		const { peer, identity, candidates, sessionId } = this.#options;
		this.#offer++;
		this.#offering = true;
		const sdp = buildOffer({
			sessionId,
			version: this.#offer,
			ufrag: peer.ufrag,
			pwd: peer.pwd,
			fingerprint: identity.fingerprint,
			candidates: candidates.slice(0, OFFERED_CANDIDATES),
			sections: this.#sections,
		});
		return { type: "offer", sdp, id: this.#offer };
	}

	#expectAnswer(): void {
		const { timeout = 15_000, onTimeout } = this.#options;
		this.#timeout.start(timeout, onTimeout);
	}

	#appendReceiving(count: number): void {
		const have = this.#sections.filter(({ track, data }) => !track && !data).length;
		for (let i = 0; i < count && have + i < MAX_RECEIVING; i++) {
			this.#sections.push({ mid: `${this.#sections.length}` });
		}
	}

	#setRemote(description: Description): void {
		const { ufrag, pwd, fingerprint, setup, iceLite } = description;
		const remote = `${ufrag} ${pwd} ${fingerprint}`;
		if (this.#remote === undefined) {
			this.#options.peer.setRemote({ ufrag, pwd, fingerprint, setup, iceLite });
			this.#remote = remote;
			this.#candidates.open();
		} else if (remote !== this.#remote) {
			throw new SdpError("the peer's fingerprint or ICE credentials changed"); // no ICE restarts yet
		}
		for (const candidate of description.candidates) this.#candidates.add(candidate);
		if (description.complete) this.#candidates.end();
		for (const [reason, count] of Object.entries(description.skipped)) {
			this.#candidates.drop(reason as CandidateDrop, count);
		}
	}

	/** Once: channels live as long as the connection. */
	#settleData({ sections }: Description): void {
		if (this.#dataSettled) return;
		this.#dataSettled = true;
		const section = sections.find(({ kind, rejected }) => kind === "application" && !rejected);
		// Without a size it is 64 KiB (RFC 8841, section 6.1).
		const { sctpPort: port = SCTP_PORT, maxMessageSize = 65_536 } = section ?? {};
		this.#options.onData(section && { port, maxMessageSize });
	}

	#applySending(section: Section): void {
		for (const sending of this.#sending.values()) {
			if (sending.mid === section.mid) {
				this.#applyFormat(sending, section);
				return;
			}
		}
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
		const { payloadType, audioLevel, midId, fec } = format;
		const { ssrc, microphone, muted, dtx, bitrate } = track;
		try {
			sending.sender = peer.addSender({
				mid,
				ssrc,
				payloadType,
				extensions: { audioLevel, mid: midId },
				cname,
				microphone,
				fec,
				dtx,
				bitrate,
			});
		} catch (error) {
			this.#refuse(sending, (error as Error).message);
			return;
		}
		sending.format = format;
		if (!muted) peer.setMuted(sending.sender, false);
	}

	#refuse({ track: { cid } }: Sending, message: string): void {
		this.removeTrack(cid);
		this.#options.onRefused(cid, message);
	}

	/**
	 * Which track a section carries is in `mids`; else the second token of its a=msid is the track's
	 * sid. With neither the section waits for a track.
	 */
	#applyReceiving(section: Section, mids: ReadonlyMap<string, string>): void {
		const { mid, ssrc } = section;
		const sends = section.direction === "sendonly" || section.direction === "sendrecv";
		const opus = opusOf(section);
		const sid = sends && !section.rejected && opus ? (mids.get(mid) ?? section.trackId) : undefined;
		const current = this.#receiving.get(mid);
		if (current && current.sid === sid && current.ssrc === ssrc) return;
		if (current) this.#removeReceiver(mid, current);
		if (sid === undefined || !opus) return;
		const speaker = this.#options.speaker();
		if (speaker) this.#addReceiver(section, opus.payloadType, sid, speaker);
	}

	#addReceiver(section: Section, payloadType: number, sid: string, speaker: Speaker): void {
		const { mid, ssrc, audioLevelId, midId } = section;
		const { peer, onTrack, onTrackFailed } = this.#options;
		const extensions = { audioLevel: audioLevelId, mid: midId };
		let receiver: number;
		try {
			receiver = peer.addReceiver({ mid, ssrc, payloadType, extensions, speaker });
		} catch {
			onTrackFailed(sid);
			return;
		}
		this.#receiving.set(mid, { sid, ssrc, receiver });
		onTrack({ sid, setVolume: (volume) => this.#setVolume(mid, receiver, volume) });
	}

	#removeReceiver(mid: string, { sid, receiver }: Receiving): void {
		this.#receiving.delete(mid);
		this.#options.peer.removeReceiver(receiver);
		this.#options.onTrackEnded(sid);
	}

	#setVolume(mid: string, receiver: number, volume: number): void {
		if (this.#receiving.get(mid)?.receiver === receiver) {
			this.#options.peer.setVolume(receiver, volume);
		}
	}
}
