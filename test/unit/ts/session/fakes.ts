/** A signalling client and a peer connection that do nothing by themselves and remember what was asked. */

import { HandledEmitter } from "livekit/platform/emitter";
import type {
	JoinRequest,
	JoinResponse,
	ReconnectResponse,
	SignalRequest,
} from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import type { SessionParts } from "livekit/session/parts";
import type { SignalClient } from "livekit/signal/SignalClient";
import type { SignalEvents, SignalOptions } from "livekit/signal/types";
import type {
	Candidate,
	ChannelOptions,
	DataOptions,
	IceServer,
	Peer,
	PeerOptions,
	PeerState,
	ReceiverOptions,
	RemoteDescription,
	SenderOptions,
} from "webrtc-native/webrtc";
import { FINGERPRINT } from "./answer";

export class FakeSignal extends HandledEmitter<SignalEvents> {
	connected = false;
	readonly sent: Init<SignalRequest>[] = [];
	join: Init<JoinRequest> | undefined;
	url = "";
	/** What leave() was given, or "close". */
	ended: unknown;
	readonly stats = {
		messagesIn: 0,
		messagesOut: 0,
		bytesIn: 0,
		bytesOut: 0,
		malformed: 0,
		refused: 0,
		cipher: "",
	};
	readonly rtt = 0;
	token = "";
	/** What hurry() was given. */
	hurried: { timeout: number; onAnswer(): void } | undefined;
	#settle!: { resolve(response: never): void; reject(error: Error): void };

	constructor(readonly options: SignalOptions = {}) {
		super();
	}
	connect(url: string, token: string, join: Init<JoinRequest>): Promise<JoinResponse> {
		this.url = url;
		this.token = token;
		this.join = join;
		return new Promise((resolve, reject) => {
			this.#settle = { resolve: resolve as (response: never) => void, reject };
		});
	}
	resume(
		url: string,
		token: string,
		join: Init<JoinRequest>,
	): Promise<ReconnectResponse | undefined> {
		return this.connect(url, token, { ...join, reconnect: true }) as Promise<never>;
	}
	/** The server lets us in; what it sends behind that comes in the same turn. */
	accept(behind: () => void = () => {}, response: object = {}): void {
		this.connected = true;
		const join = { otherParticipants: [], participant: { sid: "PA_me" }, ...response };
		this.emit("welcome", join as never);
		this.#settle.resolve(join as never);
		behind();
	}
	nextRequestId(): number {
		return 1;
	}
	response(): Promise<undefined> {
		return Promise.resolve(undefined);
	}
	hurry(timeout: number, onAnswer: () => void): void {
		this.hurried = { timeout, onAnswer };
	}
	/** The connection breaks. */
	lose(message = "gone"): void {
		this.connected = false;
		this.emit("closed", { message, code: 1006 });
	}
	refuse(error: Error): void {
		this.#settle.reject(error);
	}
	send(request: Init<SignalRequest>): boolean {
		if (this.connected) this.sent.push(request);
		return this.connected;
	}
	leave(reason?: unknown): void {
		this.connected = false;
		this.ended = { reason };
	}
	close(): void {
		this.connected = false;
		this.ended = "close";
	}

	/** Answers the newest offer. */
	answer(sdp: string, id = this.offers.length, mids: [string, string][] = []): void {
		this.emit("answer", { type: "answer", sdp, id, midToTrackId: new Map(mids) });
	}
	/** All offers so far, the join's too. */
	get offers() {
		const later = this.sent.filter(({ offer }) => offer).map(({ offer }) => offer);
		return [this.join?.publisherOffer, ...later];
	}
	published(cid: string, sid: string): void {
		this.emit("trackPublished", { cid, track: { sid } as never });
	}
}

export class FakePeer {
	ufrag = "abcd";
	readonly pwd = "abcdefghijklmnopqrstuvwx";
	get stats(): Record<string, number> {
		return { rtpIn: 7 };
	}
	readonly senders = new Map<number, SenderOptions>();
	readonly receivers = new Map<number, ReceiverOptions>();
	readonly muted = new Map<number, boolean>();
	readonly volumes = new Map<number, number>();
	readonly candidates: string[] = [];
	data: DataOptions | undefined;
	readonly channels: ChannelOptions[] = [];
	/** What was sent: channel and length. */
	readonly messages: [number, number][] = [];
	full = false;
	buffered = 0;
	remote: RemoteDescription | undefined;
	complete = false;
	closed = false;
	#next = 0;

