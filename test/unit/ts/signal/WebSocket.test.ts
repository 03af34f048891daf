import { assert, sleep, test } from "harness";
import { parseEndpoint } from "livekit/signal/Endpoint";
import { HttpGet } from "livekit/signal/http";
import { WebSocket, type WebSocketEnd, type WebSocketOptions } from "livekit/signal/WebSocket";
import config from "mc/config";

const hex = (bytes: Uint8Array) =>
	Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** A connection, and what came of it. */
class Probe {
	readonly messages: string[] = [];
	refused = 0;
	readonly socket: WebSocket;
	readonly opened: Promise<void>;
	readonly ended: Promise<WebSocketEnd>;
	#wake = () => {};

	constructor(target: string, port = config.right, options: Partial<WebSocketOptions> = {}) {
		let open = () => {};
		let end = (_end: WebSocketEnd) => {};
		this.opened = new Promise((resolve) => {
			open = resolve;
		});
		this.ended = new Promise((resolve) => {
			end = resolve;
		});
		this.socket = new WebSocket({
			endpoint: parseEndpoint(`ws://127.0.0.1:${port}`),
			target,
			openTimeout: 3000,
			maxMessageBytes: 100000,
			onOpen: open,
			onMessage: (message) => {
				this.messages.push(
					typeof message === "string" ? message : `0x${hex(new Uint8Array(message))}`,
				);
				this.#wake();
			},
			onRefused: () => {
				this.refused++;
			},
			onClose: end,
			...options,
		});
	}

	async received(count: number): Promise<string[]> {
		while (this.messages.length < count)
			await new Promise<void>((resolve) => {
				this.#wake = resolve;
			});
		return this.messages;
	}
}

function get(target: string): Promise<{ status: number; body: string }> {
	return new Promise((resolve, reject) => {
		new HttpGet({
			endpoint: parseEndpoint(`http://127.0.0.1:${config.right}`),
			target,
			headers: "",
			timeout: 3000,
			onDone: (response, error) => (response ? resolve(response) : reject(error)),
		});
	});
}

test("echoes text and bytes of every length form", async () => {
	const probe = new Probe("/echo");
	await probe.opened;
	const texts = ["", "a", "😀 𝕏 \0", "x".repeat(125), "y".repeat(126), "z".repeat(65535)];
	for (const text of texts) assert.ok(probe.socket.send(text));
	assert.deepEqual(await probe.received(texts.length), texts);
	for (const length of [0, 1, 125, 126, 65535, 65536]) {
		const bytes = Uint8Array.from({ length }, (_, i) => i & 255);
		probe.messages.length = 0;
		probe.socket.send(bytes);
		assert.equal((await probe.received(1))[0], `0x${hex(bytes)}`);
	}
	probe.socket.close();
});

test("joins fragments, with a ping between", async () => {
	const probe = new Probe("/fragments");
	assert.deepEqual(await probe.received(2), ["one two 😀", "0x0102"]);
	probe.socket.close();
});

test("answers pings", async () => {
	const probe = new Probe("/ping");
	assert.deepEqual(await probe.received(2), [`pong ${"a".repeat(125)}`, "pong "]);
	probe.socket.close();
});

test("many messages in few packets", async () => {
	const probe = new Probe("/flood");
	const messages = await probe.received(500);
	assert.equal(messages[499], `message 499 ${"x".repeat(499)}`);
	probe.socket.close();
});

test("a message over the limit is refused and counted, the next one arrives", async () => {
	const probe = new Probe("/big", config.right, { maxMessageBytes: 1000 });
	const messages = await probe.received(3);
	assert.deepEqual(messages.slice(1), ["small", "still here"]);
	assert.equal(messages[0].length, 2 + 2000);
	assert.equal(probe.refused, 3);
	assert.equal(probe.socket.stats.refused, 3);
	probe.socket.close();
});

test("the server closes with a code, without one, and without a word", async () => {
	const closed = await new Probe("/close").ended;
	assert.equal(closed.code, 4001);
	assert.match(closed.message, /4001: bye /);
	assert.equal((await new Probe("/close-without-code").ended).code, 1005);
	const dropped = await new Probe("/drop").ended;
	assert.equal(dropped.code, 1006);
	assert.ok(dropped.cause === "reset" || dropped.cause === undefined);
});

test("closes with a code and a reason, and calls nothing after", async () => {
	const probe = new Probe("/echo");
	await probe.opened;
	probe.socket.send("unheard");
	probe.socket.close(4002, "enough");
	assert.equal(probe.socket.send("more"), false);
	probe.socket.close();
	await sleep(100);
	const last = JSON.parse((await get("/last")).body);
	assert.equal(last.code, 4002);
	assert.equal(last.reason, "enough");
	assert.deepEqual(probe.messages, []);
});

test("gives up on a server that does not read", async () => {
	const probe = new Probe("/unread/", config.wrong);
	await probe.opened;
	const message = new Uint8Array(60000);
	for (let i = 0; i < 300 && probe.socket.send(message); i++) await sleep(0);
	assert.equal((await probe.ended).message, "the server does not read");
}, 20000);

test("a message that does not fit into native memory ends the connection", async () => {
	const probe = new Probe("/echo");
	await probe.opened;
	probe.socket.send(new Uint8Array(300000));
	assert.equal((await probe.ended).message, "the connection takes no more");
});

test("gives up on a server that does not close", async () => {
	const probe = new Probe("/frames/", config.wrong);
	await probe.opened;
	probe.socket.close();
	await sleep(1200); // the host would not end if it stayed open
});

