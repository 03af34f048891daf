/** The package brings no types: what the proxies use of it. */
declare module "ws" {
	import type { IncomingMessage, Server } from "node:http";

	export class WebSocket {
		static readonly OPEN: number;
		constructor(url: string, options: { headers: Record<string, string> });
		readonly readyState: number;
		on(event: "message", listener: (data: Buffer) => void): this;
		on(event: "open" | "close" | "error", listener: () => void): this;
		send(data: Uint8Array): void;
		close(): void;
		terminate(): void;
	}

	export class WebSocketServer {
		constructor(options: { server: Server });
		on(event: "connection", listener: (socket: WebSocket, request: IncomingMessage) => void): this;
	}
}
