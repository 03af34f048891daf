/**
 * The data channels in which others' packets come when there is a peer connection each way: the server
 * opens them, on the one that it offers.
 */

import type { PeerOptions } from "webrtc-native/webrtc";
import { type DataPacket_Kind as DataPacketKind, SignalTarget } from "../protocol/generated/enums";
import type { DataChannelInfo } from "../protocol/generated/types";
import type { Init } from "../protocol/schema";

/** By DataPacket_Kind. */
const LABELS: readonly string[] = Object.freeze(["_reliable", "_lossy"]);

export interface DownChannelsOptions {
	/** Both are open (`at`), or the server has none (undefined). */
	onReady(at: number | undefined): void;
	onMessage(message: ArrayBufferLike, kind: DataPacketKind): void;
	onStranger(): void;
	onEnded(reason: string): void;
}

export class DownChannels {
	readonly #options: DownChannelsOptions;
	/** Their numbers, by DataPacket_Kind; the server may have others, which are not for us. */
	readonly #channels: (number | undefined)[] = [];
	#settled = false;

	constructor(options: DownChannelsOptions) {
		this.#options = options;
	}

	/** Both channels are open, or there will be none. */
	get settled(): boolean {
		return this.#settled;
	}

	/** For the peer's options. */
	get callbacks(): Partial<PeerOptions> {
		const { onStranger, onMessage, onEnded } = this.#options;
		return {
			onChannelOpen: (channel, at, label) => this.#onOpen(channel, at, label),
			onChannelClosed: (channel) => {
				if (this.#channels.includes(channel)) onEnded("the server closed a data channel");
			},
			onDataEnded: (reason) => onEnded(reason || "the server ended the data channels"),
			onMessage: (channel, message) => {
				const kind = this.#channels.indexOf(channel);
				if (kind < 0) onStranger();
				else onMessage(message, kind as DataPacketKind);
			},
		};
	}

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

	#onOpen(channel: number, at: number, label: string): void {
		const kind = LABELS.indexOf(label);
		if (kind < 0) return;
		this.#channels[kind] = channel;
		if (LABELS.every((_, other) => this.#channels[other] !== undefined)) this.#settle(at);
	}

	#settle(at: number | undefined): void {
		if (this.#settled) return;
		this.#settled = true;
		this.#options.onReady(at);
	}
}
