/** Inbound frames of a WebSocket client: RFC 6455 sections 5.2 to 5.5. */

import type Stream from "webrtc-native/stream";
import { decodeUtf8 } from "../platform/text";
import { CloseCode, LENGTH_16, LENGTH_64, MAX_CONTROL, Opcode } from "./frame";

/** The server broke the protocol; `code` is the close code to tell it. */
export class FrameError extends Error {
	constructor(
		readonly code: number,
		message: string,
	) {
		super(message);
	}
	override get name() {
		return "FrameError";
	}
}

const NOTHING = new Uint8Array(0);

/** What is used of a stream. */
export type FrameSource = Pick<Stream, "read" | "collect" | "collected" | "takeMessage">;

export interface FrameHandlers {
	/** A binary message as a native buffer, or a text message. */
	onMessage(message: ArrayBufferLike | string): void;
	/** A message was over the stream's limit and is gone. */
	onRefused(): void;
	/** A close, ping or pong. */
	onControl(opcode: number, payload: Uint8Array): void;
}

/**
 * Reads frames off a stream. Payloads of messages collect in native memory, fragment by fragment,
 * and are not looked at; control frames may come between the fragments.
 */
export class FrameReader {
	#stream: FrameSource;
	#handlers: FrameHandlers;
	/** What the next bytes are. */
	#stage: "header" | "length" | "control" | "data" | "over" = "header";
	/** Of the frame at hand. */
	#final = false;
	#opcode = 0;
	#header = new Uint8Array(2);
	#length = NOTHING;
	#control = NOTHING;
	/** Opcode of the message at hand, 0 between messages; and its bytes so far. */
	#message = 0;
	#messageLength = 0;

	constructor(stream: FrameSource, handlers: FrameHandlers) {
		this.#stream = stream;
		this.#handlers = handlers;
	}

	/** Reads what has come. Throws FrameError. */
	read(): void {
		while (this.#step());
	}

	/** No handler is called after this. */
	stop(): void {
		this.#stage = "over";
	}

	/** Takes one piece of what has come; false when it is not all there. */
	#step(): boolean {
		switch (this.#stage) {
			case "header":
				return this.#readHeader();
			case "length":
				return this.#readLength();
			case "control":
				return this.#readControl();
			case "data":
				return this.#readData();
			case "over":
				return false;
		}
	}

	#readHeader(): boolean {
		if (!this.#stream.read(this.#header)) return false;
		const first = this.#header[0];
		const second = this.#header[1];
		if (first & 0x70) throw violation("a reserved bit is set");
		if (second & 0x80) throw violation("a server's frame is masked");
		this.#final = (first & 0x80) !== 0;
		this.#opcode = first & 15;
		if (this.#opcode >= Opcode.close) {
			if (this.#opcode > Opcode.pong) throw violation(`opcode ${this.#opcode}`);
			if (!this.#final) throw violation("a control frame is fragmented");
			if (second > MAX_CONTROL) throw violation("a control frame is over 125 bytes");
			this.#control = new Uint8Array(second);
			this.#stage = "control";
			return true;
		}
		if (this.#opcode > Opcode.binary) throw violation(`opcode ${this.#opcode}`);
		if (this.#opcode === Opcode.continuation) {
			if (!this.#message) throw violation("a continuation of nothing");
		} else {
			if (this.#message) throw violation("a message begins inside another");
			this.#message = this.#opcode;
		}
		if (second < LENGTH_16) return this.#collect(second);
		this.#length = new Uint8Array(second === LENGTH_64 ? 8 : 2);
		this.#stage = "length";
		return true;
	}

	#readLength(): boolean {
		if (!this.#stream.read(this.#length)) return false;
		const view = new DataView(this.#length.buffer);
		if (view.byteLength === 2) {
			const length = view.getUint16(0);
			if (length < LENGTH_16) throw violation("a length is not in its shortest form");
			return this.#collect(length);
		}
		const length = view.getUint32(4);
		if (view.getUint32(0) > 0 || length > 0x3fffffff)
			throw new FrameError(CloseCode.tooBig, "a frame is over 1 GB");
		if (length < 65536) throw violation("a length is not in its shortest form");
		return this.#collect(length);
	}

	#collect(length: number): boolean {
		if (length) this.#stream.collect(length);
		this.#messageLength += length;
		this.#stage = "data";
		return true;
	}

	#readControl(): boolean {
		if (this.#control.length && !this.#stream.read(this.#control)) return false;
		this.#stage = "header";
		this.#handlers.onControl(this.#opcode, this.#control);
		return true;
	}

	#readData(): boolean {
		if (this.#messageLength && !this.#stream.collected) return false;
		this.#stage = "header";
		if (!this.#final) return true;
		const message = this.#messageLength ? this.#stream.takeMessage() : new ArrayBuffer(0);
		const isText = this.#message === Opcode.text;
		this.#message = 0;
		this.#messageLength = 0;
		if (!message) this.#handlers.onRefused();
		else this.#handlers.onMessage(isText ? textOf(message) : message);
		return true;
	}
}

function textOf(message: ArrayBufferLike): string {
	try {
		return decodeUtf8(new Uint8Array(message));
	} catch {
		throw new FrameError(CloseCode.invalidData, "a text message is not UTF-8");
	}
}

function violation(what: string): FrameError {
	return new FrameError(CloseCode.protocolError, what);
}