test("close() while it opens", async () => {
	const probe = new Probe("/silent", config.wrong);
	probe.socket.close();
	let called = false;
	probe.ended.then(() => {
		called = true;
	});
	await sleep(50);
	assert.equal(called, false);
});

test("asks as it should", async () => {
	const probe = new Probe("/echo", config.right, { headers: "X-Test: 1\r\n" });
	await probe.opened;
	probe.socket.close();
	const { headers } = JSON.parse((await get("/last")).body);
	assert.equal(headers.host, `127.0.0.1:${config.right}`);
	assert.equal(headers["x-test"], "1");
	assert.equal(headers["sec-websocket-extensions"], undefined);
	assert.match(headers["sec-websocket-key"], /^[A-Za-z0-9+/]{22}==$/);
});

const VIOLATIONS: readonly [string, string, number][] = [
	["masked", "818100000000" + "61", 1002],
	["RSV1", "c10161", 1002],
	["RSV3", "910161", 1002],
	["opcode 3", "830161", 1002],
	["opcode 11", "8b00", 1002],
	["a fragmented ping", "0900", 1002],
	["a ping of 126 bytes", `897e007e${"00".repeat(126)}`, 1002],
	["a continuation of nothing", "800161", 1002],
	["a message inside another", "010161" + "810162", 1002],
	["16 bits for a short length", "817e0001" + "61", 1002],
	["64 bits for a short length", "817f0000000000000001" + "61", 1002],
	["a length of 2^63", "827f8000000000000000", 1009],
	["a length of 2 GB", "827f0000000080000000", 1009],
	["text that is not UTF-8", "8102c328", 1007],
	["a close frame of one byte", "880103", 1002],
	["close code 1005", "880203ed", 1002],
	["close code 999", "880203e7", 1002],
	["a close reason that is not UTF-8", "880303e8ff", 1007],
];

test("a server that breaks the protocol is told so", async () => {
	for (const [what, frames, code] of VIOLATIONS) {
		const probe = new Probe(`/frames/${frames}`, config.wrong);
		const end = await probe.ended;
		assert.equal(end.code, code, what);
		assert.match(end.message, /broke the WebSocket protocol/, what);
		await sleep(20);
		assert.equal(JSON.parse((await get("/last")).body).code, code, what);
	}
}, 10000);

test("a connection cut inside a frame", async () => {
	for (const frames of ["", "81", "817e00", "81056162", "010361626301"]) {
		const probe = new Probe(`/cut/${frames}`, config.wrong);
		const end = await probe.ended;
		assert.equal(end.code, 1006, frames);
		assert.deepEqual(probe.messages, [], frames);
	}
});

test("one byte at a time", async () => {
	const probe = new Probe(
		`/slowly/0103616263890178800464656667827e007e${"ab".repeat(126)}`,
		config.wrong,
	);
	assert.deepEqual(await probe.received(2), ["abcdefg", `0x${"ab".repeat(126)}`]);
	probe.socket.close();
});

const head = (...lines: string[]) => `/head/${encodeURIComponent(`${lines.join("\r\n")}\r\n\r\n`)}`;
const UPGRADE = "HTTP/1.1 101 Switching Protocols";
const HEADS: readonly [string, RegExp][] = [
	[head(UPGRADE, "Connection: Upgrade", "Sec-WebSocket-Accept: ACCEPT"), /no Upgrade/],
	[head(UPGRADE, "Upgrade: websocket", "Sec-WebSocket-Accept: ACCEPT"), /no Connection/],
	[
		head(UPGRADE, "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: AAAA"),
		/wrong Sec-WebSocket-Accept/,
	],
	[
		head(
			UPGRADE,
			"Upgrade: websocket",
			"Connection: Upgrade",
			"Sec-WebSocket-Accept: ACCEPT",
			"Sec-WebSocket-Extensions: permessage-deflate",
		),
		/extension/,
	],
	[head("SSH-2.0-OpenSSH"), /does not speak HTTP/],
	[head(UPGRADE, "no colon"), /malformed/],
	[head(UPGRADE, `X: ${"x".repeat(9000)}`), /8192/],
];

test("answers that are no upgrade", async () => {
	for (const [target, message] of HEADS) {
		const end = await new Probe(target, config.wrong).ended;
		assert.equal(end.cause, "http");
		assert.match(end.message, message);
	}
});

test("HTTP errors come with their bodies", async () => {
	const ends = async (target: string, port = config.right) => new Probe(target, port).ended;
	const unauthorized = await ends("/401");
	assert.equal(unauthorized.cause, "http");
	assert.equal(unauthorized.status, 401);
	assert.equal(unauthorized.body, "invalid key\n");
	assert.equal((await ends("/chunked")).body, "not allowed");
	assert.equal((await ends("/huge")).body, "x".repeat(4096));
	assert.equal((await ends("/empty")).status, 404);
	assert.equal((await ends("/redirect")).location, "wss://else.where/");
	const untilClosed = await ends(head("HTTP/1.1 503 Busy", "", "later"), config.wrong);
	assert.equal(untilClosed.status, 503);
	assert.match(untilClosed.body ?? "", /^later/);
});

test("nothing listens, nobody answers", async () => {
	assert.equal((await new Probe("/", config.unused).ended).cause, "refused");
	const silent = await new Probe("/silent", config.wrong, { openTimeout: 100 }).ended;
	assert.equal(silent.cause, "timeout");
});

test("HTTP GET", async () => {
	assert.deepEqual(await get("/chunked"), { status: 403, body: "not allowed" });
	assert.equal((await get("/nowhere")).status, 404);
});
