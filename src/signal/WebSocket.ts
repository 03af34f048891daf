/** A WebSocket client over a native stream, RFC 6455, without extensions. */

import Stream, {
	type StreamErrorCode,
	type StreamOptions,
	type StreamStats,
	type StreamTLSOptions,
} from "webrtc-native/stream";
import { randomBytes } from "../platform/random";
import { Timeout } from "../platform/Timeout";
import { decodeUtf8, encodeUtf8 } from "../platform/text";
import type { Endpoint } from "./Endpoint";
import { FrameError, type FrameHandlers, FrameReader } from "./FrameReader";
import { buildFrame, CloseCode, isCloseCode, Opcode } from "./frame";
import { makeKey, upgradeFault, upgradeRequest } from "./handshake";
import { BodyReader, type HttpHead, MAX_HEAD, parseHead } from "./http";

/** How long the end of a connection may take from when it is certain, in milliseconds. */
const CLOSE_TIMEOUT = 700;
/** Outbound bytes held here, when native memory holds enough of them, for a server that does not read. */
const MAX_QUEUED = 32768;

export interface WebSocketOptions extends Omit<FrameHandlers, "onControl"> {
	endpoint: Endpoint;
	/** Path and query. */
	target: string;
	/** More header lines, each with its CRLF. */
	headers?: string;
	tls?: StreamTLSOptions;
	/** Milliseconds until it must be open. */
	openTimeout: number;
	/** Largest inbound message in bytes. */
	maxMessageBytes: number;
	onOpen(): void;
	/** Called once, at the end, unless that was close(). Nothing is called after it. */
	onClose(end: WebSocketEnd): void;
}

export interface WebSocketEnd {
	/** The server's close code, the one it was sent for its fault, or 1006. */
	code: number;
	/** One line. */
	message: string;
	/** Why the stream under it failed, if it did; "http" when the server answered otherwise than with 101. */
	cause?: StreamErrorCode | "http";
	/** With "http": its status, up to 4 KB of its body, and where it redirects to (not followed). */
	status?: number;
	body?: string;
	location?: string;
}

/** It is its stream's options and its frames' handler: functions for each would be ten slots apiece. */
export class WebSocket implements StreamOptions, FrameHandlers {
	/** @internal Of the stream, as the other public names that send() and close() are not. */
	readonly host: string;
	/** @internal */
	readonly port: number;
	/** @internal */
	readonly tls: StreamTLSOptions | undefined;
	/** @internal */
	readonly connectTimeout: number;
	/** @internal */
	readonly maxMessageBytes: number;
	#options: WebSocketOptions;
	#stream: Stream;
	#state: "opening" | "open" | "closing" | "closed" = "opening";
	#timeout = new Timeout();
	#key = makeKey();
	#head: HttpHead | undefined;
	/** Of a response that is no upgrade. */
	#body: BodyReader | undefined;
	#frames: FrameReader;
	#queue: Uint8Array[] = [];
	#queuedBytes = 0;
	#writable = true;

