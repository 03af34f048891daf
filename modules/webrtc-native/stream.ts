/**
 * A TCP or TLS byte stream whose slow parts (DNS, connect, handshake, certificate checks) run on the
 * native worker. What a message layer needs is here so that inbound bytes stay in native memory:
 * read a head as text, read a few header bytes, and let a payload of known length collect in a
 * native message buffer that is refused in C when it grows over the cap.
 */

export type StreamErrorCode =
	| "dns" // the name did not resolve
	| "refused" // nothing listens there
	| "unreachable" // no route, or the network is down
	| "timeout" // no answer within connectTimeout
	| "tls" // handshake failed; the message says why
	| "certificate" // the server's certificate was not accepted; the message says why
	| "reset" // the peer dropped the connection
	| "memory"; // native memory is exhausted

export interface StreamTLSOptions {
	/** Name for SNI and the certificate check; the host by default. */
	serverName?: string;
	/** PEM text of the trust anchors, instead of the system's roots. */
	ca?: string;
	/** No verification at all. The stream says so on the console at every connect. */
	insecure?: boolean;
}

export interface StreamOptions {
	host: string;
	port: number;
	tls?: StreamTLSOptions;
	/** Milliseconds for DNS, connect and handshake together; 15,000 by default. */
	connectTimeout?: number;
	/** Largest inbound message in bytes; larger ones are discarded in C and counted. */
	maxMessageBytes: number;
	onOpen(): void;
	/** Something was read, or a collected message is complete. Call the read functions until they return undefined. */
	onReadable(): void;
	/** Room again after write() returned false. */
	onWritable?(): void;
	/** The stream is over. Without an error: the peer closed it. Nothing is called after this. */
	onClose(error?: { code: StreamErrorCode; message: string }): void;
}

export interface StreamStats {
	bytesIn: number;
	bytesOut: number;
	/** Messages that were over maxMessageBytes. */
	refused: number;
	/** "TLSv1.2 …", or "" over plain TCP. */
	cipher: string;
}

/**
 * Callbacks come one at a time, never from inside a call. A stream is kept from the garbage collector
 * until onClose or close(). After its end the reading functions find nothing (so that a loop around
 * them ends by itself), the others throw, and close() does nothing.
 */
export default class Stream extends Native("xs_stream_destructor") {
	constructor(options: StreamOptions) {
		super();
		native("xs_stream").call(this, options);
	}
	/** Text up to and with `terminator` (Latin-1), or undefined when it has not come; throws RangeError when `max` bytes came without it. */
	readHead(terminator: string, max: number): string | undefined {
		return native("xs_stream_readHead").call(this, terminator, max);
	}
	/** Fills `into` (1-byte elements) whole and returns true, or takes nothing and returns false. */
	read(into: Uint8Array): boolean {
		return native("xs_stream_read").call(this, into);
	}
	/**
	 * Lets the next `length` bytes collect in the native message; calls add up (fragments) until
	 * takeMessage(). onReadable tells when they are complete; until then read() returns false.
	 */
	collect(length: number): void {
		native("xs_stream_collect").call(this, length);
	}
	/** True when all bytes that collect() asked for have come (or were discarded). */
	get collected(): boolean {
		return native("xs_stream_get_collected").call(this);
	}
	/** The message as a native buffer (no copy), null when it was refused for its size, undefined when not complete. */
	takeMessage(): ArrayBufferLike | null | undefined {
		return native("xs_stream_takeMessage").call(this);
	}
	/**
	 * Queues bytes; false means: they are queued, but wait for onWritable before the next write.
	 * Throws after close, and when 256 KB are queued because nobody waited.
	 */
	write(bytes: ArrayBufferLike | Uint8Array | string): boolean {
		return native("xs_stream_write").call(this, bytes);
	}
	/** Readable after the end too: as they were then. */
	get stats(): StreamStats {
		return native("xs_stream_get_stats").call(this);
	}
	/** Sends what is queued (in the background, for 1 s at most), closes, releases everything. onClose is not called. */
	close(): void {
		native("xs_stream_close").call(this);
	}
}
