/** Peer connections: everything with a deadline happens behind this door, in C. */

import type { Microphone, Speaker } from "webrtc-native/device";

export type CandidateType = "host" | "srflx" | "prflx" | "relay";

export interface Candidate {
	type: CandidateType;
	/** IPv4 or IPv6 in text; host names (mDNS) are of no use here. */
	address: string;
	port: number;
	priority: number;
	foundation: string;
}

export type PeerState = "new" | "connecting" | "connected" | "disconnected" | "failed" | "closed";
export type IceState = "new" | "checking" | "connected" | "disconnected" | "failed" | "closed";
export type DtlsState = "new" | "connecting" | "connected" | "closed" | "failed";
export type Milestone = "firstPacketOut" | "firstPacketIn";

/** A stored certificate and key; opaque, for settings storage. Treat as a secret. */
export interface Identity {
	bytes: ArrayBuffer;
	/** SHA-256 of the certificate as a=fingerprint carries it: "AB:CD:…", 95 characters. */
	fingerprint: string;
}

/** All times `at` are milliseconds on the clock of `time`'s microseconds / 1000. */
export interface PeerOptions {
	identity: Identity;
	/** ICE role at the start; true by default (we offer). */
	controlling?: boolean;
	/** Also offers candidates on loopback (127.0.0.1, ::1): needed against a server on this machine. */
	loopback?: boolean;
	onState(state: PeerState, at: number, reason?: string): void;
	onIceState?(state: IceState, at: number): void;
	onDtlsState?(state: DtlsState, at: number): void;
	onMilestone?(milestone: Milestone, at: number): void;
}

export interface RemoteDescription {
	ufrag: string;
	pwd: string;
	/** "AB:CD:…" SHA-256. */
	fingerprint: string;
	setup: "actpass" | "active" | "passive";
	iceLite?: boolean;
}

export interface ExtensionIds {
	/** RFC 6464; absent or 0 when not negotiated. */
	audioLevel?: number;
	/** RFC 9143. */
	mid?: number;
}

export interface SenderOptions {
	mid: string;
	ssrc: number;
	payloadType: number;
	extensions: ExtensionIds;
	cname: string;
	microphone: Microphone;
	/** bit/s, 6,000 to 128,000; 24,000 by default. */
	bitrate?: number;
	dtx?: boolean;
	fec?: boolean;
}

export interface ReceiverOptions {
	mid: string;
	/** From a=ssrc when there; else learnt from the MID extension. */
	ssrc?: number;
	payloadType: number;
	extensions: ExtensionIds;
	speaker: Speaker;
}

/** Counters of core/peer.h and core/audio/engine.h, by the same names in camel case. */
export interface PeerStats {
	[name: string]: number;
}

/**
 * Callbacks come one at a time, never from inside a call. A peer is kept from the garbage collector
 * until close(); after it every function throws but close().
 */
export class Peer extends Native("xs_peer_destructor") {
	constructor(options: PeerOptions) {
		super();
		native("xs_peer").call(this, options);
	}
	get ufrag(): string {
		return native("xs_peer_get_ufrag").call(this);
	}
	get pwd(): string {
		return native("xs_peer_get_pwd").call(this);
	}
	/** Opens sockets on this machine's interfaces; the host candidates, best first. */
	gather(): Candidate[] {
		return native("xs_peer_gather").call(this);
	}
	/** Throws when credentials or fingerprint are malformed. */
	setRemote(remote: RemoteDescription): void {
		native("xs_peer_setRemote").call(this, remote);
	}
	/** One that cannot be used is ignored and counted (`candidatesRefused`): it came from outside. */
	addCandidate(candidate: Candidate): void {
		native("xs_peer_addCandidate").call(this, candidate);
	}
	endOfCandidates(): void {
		native("xs_peer_endOfCandidates").call(this);
	}
	/** A handle for the sender functions. It starts muted. */
	addSender(options: SenderOptions): number {
		return native("xs_peer_addSender").call(this, options);
	}
	/** A muted sender sends no RTP. */
	setMuted(sender: number, muted: boolean): void {
		native("xs_peer_setMuted").call(this, sender, muted);
	}
	removeSender(sender: number): void {
		native("xs_peer_removeSender").call(this, sender);
	}
	addReceiver(options: ReceiverOptions): number {
		return native("xs_peer_addReceiver").call(this, options);
	}
	/** Linear gain; 1 by default. */
	setVolume(receiver: number, volume: number): void {
		native("xs_peer_setVolume").call(this, receiver, volume);
	}
	removeReceiver(receiver: number): void {
		native("xs_peer_removeReceiver").call(this, receiver);
	}
	get stats(): PeerStats {
		return native("xs_peer_get_stats").call(this);
	}
	/** BYE, close_notify, sockets closed, memory freed. No callback after this. */
	close(): void {
		native("xs_peer_close").call(this);
	}
}

/**
 * Makes an identity on the worker, or checks stored bytes (a stored one that does not parse is
 * replaced). `done` is always called later, with an Error when memory or entropy is missing.
 */
export function createIdentity(
	this: unknown,
	stored: ArrayBuffer | undefined,
	done: (identity: Identity | undefined, error?: Error) => void,
): void {
	native("xs_identity_create").call(undefined, stored, done);
}
