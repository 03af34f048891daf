/** A server that answers WebSocket and HTTP requests as nobody should, by the seed and the request's path. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/** @param {number} seed @returns {(below: number) => number} */
function chance(seed) {
	let state = seed >>> 0 || 1;
	return (below) => {
		state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
		return Math.floor((state / 2 ** 32) * below);
	};
}

/** @param {(below: number) => number} below */
function frames(below) {
	const all = [];
	for (let i = below(8); i > 0; i--) {
		const size = below(4) ? below(120) : below(4) ? below(2_000) : 126 * below(600);
		const opcode = below(8) ? 1 + below(2) : below(16);
		const head = [(below(8) ? 0x80 : below(256) & 0xf0) | opcode];
		if (size < 126) head.push(size | (below(40) ? 0 : 0x80));
		else if (size < 65_536) head.push(126, size >> 8, size & 255);
		else
			head.push(
				127,
				0,
				0,
				0,
				below(40) ? 0 : 1,
				0,
				(size >> 16) & 255,
				(size >> 8) & 255,
				size & 255,
			);
		all.push(Buffer.from(head), Buffer.alloc(size, below(2) ? "x" : 0xc3));
	}
	if (below(2)) all.push(Buffer.from([0x88, 2, 3, 232]));
	return Buffer.concat(all);
}

/** @param {(below: number) => number} below */
function response(below) {
	const body = "no ".repeat(below(3) ? below(100) : below(4_000));
	const lines = [
		`HTTP/1.1 ${100 + below(500)} x`,
		`X: ${"y".repeat(below(5) ? 9 : below(20_000))}`,
	];
	if (below(2)) lines.push(`Content-Length: ${body.length + (below(4) ? 0 : below(9) - 4)}`);
	const chunks = below(2) === 0;
	if (chunks) lines.push("Transfer-Encoding: chunked");
	const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
	const text = chunks ? chunked : body;
	return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

/** @param {string} request @param {(below: number) => number} below */
function answer(request, below) {
	const key = /^sec-websocket-key: (.+)\r$/im.exec(request)?.[1];
	if (!request.startsWith("GET /websocket/") || below(8) === 0) return response(below);
	const accept = createHash("sha1").update(`${key}${GUID}`).digest("base64");
	const head = `HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
	return Buffer.concat([Buffer.from(head), frames(below)]);
}

/** @param {import("node:net").Socket} socket @param {number} seed */
async function serve(socket, seed) {
	let request = "";
	while (!request.includes("\r\n\r\n")) request += (await once(socket, "data"))[0];
	socket.resume();
	const number = Number(/^GET \/\w+\/(\d+)/.exec(request)?.[1]);
	const below = chance(seed + 7_919 * number);
	const bytes = answer(request, below);
	for (let i = below(3) ? 0 : 1 + below(3); i > 0; i--) bytes[below(bytes.length)] ^= 1 << below(8);
	for (let at = 0; at < bytes.length; ) {
		const end = at + 1 + below(below(2) ? 20_000 : 90);
		socket.write(bytes.subarray(at, end));
		at = end;
		if (below(4) === 0) await new Promise((resolve) => setImmediate(resolve));
	}
	if (below(4)) socket.end();
	else socket.resetAndDestroy();
}

/** @param {number} seed @returns {Promise<{ port: number, close: () => void }>} */
export async function startServer(seed) {
	const server = createServer((socket) => {
		socket.setNoDelay(true);
		socket.on("error", () => {}); // the client ended it first
		serve(socket, seed).catch(() => socket.destroy());
	});
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return { port, close: () => server.close() };
}
