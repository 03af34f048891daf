/**
 * Servers for the WebSocket client's tests: one that is right (npm's ws), and one that sends
 * whatever the request's path says.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { WebSocketServer } from "ws";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** What the client of the last connection said in its close frame, and how it asked. */
const last = { code: 0, reason: "", headers: {} };

const RIGHT = {
	"/echo": (socket) =>
		socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary })),
	"/fragments": (socket) => {
		socket.send("one ", { fin: false });
		socket.ping("between");
		socket.send("two ", { fin: false });
		socket.send("😀", { fin: true });
		socket.send(Buffer.from([1]), { fin: false, binary: true });
		socket.send(Buffer.alloc(0), { fin: false, binary: true });
		socket.send(Buffer.from([2]), { fin: true, binary: true });
	},
	"/ping": (socket) => {
		socket.on("pong", (data) => socket.send(`pong ${data}`));
		socket.ping("a".repeat(125));
		socket.ping();
	},
	"/big": (socket) => {
		socket.send(Buffer.alloc(1000, 1));
		socket.send(Buffer.alloc(1001, 2));
		socket.send("small");
		for (let i = 0; i < 4; i++) socket.send(Buffer.alloc(300, 3), { fin: i === 3, binary: true });
		socket.send(Buffer.alloc(200000, 4));
		socket.send("still here");
	},
	"/close": (socket) => socket.close(4001, "bye 😀"),
	"/close-without-code": (socket) => socket.close(),
	"/drop": (socket) => socket.terminate(),
	"/flood": (socket) => {
		for (let i = 0; i < 500; i++) socket.send(`message ${i} ${"x".repeat(i)}`);
	},
};

const ERRORS = {
	"/last": (response) => response.end(JSON.stringify(last)),
	"/401": (response) => response.writeHead(401, { "Content-Length": 12 }).end("invalid key\n"),
	"/chunked": (response) => {
		response.writeHead(403);
		response.write("not ");
		setTimeout(() => response.end("allowed"), 5);
	},
	"/huge": (response) => response.writeHead(500).end("x".repeat(100000)),
	"/empty": (response) => response.writeHead(404).end(),
	"/redirect": (response) => response.writeHead(302, { Location: "wss://else.where/" }).end(),
};

function rightServer() {
	const server = createServer((request, response) => {
		const answer = ERRORS[request.url];
		if (answer) answer(response);
		else response.writeHead(404).end();
	});
	const sockets = new WebSocketServer({ noServer: true });
	server.on("upgrade", (request, socket, head) => {
		last.headers = request.headers;
		const error = ERRORS[request.url];
		if (error) {
			// Node's server gives the socket away on an upgrade: the plain way back is to ask again.
			relay(server.address().port, request.url, socket);
			return;
		}
		sockets.handleUpgrade(request, socket, head, (webSocket) => {
			webSocket.on("close", (code, reason) =>
				Object.assign(last, { code, reason: String(reason) }),
			);
			webSocket.on("error", () => {});
			RIGHT[request.url]?.(webSocket);
		});
	});
	return server;
}

async function relay(port, path, socket) {
	const { connect } = await import("node:net");
	const inner = connect(port, "127.0.0.1");
	inner.write(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
	inner.pipe(socket);
	for (const each of [inner, socket]) each.on("error", () => {});
}

/** The response head after which the client is open. */
function upgrade(request) {
	const key = /sec-websocket-key: (.*)\r\n/i.exec(request)[1];
	const accept = createHash("sha1")
		.update(key + GUID)
		.digest("base64");
	return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/**
 * Paths: /frames/HEX sends these bytes after the upgrade; /slowly/HEX one byte at a time, with the
 * response head; /head/TEXT sends TEXT (URI-encoded, ACCEPT stands for the right value) and nothing
 * else; /silent sends nothing; /mute upgrades and never closes.
 */
function wrongServer() {
	return createTcpServer((socket) => {
		let request = "";
		socket.on("error", () => {});
		socket.on("data", async (data) => {
			if (request.endsWith("\r\n\r\n")) return readClose(data);
			request += data.toString("latin1");
			if (!request.endsWith("\r\n\r\n")) return;
			const [, how, what = ""] = /^GET \/(\w+)\/?(\S*)/.exec(request);
			if (how === "frames")
				socket.write(Buffer.concat([Buffer.from(upgrade(request)), Buffer.from(what, "hex")]));
			else if (how === "mute") socket.write(upgrade(request));
			else if (how === "cut")
				socket.end(Buffer.concat([Buffer.from(upgrade(request)), Buffer.from(what, "hex")]));
			else if (how === "head") {
				const accept = /Accept: (.*)\r\n/.exec(upgrade(request))[1];
				socket.end(decodeURIComponent(what).replace("ACCEPT", accept));
			} else if (how === "slowly") {
				socket.setNoDelay(true);
				for (const byte of Buffer.concat([
					Buffer.from(upgrade(request)),
					Buffer.from(what, "hex"),
				])) {
					socket.write(Buffer.from([byte]));
					await new Promise((resolve) => setImmediate(resolve));
				}
			}
		});
	});
}

/** A client's close frame: masked, its payload the code and the reason. */
function readClose(frame) {
	if (frame[0] !== 0x88 || !(frame[1] & 0x80)) return;
	const payload = frame.subarray(6).map((byte, i) => byte ^ frame[2 + (i & 3)]);
	Object.assign(last, { code: payload.readUInt16BE(0), reason: payload.toString("utf8", 2) });
}

/** @returns {Promise<{right: string, wrong: string, unused: string, close(): void}>} ports */
export async function startServers() {
	const servers = [rightServer(), wrongServer(), createTcpServer()];
	for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
	const [right, wrong, unused] = servers.map((server) => String(server.address().port));
	servers[2].close(); // nothing listens there now
	return {
		ports: { right, wrong, unused },
		close() {
			for (const server of servers) {
				server.close();
				server.closeAllConnections?.();
			}
		},
	};
}
