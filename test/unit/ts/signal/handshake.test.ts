import { assert, test } from "harness";
import { encodeUtf8 } from "livekit/platform/text";
import { upgradeFault } from "livekit/signal/handshake";
import { parseHead } from "livekit/signal/http";
import { sha1 } from "livekit/signal/sha1";

const hex = (bytes: Uint8Array) =>
	Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

test("SHA-1 by FIPS 180's examples, and at a block's edges", () => {
	const digest = (text: string) => hex(sha1(encodeUtf8(text)));
	assert.equal(digest("abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
	assert.equal(digest(""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
	assert.equal(
		digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
		"84983e441c3bd26ebaae4aa1f95129e5e54670f1",
	);
	assert.equal(digest("a".repeat(64)), "0098ba824b5c16427bd7a1122a5a442a25ec644d");
});

test("RFC 6455's example handshake", () => {
	const head = parseHead(
		"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
			"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
	);
	assert.equal(upgradeFault(head, "dGhlIHNhbXBsZSBub25jZQ=="), undefined);
	assert.match(upgradeFault(head, "AAAAIHNhbXBsZSBub25jZQ==") ?? "", /Accept/);
});

test("response heads", () => {
	const { status, headers } = parseHead("HTTP/1.0 404 Not Found\r\nA: 1\r\na:2\r\n\r\n");
	assert.equal(status, 404);
	assert.equal(headers.get("a"), "1, 2");
	assert.equal(parseHead("HTTP/1.1 200\r\n\r\n").status, 200);
	for (const text of [
		"",
		"HTTP/2 200\r\n\r\n",
		"HTTP/1.1 2000\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: x\r\n\r\n",
	])
		assert.throws(() => parseHead(text), SyntaxError);
});
