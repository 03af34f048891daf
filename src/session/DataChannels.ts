/**
 * LiveKit's two data channels, `_reliable` and `_lossy`. We open both, always: the server withholds
 * reliable data until it has both. With two peer connections they are for what we send, and the server
 * opens two of its own (dual/DownChannels.ts).
 */

import type { ChannelOptions, Peer } from "webrtc-native/webrtc";
import { log } from "../platform/log";
import { DataPacket_Kind as DataPacketKind, SignalTarget } from "../protocol/generated/enums";
import type { DataChannelInfo } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";
import type { DownChannels, DownChannelsHost } from "./dual/DownChannels";
import { ReplayBuffer, type SentPacket } from "./ReplayBuffer";
import type { RemoteData } from "./remoteData";
import type { ChannelHandlers } from "./Transport";
import type { Tells } from "./types";

/** Bytes of one packet at most, whatever the answer allows: the server forwards no more. */
const MAX_PACKET = 64_000;
/** Lossy packets are dropped while more bytes than this wait: late ones are of no use. */
const LOSSY_BUFFERED = 8192;
const MAX_DATA_BYTES = 65_535;
const MIN_BUFFER = 2048;

/** A packet that waits counts so many bytes beside its own: often an app still holds what it answers. */
const PACKET_COST = 4_096;
/** Bytes of reliable packets that wait, in the engine's heap, while there is no connection. */
const MAX_WAITING = 32_768;

/** By DataPacket_Kind. */
const CHANNELS: readonly ChannelOptions[] = Object.freeze([
	{ label: "_reliable" },
	{ label: "_lossy", ordered: false, maxRetransmits: 0 },
]);

export const PublishDataErrorReason = Object.freeze({
	/** The room is not connected, or its data channels have ended. */
	NotConnected: 0,
	/** Larger than a packet can be; see the message. */
	TooLarge: 1,
	/** The token does not allow publishing data. */
	NotAllowed: 2,
} as const);
export type PublishDataErrorReason =
	(typeof PublishDataErrorReason)[keyof typeof PublishDataErrorReason];

/** Data was not sent. */
export class PublishDataError extends Error {
	readonly reason: PublishDataErrorReason;

	constructor(message: string, reason: PublishDataErrorReason) {
		super(message);
		this.reason = reason;
	}
	override get name(): string {
		return "PublishDataError";
	}
}

export interface DataChannelsOptions extends Tells<"data" | "bufferStatus"> {
	/** Largest inbound message in bytes; 65,535 by default. Buffers hold a quarter more. */
	maxDataBytes?: number;
	/** Both channels are open (`at`), or the server wants none (undefined). */
	onReady(at: number | undefined): void;
	/** There are no more channels; the connection may go on. */
	onEnded(reason: string): void;
}

/** Of a connection in which the other side sends none, beside what opens channels. */
const NOTHING = Object.freeze({ maxMessageBytes: MIN_BUFFER >> 1, receiveBuffer: MIN_BUFFER });

/** Each way: the largest message, and room for small ones beside it. */
const bufferBytes = (maxDataBytes = MAX_DATA_BYTES) =>
	Math.max(MIN_BUFFER, maxDataBytes + (maxDataBytes >> 2));

/** Bytes that may wait while the buffer still counts as low. */
const lowWater = (kind: number, buffer: number) =>
	kind === DataPacketKind.LOSSY ? Math.min(LOSSY_BUFFERED, buffer >> 2) : buffer >> 2;

/** Bytes of the largest packet that a board with this `maxDataBytes` can send. */
export function maxPacketBytes(this: unknown, maxDataBytes?: number): number {
	return Math.min(MAX_PACKET, bufferBytes(maxDataBytes));
}

interface Waiting {
	readonly bytes: Uint8Array;
	readonly sequence: number;
	resolve(): void;
	reject(error: PublishDataError): void;
}

/** Most of its methods are what the peer tells of its channels, and those of DownChannels. */
export class DataChannels implements ChannelHandlers, DownChannelsHost {
	readonly #options: DataChannelsOptions;
	#peer: Peer | undefined;
	/** Their numbers, by DataPacket_Kind. */
	#channels: number[] = [];
	readonly #open = new Set<number>();
	/** Those that we open. */
	#settled = false;
	/** Of a second peer connection, in which others' packets come. */
	#down: DownChannels | undefined;
	#downPeer: Peer | undefined;
	/** Why nothing can be sent. */
	#obstacle: string | undefined = "the data channels are not open yet";
	#maxPacket = MAX_PACKET;
	/** Reliable packets that found the send buffer full, or no connection, oldest first. */
	readonly #waiting: Waiting[] = [];
	#waitingBytes = 0;
	/** What may wait, at PACKET_COST and its bytes each, before nothing more of others is taken. */
	readonly #backlog: number;
	readonly #replay = new ReplayBuffer();
	/** By DataPacket_Kind. */
	#lowWater: number[] = [];
	/** Kinds of which more waits than that. */
	readonly #high = new Set<DataPacketKind>();
	/** Who takes messages wants none for now. */
	#held = false;
	/** What the peers were told: for that, or for what waits. */
	#holding = false;
	#lossyDropped = 0;
	#strangeMessages = 0;

