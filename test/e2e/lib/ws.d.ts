/** The package brings no types: what the tests use of it. */
declare module "ws" {
	import type { IncomingMessage } from "node:http";
	import type { Duplex } from "node:stream";

	export class WebSocket {
		constructor(url: string, options: { headers: Record<string, string> });
		on(event: "message", listener: (data: Buffer) => void): this;
		on(event: "close", listener: (code: number, reason: Buffer) => void): this;
		on(
			event: "unexpected-response",
			listener: (request: unknown, response: IncomingMessage) => void,
		): this;
		on(event: "open" | "error", listener: () => void): this;
		send(data: Uint8Array | string): void;
		close(): void;
		terminate(): void;
	}

	export class WebSocketServer {
		constructor(options: { noServer: true });
		readonly clients: Set<WebSocket>;
		handleUpgrade(
			request: IncomingMessage,
			socket: Duplex,
			head: Buffer,
			opened: (socket: WebSocket) => void,
		): void;
	}
}
