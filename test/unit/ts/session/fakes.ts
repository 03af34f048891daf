/** A signalling client and a peer connection that do nothing by themselves and remember what was asked. */

import { Emitter } from "livekit/platform/emitter";
import type { JoinRequest, JoinResponse, SignalRequest } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import type { SessionParts } from "livekit/session/Session";
import type { SignalClient, SignalEvents } from "livekit/signal/SignalClient";
import type {
	Candidate,
	ChannelOptions,
	DataOptions,
	Peer,
	PeerOptions,
	PeerState,
	ReceiverOptions,
	RemoteDescription,
	SenderOptions,
} from "webrtc-native/webrtc";
import { FINGERPRINT } from "./answer";

export class FakeSignal extends Emitter<SignalEvents> {
	connected = false;
	readonly sent: Init<SignalRequest>[] = [];
	join: Init<JoinRequest> | undefined;
	url = "";
	/** What leave() was given, or "close". */
	ended: unknown;
	readonly stats = undefined;
	#settle!: { resolve(join: JoinResponse): void; reject(error: Error): void };

	connect(url: string, _token: string, join: Init<JoinRequest>): Promise<JoinResponse> {
		this.url = url;
		this.join = join;
		return new Promise((resolve, reject) => {
			this.#settle = { resolve, reject };
		});
	}
	/** The server lets us in; what it sends behind that comes in the same turn. */
	accept(behind: () => void = () => {}): void {
		this.connected = true;
		this.#settle.resolve({ otherParticipants: [] } as unknown as JoinResponse);
		behind();
	}
	refuse(error: Error): void {
		this.#settle.reject(error);
	}
	send(request: Init<SignalRequest>): boolean {
		if (this.connected) this.sent.push(request);
		return this.connected;
	}
	leave(reason?: unknown): void {
		this.ended = { reason };
	}
	close(): void {
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
	readonly ufrag = "abcd";
	readonly pwd = "abcdefghijklmnopqrstuvwx";
	readonly stats = { rtpIn: 7 };
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
		for (const channel of this.channels.keys()) this.options.onChannelOpen?.(channel, at);
	}
	sendMessage(channel: number, bytes: Uint8Array): boolean {
		if (this.full) return false;
		this.messages.push([channel, bytes.length]);
		return true;
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
	readonly signal = new FakeSignal();
	peer!: FakePeer;
	/** Of this machine. */
	addresses = 1;
	/** What loading the identity ends with. */
	identity: Promise<{ bytes: ArrayBuffer; fingerprint: string }> = Promise.resolve({
		bytes: new ArrayBuffer(0),
		fingerprint: FINGERPRINT,
	});
	readonly loadIdentity = () => this.identity;
	readonly createPeer = (options: PeerOptions) => {
		this.peer = new FakePeer(options, this.addresses);
		return this.peer as unknown as Peer;
	};
	readonly createSignal = () => this.signal as unknown as SignalClient;
}