	constructor(options: DataChannelsOptions) {
		this.#options = options;
		this.#backlog = bufferBytes(options.maxDataBytes) >> 1;
	}

	/** The channels are open, or there will be none. */
	get settled(): boolean {
		return this.#settled && (this.#down?.settled ?? true);
	}

	/** What others send comes in the channels of another peer connection. */
	listenDown(channels: DownChannels): void {
		this.#down = channels;
	}

	/** The server knows better: it comes in the channels that we open. Before open(). */
	forgetDown(): void {
		this.#down = undefined;
	}

	/** For SyncState. */
	get channels(): Init<DataChannelInfo>[] {
		const ours: Init<DataChannelInfo>[] = this.#channels.map((id, kind) => {
			return { label: CHANNELS[kind].label, id, target: SignalTarget.PUBLISHER };
		});
		return ours.concat(this.#down?.infos ?? []);
	}

	/** `…Buffered`: bytes that wait to be sent, RTCDataChannel's bufferedAmount of each channel. */
	get stats(): Record<string, number> {
		const buffered = (kind: DataPacketKind) =>
			this.#peer?.bufferedAmount(this.#channels[kind]) ?? 0;
		return {
			lossyDropped: this.#lossyDropped,
			strangeMessages: this.#strangeMessages,
			reliableBuffered: this.#waitingBytes + buffered(DataPacketKind.RELIABLE),
			lossyBuffered: buffered(DataPacketKind.LOSSY),
		};
	}

	/** The server's answer is here. Throws without memory for the channels. */
	open(peer: Peer, remote: RemoteData | undefined): void {
		if (!remote) {
			this.#obstacle = "the server has no data channels";
			this.#settled = true;
			this.tellReady(undefined);
			return;
		}
		const { maxDataBytes = MAX_DATA_BYTES } = this.#options;
		const buffer = bufferBytes(maxDataBytes);
		const limit = maxPacketBytes(maxDataBytes);
		this.#maxPacket = Math.min(limit, remote.maxMessageSize || limit);
		const receive = this.#down ? NOTHING : { maxMessageBytes: maxDataBytes, receiveBuffer: buffer };
		peer.openData({ ...receive, sendBuffer: buffer, remotePort: remote.port });
		this.#peer = peer;
		peer.holdMessages(this.#holding);
		this.#lowWater = CHANNELS.map((_, kind) => lowWater(kind, buffer));
		this.#channels = CHANNELS.map((options, kind) =>
			peer.openChannel({ ...options, lowWater: this.#lowWater[kind] }),
		);
	}

	/** The server's offer of a second peer connection is here. Throws without memory for its channels. */
	openDown(peer: Peer, remote: RemoteData | undefined): void {
		const { maxDataBytes = MAX_DATA_BYTES } = this.#options;
		const receiveBuffer = bufferBytes(maxDataBytes);
		if (!remote) {
			this.#down?.refuse();
			return;
		}
		peer.openData({
			maxMessageBytes: maxDataBytes,
			receiveBuffer,
			sendBuffer: MIN_BUFFER,
			remotePort: remote.port,
		});
		this.#downPeer = peer;
		peer.holdMessages(this.#holding);
	}

	/**
	 * Resolves when the packet is in the send buffer; reliable ones wait for room there. Lossy ones
	 * never wait: they are dropped and counted. Rejects with PublishDataError.
	 */
	send(bytes: Uint8Array, kind: DataPacketKind, sequence = 0): Promise<void> {
		if (bytes.length > this.#maxPacket) {
			const message = `a packet of ${bytes.length} bytes: ${this.#maxPacket} is the limit`;
			return Promise.reject(new PublishDataError(message, PublishDataErrorReason.TooLarge));
		}
		if (this.#obstacle !== undefined) return Promise.reject(notConnected(this.#obstacle));
		if (kind === DataPacketKind.LOSSY) return this.#sendLossy(bytes);
		if (!this.#peer && this.#waitingBytes + bytes.length > MAX_WAITING) {
			return Promise.reject(notConnected("too much waits for the connection to come back"));
		}
		return new Promise((resolve, reject) => {
			this.#waitingBytes += bytes.length;
			this.#waiting.push({ bytes, sequence, resolve, reject });
			if (this.#waiting.length === 1) this.onWritable();
			this.#setHolding();
		});
	}

	/** While true, what others send waits on its way, and its senders with it; see Peer.holdMessages(). */
	hold(hold: boolean): void {
		this.#held = hold;
		this.#setHolding();
	}

	/**
	 * Answers that wait to be sent hold back who asks: others must not fill the heap with them. One packet
	 * alone does not: while a file is sent, another one of its chunks always waits.
	 */
	#setHolding(): void {
		const waiting = this.#waitingBytes + PACKET_COST * this.#waiting.length;
		const holding = this.#held || (waiting > this.#backlog && this.#waiting.length > 1);
		if (holding === this.#holding) return;
		this.#holding = holding;
		this.#peer?.holdMessages(holding);
		this.#downPeer?.holdMessages(holding);
	}

	/**
	 * A resumed server has all up to `sequence`; what it does not have is sent again, before anything
	 * new, as far as it is kept. It drops what it has twice.
	 */
	replay(sequence: number): void {
		this.#sendAgain(this.#replay.after(sequence));
		this.onWritable();
	}

	#sendAgain(packets: readonly SentPacket[]): void {
		const done = () => {};
		const again = packets.map((packet) => {
			this.#waitingBytes += packet.bytes.length;
			return { ...packet, resolve: done, reject: done };
		});
		this.#waiting.unshift(...again);
		this.#setHolding();
	}

	/**
	 * The connection is lost and there will be another one, with open(): reliable packets wait for it,
	 * and with them those that the server has not got, as far as they are kept; lossy ones are
	 * dropped. The peer is open still.
	 */
	restart(): void {
		const reliable = this.#channels[DataPacketKind.RELIABLE];
		if (this.#peer && reliable !== undefined) {
			this.#sendAgain(this.#replay.newest(this.#peer.undelivered(reliable)));
		}
		this.#peer = this.#downPeer = undefined;
		this.#channels.length = 0;
		this.#open.clear();
		this.#settled = false;
		this.#down = undefined;
		this.#obstacle = undefined;
		this.#replay.clear();
		this.#high.forEach((kind) => this.#setLow(kind));
	}

	/** The peer is closed. */
	close(): void {
		this.#stop("the room is not connected");
	}

	async #sendLossy(bytes: Uint8Array): Promise<void> {
		const channel = this.#channels[DataPacketKind.LOSSY];
		if (channel === undefined) {
			this.#lossyDropped++;
			return;
		}
		const full = (this.#peer?.bufferedAmount(channel) ?? 0) > LOSSY_BUFFERED;
		if (full || !this.#transmit(DataPacketKind.LOSSY, bytes)) this.#lossyDropped++;
	}

	onWritable(): void {
		if (this.#channels[DataPacketKind.RELIABLE] === undefined) return;
		for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
			try {
				if (!this.#transmit(DataPacketKind.RELIABLE, next.bytes)) return;
				this.#replay.add(next);
				next.resolve();
			} catch (error) {
				next.reject(notConnected((error as Error).message));
			}
			this.#waiting.shift();
			this.#waitingBytes -= next.bytes.length;
			this.#setHolding();
		}
	}

	#transmit(kind: DataPacketKind, bytes: Uint8Array): boolean {
		const channel = this.#channels[kind];
		const peer = this.#peer;
		if (!peer?.sendMessage(channel, bytes)) return false;
		if (!this.#high.has(kind) && peer.bufferedAmount(channel) > this.#lowWater[kind]) {
			this.#high.add(kind);
			this.#tell(() => this.#options.emit("bufferStatus", false, kind));
		}
		return true;
	}

	#setLow(kind: number): void {
		if (this.#high.delete(kind as DataPacketKind)) {
			this.#tell(() => this.#options.emit("bufferStatus", true, kind as DataPacketKind));
		}
	}

	onChannelOpen(channel: number, at: number): void {
		if (!this.#channels.includes(channel)) return;
		this.#open.add(channel);
		if (this.#settled || this.#open.size < this.#channels.length) return;
		this.#settled = true;
		this.#obstacle = undefined;
		this.onWritable();
		this.tellReady(at);
	}

	onChannelClosed(channel: number): void {
		if (this.#channels.includes(channel)) this.end("the server closed a data channel");
	}

	onDataEnded(reason: string): void {
		this.end(reason || "the server ended the data channels");
	}

	onMessage(channel: number, message: ArrayBufferLike): void {
		const kind = this.#channels.indexOf(channel);
		if (kind < 0) this.countStranger();
		else this.deliver(message, kind as DataPacketKind);
	}

	onBufferedLow(channel: number): void {
		this.#setLow(this.#channels.indexOf(channel));
	}

	tellReady(at: number | undefined): void {
		if (this.settled) this.#options.onReady(at);
	}

	deliver(message: ArrayBufferLike, kind: DataPacketKind): void {
		this.#tell(() => this.#options.emit("data", message, kind));
	}

	/** A message of a channel that is none of LiveKit's. */
	countStranger(): void {
		this.#strangeMessages++;
	}

	/** An app that throws at what it is told, often by what somebody sent, must not end for it. */
	#tell(listener: () => void): void {
		try {
			listener();
		} catch (error) {
			log.error("a listener of data threw:", (error as Error)?.stack ?? error);
		}
	}

	/** There are no more channels. */
	end(reason: string): void {
		if (this.#channels.length === 0) return;
		this.#stop(reason);
		this.#options.onEnded(reason);
	}

	#stop(obstacle: string): void {
		this.#obstacle = obstacle;
		this.#channels.length = 0;
		this.#peer = this.#downPeer = undefined;
		this.#waiting.splice(0).forEach((packet) => packet.reject(notConnected(obstacle)));
		this.#waitingBytes = 0;
		this.#setHolding();
		this.#replay.clear();
		this.#high.clear();
	}
}

function notConnected(message: string): PublishDataError {
	return new PublishDataError(message, PublishDataErrorReason.NotConnected);
}