	constructor(options: WebSocketOptions) {
		this.#options = options;
		const { endpoint, openTimeout } = options;
		this.host = endpoint.host;
		this.port = endpoint.port;
		this.tls = endpoint.secure ? (options.tls ?? {}) : undefined;
		this.connectTimeout = openTimeout;
		this.maxMessageBytes = options.maxMessageBytes;
		this.#stream = new Stream(this);
		this.#frames = new FrameReader(this.#stream, this);
		this.#timeout.start(openTimeout, () => {
			if (this.#body) this.#endWithResponse();
			else
				this.#end({
					code: CloseCode.abnormal,
					message: `no answer within ${openTimeout} ms`,
					cause: "timeout",
				});
		});
	}

	/** Sends a binary message, or a text message; false when it is not open. */
	send(message: Uint8Array | string): boolean {
		if (this.#state !== "open") return false;
		if (typeof message === "string") this.#sendFrame(Opcode.text, encodeUtf8(message));
		else this.#sendFrame(Opcode.binary, message);
		return true;
	}

	/** Closes, with a closing handshake when it is open; nothing is called after this. */
	close(code: number = CloseCode.normal, reason = ""): void {
		if (this.#state === "opening") this.#release();
		if (this.#state !== "open") return;
		this.#state = "closing";
		this.#sendClose(code, reason);
		this.#timeout.start(CLOSE_TIMEOUT, () => this.#release());
	}

	get stats(): StreamStats {
		return this.#stream.stats;
	}

	/** @internal */
	onOpen(): void {
		const { endpoint, target, headers = "" } = this.#options;
		this.#write(upgradeRequest(endpoint, target, this.#key, headers));
	}

	/** @internal */
	onClose(error?: { code: StreamErrorCode; message: string }): void {
		if (this.#body) this.#endWithResponse();
		else
			this.#end({
				code: CloseCode.abnormal,
				message: error?.message ?? "the server dropped the connection",
				cause: error?.code ?? "reset",
			});
	}

	/** @internal */
	onMessage(message: ArrayBufferLike | string): void {
		if (this.#state === "open") this.#options.onMessage(message);
	}

	/** @internal */
	onRefused(): void {
		if (this.#state === "open") this.#options.onRefused();
	}

	/** @internal */
	onReadable(): void {
		if (this.#state === "opening" && !this.#readResponse()) return;
		try {
			this.#frames.read();
		} catch (error) {
			if (!(error instanceof FrameError)) throw error;
			const { code, message } = error;
			if (this.#state === "open") this.#sendClose(code, message);
			this.#end({ code, message: `the server broke the WebSocket protocol: ${message}` });
		}
	}

	/** True once the connection is open. */
	#readResponse(): boolean {
		try {
			if (!this.#head) {
				const text = this.#stream.readHead("\r\n\r\n", MAX_HEAD);
				if (text === undefined) return false;
				this.#head = parseHead(text);
			}
			if (this.#head.status === 101) return this.#open(this.#head);
			this.#body ??= new BodyReader(this.#stream, this.#head);
			if (this.#body.read()) this.#endWithResponse();
		} catch (error) {
			this.#end({ code: CloseCode.abnormal, message: (error as Error).message, cause: "http" });
		}
		return false;
	}

	#open(head: HttpHead): boolean {
		const fault = upgradeFault(head, this.#key);
		if (fault) throw new SyntaxError(`the server is no WebSocket server: its answer has ${fault}`);
		this.#timeout.stop();
		this.#state = "open";
		this.#options.onOpen();
		return this.#state === "open";
	}

	#endWithResponse(): void {
		const { status, headers } = this.#head as HttpHead;
		this.#end({
			code: CloseCode.abnormal,
			message: `the server answered with HTTP status ${status}`,
			cause: "http",
			status,
			body: this.#body?.text,
			location: status >= 300 && status < 400 ? headers.get("location") : undefined,
		});
	}

	/** @internal */
	onControl(opcode: number, payload: Uint8Array): void {
		if (opcode === Opcode.ping && this.#state === "open") this.#sendFrame(Opcode.pong, payload);
		else if (opcode === Opcode.close) this.#onCloseFrame(payload);
	}

	/** RFC 6455 section 5.5.1: a code and a reason, or nothing. */
	#onCloseFrame(payload: Uint8Array): void {
		if (this.#state === "closing") {
			this.#release();
			return;
		}
		let code: number = CloseCode.noStatus;
		let reason = "";
		if (payload.length) {
			code = (payload[0] << 8) | payload[1];
			if (payload.length === 1 || !isCloseCode(code))
				throw new FrameError(CloseCode.protocolError, "a close frame is malformed");
			try {
				reason = decodeUtf8(payload.subarray(2));
			} catch {
				throw new FrameError(CloseCode.invalidData, "a close reason is not UTF-8");
			}
		}
		this.#sendFrame(Opcode.close, payload.subarray(0, 2));
		const because = reason ? `: ${reason}` : "";
		this.#end({ code, message: `the server closed the connection (${code}${because})` });
	}

	#sendClose(code: number, reason: string): void {
		const text = encodeUtf8(reason);
		const payload = new Uint8Array(2 + text.length);
		payload[0] = code >> 8;
		payload[1] = code;
		payload.set(text, 2);
		this.#sendFrame(Opcode.close, payload);
	}

	#sendFrame(opcode: number, payload: Uint8Array): void {
		const frame = buildFrame(opcode, payload, new Uint8Array(randomBytes(4)));
		if (this.#writable) {
			this.#write(frame);
			return;
		}
		this.#queue.push(frame);
		this.#queuedBytes += frame.length;
		if (this.#queuedBytes > MAX_QUEUED)
			this.#end({ code: CloseCode.abnormal, message: "the server does not read" });
	}

	/** @internal */
	onWritable(): void {
		this.#writable = true;
		while (this.#writable) {
			const frame = this.#queue.shift();
			if (!frame) return;
			this.#queuedBytes -= frame.length;
			this.#write(frame);
		}
	}

	#write(bytes: Uint8Array | string): void {
		try {
			this.#writable = this.#stream.write(bytes);
		} catch {
			// The connection has just ended, and onClose will say why; or there is no memory.
			this.#writable = false;
			this.#timeout.start(CLOSE_TIMEOUT, () => {
				this.#end({ code: CloseCode.abnormal, message: "the connection takes no more" });
			});
		}
	}

	#end(end: WebSocketEnd): void {
		const silent = this.#state === "closing" || this.#state === "closed";
		this.#release();
		if (!silent) this.#options.onClose(end);
	}

	#release(): void {
		if (this.#state === "closed") return;
		this.#state = "closed";
		this.#timeout.stop();
		this.#frames.stop();
		this.#queue.length = 0;
		this.#stream.close();
	}
}
