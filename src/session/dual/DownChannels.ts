/**
 * The data channels in which others' packets come when there is a peer connection each way: the server
 * opens them, on the one that it offers.
 */

import {
	type DataPacket_Kind as DataPacketKind,
	SignalTarget,
} from "../../protocol/generated/enums";
import type { DataChannelInfo } from "../../protocol/generated/types";
import type { Init } from "../../protocol/schema";
import type { ChannelHandlers } from "../Transport";

/** By DataPacket_Kind. */
const LABELS: readonly string[] = Object.freeze(["_reliable", "_lossy"]);

export interface DownChannelsHost {
	/** Both are open (`at`), or the server has none (undefined). */
	tellReady(at: number | undefined): void;
	deliver(message: ArrayBufferLike, kind: DataPacketKind): void;
	countStranger(): void;
	end(reason: string): void;
}

export class DownChannels implements ChannelHandlers {
	readonly #host: DownChannelsHost;
	/** Their numbers, by DataPacket_Kind; the server may have others, which are not for us. */
	readonly #channels: (number | undefined)[] = [];
	#settled = false;

	constructor(host: DownChannelsHost) {
		this.#host = host;
	}

	/** Both channels are open, or there will be none. */
	get settled(): boolean {
		return this.#settled;
	}

	onChannelOpen(channel: number, at: number, label: string): void {
		const kind = LABELS.indexOf(label);
		if (kind < 0) return;
		this.#channels[kind] = channel;
		if (LABELS.every((_, other) => this.#channels[other] !== undefined)) this.#settle(at);
	}
	onChannelClosed(channel: number): void {
		if (this.#channels.includes(channel)) this.#host.end("the server closed a data channel");
	}
	onDataEnded(reason: string): void {
		this.#host.end(reason || "the server ended the data channels");
	}
	onMessage(channel: number, message: ArrayBufferLike): void {
		const kind = this.#channels.indexOf(channel);
		if (kind < 0) this.#host.countStranger();
		else this.#host.deliver(message, kind as DataPacketKind);
	}
	/** Nothing is sent in them. */
	onWritable(): void {}
	onBufferedLow(): void {}

	/** For SyncState. */
	get infos(): Init<DataChannelInfo>[] {
		return this.#channels.map((id, kind) => {
			return { label: LABELS[kind], id, target: SignalTarget.SUBSCRIBER };
		});
	}

	/** The server has no section of data. */
	refuse(): void {
		this.#settle(undefined);
	}

	#settle(at: number | undefined): void {
		if (this.#settled) return;
		this.#settled = true;
		this.#host.tellReady(at);
	}
}
