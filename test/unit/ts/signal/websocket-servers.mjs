/**
 * Servers for the WebSocket client's tests: one that is right (npm's ws), and one that sends
 * whatever the request's path says.
 */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { setImmediate, setTimeout } from "node:timers/promises";
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

/** Answers instead of an upgrade, in the pieces they are sent in. */
const ANSWERS = {
	"/last": () => {
		const body = JSON.stringify(last);
		return [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`];
	},
	"/401": () => ["HTTP/1.1 401 Unauthorized\r\nContent-Length: 12\r\n\r\ninvalid key\n"],
	"/chunked": () => [
		"HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nnot ",
		"\r\n7;x=y\r\nallo",
		"wed\r\n0\r\n\r\n",
	],
	"/huge": () => [`HTTP/1.1 500 X\r\nContent-Length: 100000\r\n\r\n${"x".repeat(100000)}`],
	"/empty": () => ["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"],
	"/redirect": () => [
		"HTTP/1.1 302 Found\r\nLocation: wss://else.where/\r\nContent-Length: 0\r\n\r\n",
	],
};

async function answer(path, socket) {
	for (const piece of (ANSWERS[path] ?? ANSWERS["/empty"])()) {
		socket.write(piece);
		await setTimeout(5);
	}
}

function rightServer() {
	const server = createServer((request) => answer(request.url, request.socket));
	const sockets = new WebSocketServer({ noServer: true });
	server.on("upgrade", (request, socket, head) => {
		Object.assign(last, { headers: request.headers });
		socket.on("error", () => {});
		const behave = RIGHT[request.url ?? ""];
		if (!behave) return answer(request.url, socket);
		sockets.handleUpgrade(request, socket, head, (webSocket) => {
			webSocket.on("close", (code, reason) => Object.assign(last, { code, reason: `${reason}` }));
			webSocket.on("error", () => {});
			behave(webSocket);
		});
	});
	return server;
}

/** The response head after which the client is open. */
function upgrade(key) {
	const accept = createHash("sha1")
		.update(key + GUID)
		.digest("base64");
	return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** By the first part of the path; `bytes` is the second part, in hexadecimal, behind an upgrade. */
const WRONG = {
	frames: (socket, bytes) => socket.write(bytes),
	cut: (socket, bytes) => socket.end(bytes),
	slowly: async (socket, bytes) => {
		socket.setNoDelay(true);
		for (const byte of bytes) {
			socket.write(Buffer.of(byte));
			await setImmediate();
		}
	},
	unread: (socket, bytes) => {
		socket.write(bytes);
		socket.pause();
	},
	silent: () => {},
};

/** `/head/TEXT` answers TEXT, URI-encoded, where ACCEPT stands for the right value. */
function wrongServer() {
	return createTcpServer((socket) => {
		let request = "";
		socket.on("error", () => {});
		socket.on("data", (data) => {
			if (request.endsWith("\r\n\r\n")) return readClose(data);
			request += data.toString("latin1");
			if (!request.endsWith("\r\n\r\n")) return;
			const [, how, what] = /^GET \/(\w+)\/?(\S*)/.exec(request) ?? [];
			const head = upgrade(/sec-websocket-key: (.*)\r\n/i.exec(request)?.[1]);
			if (how === "head") {
				const accept = /Accept: (.*)\r\n/.exec(head)?.[1] ?? "";
				socket.end(decodeURIComponent(what).replace("ACCEPT", accept));
			} else WRONG[how](socket, Buffer.concat([Buffer.from(head), Buffer.from(what, "hex")]));
		});
	});
}

/** A client's close frame: masked, its payload the code and the reason. */
function readClose(frame) {
	if (frame[0] !== 0x88 || !(frame[1] & 0x80)) return;
	const payload = frame.subarray(6).map((byte, i) => byte ^ frame[2 + (i & 3)]);
	Object.assign(last, { code: payload.readUInt16BE(0), reason: payload.toString("utf8", 2) });
}

/** A right one, a wrong one, and a port where nothing listens. */
export async function startServers() {
	const servers = [rightServer(), wrongServer(), createTcpServer()];
	for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
	const [right, wrong, unused] = servers.map((server) => {
		const address = /** @type {import("node:net").AddressInfo} */ (server.address());
		return String(address.port);
	});
	servers[2].close();
	return {
		ports: { right, wrong, unused },
		close() {
			servers[0].close();
			servers[1].close();
		},
	};
}
