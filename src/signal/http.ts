/** As much of HTTP/1.1 (RFC 9112) as signalling needs: response heads, short bodies, a GET. */

import Stream, { type StreamErrorCode, type StreamTLSOptions } from "webrtc-native/stream";
import { Timeout } from "../platform/Timeout";
import { decodeUtf8 } from "../platform/text";
import type { Endpoint } from "./Endpoint";

/** Longest response head, in bytes. */
export const MAX_HEAD = 8192;
/** Bodies are read up to here, in bytes, unless more is asked for: they are error texts. */
const MAX_BODY = 4096;

export interface HttpHead {
	status: number;
	/** Names in lower case. A Map: XS never frees a property name. */
	headers: ReadonlyMap<string, string>;
}

/** Reads a response head up to and with its empty line. Throws SyntaxError. */
export function parseHead(text: string): HttpHead {
	const lines = text.split("\r\n");
	const status = /^HTTP\/1\.[01] ([1-5]\d\d)(?: |$)/.exec(lines[0]);
	if (!status) throw new SyntaxError("the server does not speak HTTP/1.1");
	const headers = new Map<string, string>();
	for (let i = 1; lines[i]; i++) {
		const line = lines[i];
		const colon = line.indexOf(":");
		if (colon < 1) throw new SyntaxError("the server's response head is malformed");
		const name = line.slice(0, colon).toLowerCase();
		const value = line.slice(colon + 1).trim();
		const before = headers.get(name);
		headers.set(name, before === undefined ? value : `${before}, ${value}`);
	}
	return { status: Number(status[1]), headers };
}

/** Takes a response's body from a stream, by whichever of HTTP's ways it is delimited, up to a limit. */
export class BodyReader {
	#stream: Stream;
	#chunked: boolean;
	/** Bytes to come, of the body or of the chunk. */
	#left: number;
	readonly #body: Uint8Array;
	#length = 0;
	#byte = new Uint8Array(1);

	/** @param most bytes that are kept */
	constructor(stream: Stream, head: HttpHead, most = MAX_BODY) {
		this.#stream = stream;
		this.#body = new Uint8Array(most);
		this.#chunked = /\bchunked$/i.test(head.headers.get("transfer-encoding") ?? "");
		const length = Number(head.headers.get("content-length") ?? Number.POSITIVE_INFINITY);
		this.#left = this.#chunked || head.status === 204 || head.status === 304 ? 0 : length;
	}

	/** True when the body is complete, or as much of it as is kept. */
	read(): boolean {
		while (this.#length < this.#body.length) {
			if (this.#left > 0) {
				if (!this.#stream.read(this.#byte)) return false;
				this.#body[this.#length++] = this.#byte[0];
				this.#left--;
			} else if (this.#chunked) {
				const line = this.#stream.readHead("\r\n", 64);
				if (line === undefined) return false;
				if (line === "\r\n") continue; // the end of the chunk before
				this.#left = Number.parseInt(line, 16);
				if (!(this.#left > 0)) return true;
			} else return true;
		}
		return true;
	}

	/** What has come. */
	get text(): string {
		try {
			return decodeUtf8(this.#body.subarray(0, this.#length));
		} catch {
			return "";
		}
	}
}

export interface HttpGetOptions {
	endpoint: Endpoint;
	/** Path and query. */
	target: string;
	/** Header lines, each with its CRLF. */
	headers: string;
	tls?: StreamTLSOptions;
	/** Milliseconds for everything. */
	timeout: number;
	/** Bytes of the body that are read; 4,096 by default. */
	maxBody?: number;
	/** Called once: with the response, or with what went wrong. */
	onDone(response?: { status: number; body: string }, error?: HttpError): void;
}

export interface HttpError {
	code: StreamErrorCode | "http";
	message: string;
}

/** One GET over a connection of its own. */
export class HttpGet {
	#options: HttpGetOptions;
	#stream: Stream;
	#timeout = new Timeout();
	#head: HttpHead | undefined;
	#body: BodyReader | undefined;

	constructor(options: HttpGetOptions) {
		this.#options = options;
		this.#stream = new Stream({
			host: options.endpoint.host,
			port: options.endpoint.port,
			tls: options.endpoint.secure ? (options.tls ?? {}) : undefined,
			connectTimeout: options.timeout,
			maxMessageBytes: MAX_BODY,
			onOpen: () => {
				const head = `GET ${options.target} HTTP/1.1\r\nHost: ${options.endpoint.authority}\r\nConnection: close\r\n`;
				try {
					this.#stream.write(`${head}${options.headers}\r\n`);
				} catch {
					// The connection is over already; onClose will say so.
				}
			},
			onReadable: () => this.#read(),
			onClose: (error) => {
				if (this.#head) this.#respond();
				else this.#fail(error ?? { code: "reset", message: "the server closed the connection" });
			},
		});
		this.#timeout.start(options.timeout, () => {
			this.#fail({ code: "timeout", message: `no answer within ${options.timeout} ms` });
		});
	}

	/** Ends it; onDone is not called. */
	close(): void {
		this.#timeout.stop();
		this.#stream.close();
	}

	#read(): void {
		try {
			if (!this.#body) {
				const text = this.#stream.readHead("\r\n\r\n", MAX_HEAD);
				if (text === undefined) return;
				this.#head = parseHead(text);
				this.#body = new BodyReader(this.#stream, this.#head, this.#options.maxBody);
			}
			if (this.#body.read()) this.#respond();
		} catch (error) {
			this.#fail({ code: "http", message: (error as Error).message });
		}
	}

	#respond(): void {
		this.close();
		const status = (this.#head as HttpHead).status;
		this.#options.onDone({ status, body: this.#body?.text ?? "" });
	}

	#fail(error: HttpError): void {
		this.close();
		this.#options.onDone(undefined, error);
	}
}
