/** In the place of data/streams/index.ts. */

import { absent, type Public } from "livekit/absent/absent";
import type * as streams from "../data/streams/index";

const noStreams = () => absent("text and byte streams", "manifest_streams.json");

export class IncomingStreams implements Public<streams.IncomingStreams> {
	readonly stats: streams.StreamStats = {
		streamsIn: 0,
		streamsRefused: 0,
		streamsUnhandled: 0,
		streamsFailed: 0,
		strayPackets: 0,
	};

	onHeader(): void {
		this.stats.streamsUnhandled++;
	}
	onChunk(): void {}
	onTrailer(): void {}
	onParticipantGone(): void {}
	close(): void {}
	/** What the library itself takes. */
	setDefaultText(): void {}

	registerText(): void {
		throw noStreams();
	}
	unregisterText(): void {}
	registerBytes(): void {
		throw noStreams();
	}
	unregisterBytes(): void {}
}

export class OutgoingStreams implements Public<streams.OutgoingStreams> {
	async sendText(): Promise<never> {
		throw noStreams();
	}
	async streamText(): Promise<never> {
		throw noStreams();
	}
	async sendBytes(): Promise<never> {
		throw noStreams();
	}
	async sendFile(): Promise<never> {
		throw noStreams();
	}
	async streamBytes(): Promise<never> {
		throw noStreams();
	}
}

/** None is ever made. */
export class TextStreamReader {}
export class ByteStreamReader {}
export class TextStreamWriter {}
export class ByteStreamWriter {}
