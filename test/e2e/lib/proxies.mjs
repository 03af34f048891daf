/** Things between the device and the server that go wrong on purpose. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { SignalResponse } from "@livekit/protocol";
import { WebSocket, WebSocketServer } from "ws";

/**
 * @typedef {object} Listening
 * @property {number} port
 * @property {() => Promise<void>} close ends its connections too
 */

/**
 * @param {import("node:net").Server} server @param {string} [host] where it can be reached
 * @returns {Promise<Listening>}
 */
async function listen(server, host = "127.0.0.1") {
	/** @type {Set<import("node:net").Socket>} */
	const sockets = new Set();
	server.on("connection", (socket) => {
		sockets.add(socket);
		socket.on("error", () => {}).on("close", () => sockets.delete(socket));
	});
	await once(server.listen(0, host), "listening");
	const address = server.address();
	if (!address || typeof address !== "object") throw new Error("no address");
	return {
		port: address.port,
		async close() {
			for (const socket of sockets) socket.destroy();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

/**
 * Takes TLS off: wss outside, the server's ws inside.
 * @param {string} target ws://host:port
 * @param {{ key: string, cert: string }} identity PEM
 */
export function tlsProxy(target, identity) {
	const { hostname, port } = new URL(target);
	return listen(
		createTlsServer(identity, (outside) => {
			const inside = connect(Number(port), hostname);
			outside.pipe(inside).pipe(outside);
			outside.on("error", () => inside.destroy()).on("close", () => inside.destroy());
			inside.on("error", () => outside.destroy());
		}),
	);
}

/**
 * Passes bytes on, until told otherwise.
 * @param {string} target ws://host:port
 * @param {string} [host] where it can be reached
 */
export async function tcpProxy(target, host) {
	const { hostname, port } = new URL(target);
	let mode = "pass";
	/** @type {Set<import("node:net").Socket>} */
	const open = new Set();
	const proxy = await listen(
		createServer((outside) => {
			if (mode === "refuse") {
				outside.destroy();
				return;
			}
			const inside = connect(Number(port), hostname);
			for (const socket of [outside, inside]) {
				open.add(socket);
				socket
					.on("error", () => {})
					.on("close", () => {
						open.delete(socket);
						outside.destroy();
						inside.destroy();
					});
			}
			outside.on("data", (data) => mode !== "hold" && inside.write(data));
			inside.on("data", (data) => mode !== "hold" && outside.write(data));
		}),
		host,
	);
	return {
		...proxy,
		/** Breaks all connections. */
		cut() {
			for (const socket of open) socket.resetAndDestroy();
		},
		/** @param {"pass" | "refuse" | "hold"} next refuse: new ones break at once; hold: nothing passes */
		become(next) {
			mode = next;
		},
	};
}

/**
 * Passes the signalling on, and lets `edit` change or drop what the server says. say() says more, to
 * all that are connected.
 * @param {string} target ws://host:port
 * @param {(response: SignalResponse) => SignalResponse | undefined} edit undefined drops it
 */
export async function signalProxy(target, edit) {
	/**
	 * @param {import("node:http").IncomingMessage} request
	 * @returns {{ headers: Record<string, string> }}
	 */
	const authorized = ({ headers: { authorization } }) => ({
		headers: authorization ? { authorization } : {},
	});
	// What a client asks when it was refused.
	const http = createHttpServer(async (request, response) => {
		const { headers } = authorized(request);
		// A connection that is used again passes an old server's front unseen.
		const answer = await fetch(`${target.replace("ws:", "http:")}${request.url}`, {
			headers: { ...headers, connection: "close" },
		});
		response.writeHead(answer.status).end(await answer.text());
	});
	const server = new WebSocketServer({ noServer: true });
	http.on("upgrade", (request, socket, head) => {
		const inside = new WebSocket(`${target}${request.url}`, authorized(request));
		inside.on("error", () => socket.destroy());
		inside.on("unexpected-response", (_request, { statusCode, statusMessage }) => {
			socket.end(`HTTP/1.1 ${statusCode} ${statusMessage}\r\nContent-Length: 0\r\n\r\n`);
		});
		inside.on("open", () => {
			server.handleUpgrade(request, socket, head, (outside) => {
				outside.on("message", (data) => inside.send(data));
				inside.on("message", (data) => {
					const edited = edit(SignalResponse.fromBinary(data));
					if (edited) outside.send(edited.toBinary());
				});
				inside.on("close", () => outside.close());
				outside.on("close", () => inside.close()).on("error", () => inside.terminate());
			});
		});
	});
	return {
		...(await listen(http)),
		/** @param {SignalResponse} response */
		say(response) {
			for (const outside of server.clients) outside.send(response.toBinary());
		},
	};
}

/**
 * What changes an answer's description, for signalProxy().
 * @param {RegExp} what @param {string} by @returns {(response: SignalResponse) => SignalResponse}
 */
const forging = (what, by) => (response) => {
	const { message } = response;
	if (message.case === "answer") message.value.sdp = message.value.sdp.replace(what, by);
	return response;
};

/** Changes the ICE password of an answer: nobody's checks are taken then. */
export const forgeIcePassword = forging(/^(a=ice-pwd:).*$/gm, "$1thatIsNotTheServersPassword");

/** Swaps the certificate's fingerprint in an answer for one that nobody has. */
export const forgeFingerprint = forging(
	/a=fingerprint:sha-256 .*/g,
	`a=fingerprint:sha-256 ${Array(32).fill("AB").join(":")}`,
);

/**
 * A server that takes connections and does `act` with them.
 * @param {(socket: import("node:net").Socket) => void} act
 */
export const fakeServer = (act) => listen(createServer(act));

/**
 * An HTTP server that answers everything alike.
 * @param {number} status @param {string} body
 */
export const httpServer = (status, body) =>
	listen(
		createHttpServer((_request, response) => {
			response.writeHead(status, { "content-type": "text/plain" }).end(body);
		}),
	);

/**
 * A port whose queue of connections is full and stays so: connecting to it gets no answer at all.
 * @returns {Promise<Listening>}
 */
export async function deafServer() {
	const script = `require("node:net").createServer().listen({ port: 0, host: "127.0.0.1", backlog: 1 }, function () {
		require("node:fs").writeSync(1, String(this.address().port));
		Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000); // accepts nothing
		process.exit();
	})`;
	const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
	const [text] = await once(child.stdout, "data");
	const port = Number(text);
	const waiting = Array.from({ length: 4 }, () => connect(port, "127.0.0.1").on("error", () => {}));
	await once(waiting[1], "connect"); // the queue holds two; the others are never answered
	return {
		port,
		async close() {
			for (const socket of waiting) socket.destroy();
			child.kill("SIGKILL");
			await once(child, "exit");
		},
	};
}
