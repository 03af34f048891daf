/** Peer connections: everything with a deadline happens behind this door, in C. */

import type { AudioInput, Speaker } from "webrtc-native/device";
import type { StreamTLSOptions } from "webrtc-native/stream";

export type CandidateType = "host" | "srflx" | "prflx" | "relay";

export interface Candidate {
	type: CandidateType;
	/** To the peer; UDP by default. Of TCP, the other side's are passive, and ours are not told. */
	protocol?: "udp" | "tcp";
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

/** One URL of an iceServers entry. */
export interface IceServer {
	/** Else STUN, which is over UDP. */
	turn: boolean;
	transport: "udp" | "tcp" | "tls";
	/** A name or an address. */
	host: string;
	port: number;
	/** Of TURN, both at most 256 bytes. */
	username?: string;
	credential?: string;
}

/** All times `at` are milliseconds on the clock of device.ts's now(). */
export interface PeerOptions {
	identity: Identity;
	/** ICE role at the start; true by default (we offer). */
	controlling?: boolean;
	/** Also offers candidates on loopback (127.0.0.1, ::1): needed against a server on this machine. */
	loopback?: boolean;
	onState(state: PeerState, at: number, reason?: string): void;
	onIceState?(state: IceState, at: number): void;
	onDtlsState?(state: DtlsState, at: number): void;
	/** One of ours that setIceServers() has led to, to be signalled. */
	onCandidate?(candidate: Candidate): void;
	/** Why a relay is none, in one line without secrets. */
	onCandidateError?(message: string): void;
	onMilestone?(milestone: Milestone, at: number): void;
	/** Both sides have the channel: ours was acknowledged, or theirs came. A label of other than ASCII is "". */
	onChannelOpen?(channel: number, at: number, label: string): void;
	onChannelClosed?(channel: number, at: number): void;
	/**
	 * The message stays in native memory (no copy) until nothing refers to it. Senders are held back
	 * while this is not called fast enough.
	 */
	onMessage?(channel: number, message: ArrayBufferLike): void;
	/** There may be room again after sendMessage() returned false. */
	onWritable?(): void;
	/** bufferedAmount() fell from above the channel's `lowWater` to it, or below. */
	onBufferedLow?(channel: number, at: number): void;
	/** All channels are over, the connection may go on. `reason` is "" after an orderly end. */
	onDataEnded?(reason: string, at: number): void;
}

/**
 * Sizes in bytes. The buffers are taken at once, with about a fifth on top. They have 4,194,304 at most; one
 * that is less than the board's least (`SCTP_BUFFER_MIN` of core/bounds.h) has that.
 */
export interface DataOptions {
	/** Largest inbound message; a larger one is refused in C and counted. At most half of receiveBuffer. */
	maxMessageBytes: number;
	/** What waits to be sent or acknowledged; no message can be larger. */
	sendBuffer: number;
	/** The window that the other side is told. */
	receiveBuffer: number;
	/** Of a=sctp-port; 5,000 by default. */
	remotePort?: number;
}

export interface ChannelOptions {
	/** At most 64 bytes of UTF-8. */
	label: string;
	/** True by default. */
	ordered?: boolean;
	/** Reliable when absent. */
	maxRetransmits?: number;
	/** Bytes, for onBufferedLow; 0 by default. */
	lowWater?: number;
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
	microphone: AudioInput;
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

export interface TapOptions {
	/** Of what is read, 8,000 to 48,000 Hz; the speaker's when absent. */
	sampleRate?: number;
	/** Milliseconds of sound that wait to be read at most, 20 to 1,000; what is beyond is dropped. */
	queueSize: number;
	/** There are more, once for each read() that was short; or the end is here. */
	onSamples(): void;
}

/** Where packets go, in the words of WebRTC's getStats(). */
export interface Path {
	/** Of the candidate of ours. */
	candidateType: CandidateType;
	/** To the other side; to the relay it is `relayProtocol`. */
	protocol: "udp" | "tcp";
	relayProtocol?: "udp" | "tcp" | "tls";
	/** The other side's candidate. */
	remoteCandidateType: CandidateType;
	remoteAddress: string;
	remotePort: number;
}

/**
 * Counters of core/peer.h and core/audio/engine.h, by the same names in camel case. They are listed here
 * for the engine: names that it meets first in native code take 100 slots and 2 KB of its heap for good.
 */
export const counters = Object.freeze({
	datagramsIn: 0,
	datagramsOut: 0,
	bytesIn: 0,
	bytesOut: 0,
	rtpIn: 0,
	rtpOut: 0,
	rtcpIn: 0,
	rtcpOut: 0,
	nacksIn: 0,
	retransmitted: 0,
	rtpPayloadIn: 0,
	rtpPayloadOut: 0,
	lost: 0,
	remoteLost: 0,
	roundTrip: 0,
	jitter: 0,
	droppedUnknownKind: 0,
	droppedBeforeKeys: 0,
	droppedUnknownStream: 0,
	droppedMalformed: 0,
	droppedPath: 0,
	droppedSinkFull: 0,
	droppedOutboxFull: 0,
	droppedUnsendable: 0,
	droppedTransform: 0,
	droppedApplication: 0,
	droppedEvents: 0,
	droppedSend: 0,
	droppedOversize: 0,
	iceChecksSent: 0,
	iceChecksReceived: 0,
	iceResponsesReceived: 0,
	iceDroppedMalformed: 0,
	iceDroppedIntegrity: 0,
	iceDroppedUnknownTransaction: 0,
	iceDroppedUsername: 0,
	iceRoleConflicts: 0,
	iceRemoteCandidatesIgnored: 0,
	iceRtt: 0,
	dtlsDatagramsIn: 0,
	dtlsDatagramsOut: 0,
	dtlsRetransmissions: 0,
	dtlsDropped: 0,
	srtpOutPackets: 0,
	srtpOutMalformed: 0,
	srtpOutAuthentication: 0,
	srtpOutReplayed: 0,
	srtpOutNoStream: 0,
	srtpInPackets: 0,
	srtpInMalformed: 0,
	srtpInAuthentication: 0,
	srtpInReplayed: 0,
	srtpInNoStream: 0,
	sctpPacketsIn: 0,
	sctpPacketsOut: 0,
	sctpMessagesIn: 0,
	sctpMessagesOut: 0,
	sctpBytesIn: 0,
	sctpBytesOut: 0,
	sctpRetransmitted: 0,
	sctpTimeouts: 0,
	sctpAbandoned: 0,
	sctpSkipped: 0,
	sctpRefused: 0,
	sctpRoundTrip: 0,
	sctpCwnd: 0,
	sctpPeerWindow: 0,
	sctpDroppedMalformed: 0,
	sctpDroppedChecksum: 0,
	sctpDroppedTag: 0,
	sctpDroppedUnexpected: 0,
	sctpDroppedCookie: 0,
	sctpDuplicates: 0,
	sctpDroppedNoRoom: 0,
	sctpDroppedStream: 0,
	dcepRefusedChannels: 0,
	dcepDroppedMalformed: 0,
	dcepDroppedNoChannel: 0,
	dcepDroppedPpid: 0,
	candidatesRefused: 0,
	relaysFailed: 0,
	turnRequests: 0,
	turnRetransmissions: 0,
	turnStaleNonces: 0,
	turnDroppedMalformed: 0,
	turnDroppedIntegrity: 0,
	turnDroppedUnknownTransaction: 0,
	turnDroppedChannel: 0,
	turnDroppedPeer: 0,
	droppedReports: 0,
	framesCaptured: 0,
	framesEncoded: 0,
	framesZero: 0,
	framesMuted: 0,
	framesSkipped: 0,
	encodeErrors: 0,
	bytesEncoded: 0,
	framesDecoded: 0,
	framesConcealed: 0,
	framesSilent: 0,
	framesShortened: 0,
	framesUnread: 0,
	decodeErrors: 0,
	jitterAccepted: 0,
	jitterLate: 0,
	jitterDuplicate: 0,
	jitterOverflow: 0,
	jitterLost: 0,
	jitterResyncs: 0,
	jitterDepth: 0,
});
export interface PeerStats {
	[name: string]: number;
}

/** Frames that were encoded, and those of them that were digital silence. */
export interface Captured {
	readonly frames: number;
	readonly silent: number;
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
	/**
	 * STUN and TURN servers from now on, the first six. They are asked at once unless there is a path
	 * already, and after each restart; what they say comes to onCandidate(). `relayOnly`: nothing but
	 * relays is used, and gather() gives no candidates. `tls` is for TURN over TLS.
	 */
	setIceServers(servers: readonly IceServer[], relayOnly: boolean, tls?: StreamTLSOptions): void {
		native("xs_peer_setIceServers").call(this, servers, relayOnly, tls);
	}
	/** Opens sockets on this machine's interfaces; the host candidates, best first. */
	gather(): Candidate[] {
		return native("xs_peer_gather").call(this);
	}
	/**
	 * New credentials, and sockets on the interfaces as they are now; the host candidates, best first.
	 * setRemote() and candidates are to follow anew, DTLS and media stay. Until the new path is there,
	 * packets go the old way if it still leads anywhere.
	 */
	restartIce(): Candidate[] {
		return native("xs_peer_restartIce").call(this);
	}
	/**
	 * Throws when credentials or fingerprint are malformed. After restartIce() the fingerprint must be
	 * the same and `setup` is not looked at.
	 */
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
	/** What the receiver plays, before its volume, to be read. Two of a receiver at most. */
	openTap(receiver: number, options: TapOptions): Tap {
		return new Tap(this, receiver, options);
	}
	/** m=application is negotiated: data channels connect when DTLS is up. Once; throws without memory. */
	openData(options: DataOptions): void {
		native("xs_peer_openData").call(this, options);
	}
	/** Opens a channel; its number. May be sent on at once. */
	openChannel(options: ChannelOptions): number {
		return native("xs_peer_openChannel").call(this, options);
	}
	/** Copies the bytes. False: there is no room, wait for onWritable. Throws when the channel is closed. */
	sendMessage(channel: number, bytes: ArrayBufferLike | Uint8Array): boolean {
		return native("xs_peer_sendMessage").call(this, channel, bytes);
	}
	/**
	 * While true, no onMessage: messages wait in the receive buffer, and its window holds the sender
	 * back. What is to be said of our own sending comes all the same; that channels end comes after them.
	 */
	holdMessages(hold: boolean): void {
		native("xs_peer_holdMessages").call(this, hold);
	}
	/** Bytes that wait on the channel and were never sent. */
	bufferedAmount(channel: number): number {
		return native("xs_peer_bufferedAmount").call(this, channel);
	}
	/**
	 * Messages of a reliable, ordered channel that the other side has not got, as far as that can be told:
	 * one whose acknowledgement was lost counts, one that was sent a moment ago on a path that works does not.
	 */
	undelivered(channel: number): number {
		return native("xs_peer_undelivered").call(this, channel);
	}
	/** Of all senders together; a part of `stats` that takes less of the heap. */
	get captured(): Captured {
		return native("xs_peer_get_captured").call(this);
	}
	/** Undefined while ICE has none. */
	get path(): Path | undefined {
		return native("xs_peer_get_path").call(this);
	}
	get stats(): PeerStats {
		return native("xs_peer_get_stats").call(this);
	}
	/** BYE, close_notify, sockets closed, memory freed. No callback after this. */
	close(): void {
		native("xs_peer_close").call(this);
	}
}

/** Kept from the garbage collector until close(), or until its receiver was removed. */
export class Tap extends Native("xs_tap_destructor") {
	constructor(peer: Peer, receiver: number, options: TapOptions) {
		super();
		native("xs_tap").call(this, peer, receiver, options);
	}
	get sampleRate(): number {
		return native("xs_tap_get_sampleRate").call(this);
	}
	/** The receiver was removed: there is no more than what waits. */
	get ended(): boolean {
		return native("xs_tap_get_ended").call(this);
	}
	/** Fills `into` from `from` on, as far as there are samples; how many. */
	read(into: Int16Array, from: number): number {
		const { buffer, byteOffset, length } = into;
		if (!(from >= 0 && from <= length)) throw new RangeError("no such place");
		return native("xs_tap_read").call(this, buffer, byteOffset + 2 * from, length - from);
	}
	close(): void {
		native("xs_tap_close").call(this);
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
	native("xs_identity_create").call(this, stored, done);
}