	constructor(
		readonly options: PeerOptions,
		readonly addresses: number,
	) {}

	state(state: PeerState, reason?: string): void {
		this.options.onState(state, 0, reason);
	}
	/** Addresses 10.0.0.1, 10.0.0.2 and so on. */
	gather(): Candidate[] {
		return Array.from({ length: this.addresses }, (_, i): Candidate => {
			return {
				type: "host",
				address: `10.0.0.${i + 1}`,
				port: 4000,
				priority: 9 - i,
				foundation: `${i}`,
			};
		});
	}
	/** What setIceServers() was given last. */
	ice: { servers: readonly IceServer[]; relayOnly: boolean; tls: unknown } | undefined;
	setIceServers(servers: readonly IceServer[], relayOnly: boolean, tls?: unknown): void {
		this.ice = { servers, relayOnly, tls };
	}
	readonly path = undefined;
	restarts = 0;
	restartIce(): Candidate[] {
		this.remote = undefined;
		this.complete = false;
		this.ufrag = `abcd${++this.restarts}`;
		return this.gather();
	}
	setRemote(remote: RemoteDescription): void {
		if (this.remote) throw new Error("setRemote() twice");
		this.remote = remote;
	}
	addCandidate({ address, port }: Candidate): void {
		if (!this.remote) throw new Error("a candidate before the remote description");
		this.candidates.push(`${address} ${port}`);
	}
	endOfCandidates(): void {
		this.complete = true;
	}
	addSender(options: SenderOptions): number {
		this.senders.set(++this.#next, options);
		this.muted.set(this.#next, true);
		return this.#next;
	}
	setMuted(sender: number, muted: boolean): void {
		this.muted.set(sender, muted);
	}
	removeSender(sender: number): void {
		this.senders.delete(sender);
		this.muted.delete(sender);
	}
	addReceiver(options: ReceiverOptions): number {
		this.receivers.set(++this.#next, options);
		return this.#next;
	}
	setVolume(receiver: number, volume: number): void {
		this.volumes.set(receiver, volume);
	}
	removeReceiver(receiver: number): void {
		this.receivers.delete(receiver);
	}
	openData(options: DataOptions): void {
		this.data = options;
	}
	openChannel(options: ChannelOptions): number {
		return this.channels.push(options) - 1;
	}
	/** The server acknowledges all channels, the last at `at`. */
	openChannels(at = 0): void {
		for (const [channel, { label }] of this.channels.entries()) {
			this.options.onChannelOpen?.(channel, at, label);
		}
	}
	sendMessage(channel: number, bytes: Uint8Array): boolean {
		if (this.full) return false;
		this.messages.push([channel, bytes.length]);
		return true;
	}
	holding = false;
	holdMessages(hold: boolean): void {
		this.holding = hold;
	}
	/** Messages that the server has not got. */
	open = 0;
	undelivered(): number {
		return this.open;
	}
	bufferedAmount(): number {
		return this.buffered;
	}
	close(): void {
		this.closed = true;
	}
	/** By mid. */
	get receiving(): Record<string, number | undefined> {
		return Object.fromEntries([...this.receivers.values()].map(({ mid, ssrc }) => [mid, ssrc]));
	}
}

export class Fakes implements SessionParts {
	/** All signalling connections, oldest first. The first is there before it is asked for. */
	readonly signals = [new FakeSignal()];
	readonly peers: FakePeer[] = [];
	/** Of this machine. */
	addresses = 1;
	/** What loading the identity ends with. */
	identity: Promise<{ bytes: ArrayBuffer; fingerprint: string }> = Promise.resolve({
		bytes: new ArrayBuffer(0),
		fingerprint: FINGERPRINT,
	});
	#first = true;

	/** The newest. */
	get signal(): FakeSignal {
		return this.signals[this.signals.length - 1];
	}
	get peer(): FakePeer {
		return this.peers[this.peers.length - 1];
	}
	/** The platform's word on the network. */
	link: ((up: boolean) => void) | undefined;
	readonly watchLink = (onChange: (up: boolean) => void) => {
		this.link = onChange;
		return {
			close: () => {
				this.link = undefined;
			},
		};
	};
	readonly loadIdentity = () => this.identity;
	readonly createPeer = (options: PeerOptions) => {
		this.peers.push(new FakePeer(options, this.addresses));
		return this.peer as unknown as Peer;
	};
	readonly createSignal = (options: SignalOptions) => {
		if (!this.#first) this.signals.push(new FakeSignal(options));
		this.#first = false;
		return this.signal as unknown as SignalClient;
	};
}
