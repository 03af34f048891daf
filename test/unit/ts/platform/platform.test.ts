import { assert, sleep, test } from "harness";
import { encodeBase64Url } from "livekit/platform/base64";
import { Emitter } from "livekit/platform/emitter";
import { Log, redactUrl } from "livekit/platform/log";
import { randomBytes } from "livekit/platform/random";
import { forget, load, save } from "livekit/platform/storage";
import { Timeout } from "livekit/platform/Timeout";
import { decodeUtf8, encodeUtf8 } from "livekit/platform/text";
import { collect } from "simulator";

test("UTF-8", () => {
	for (const text of ["", "abc", "é", "日本", "😀", "\0", "a\0\0b\0", "x".repeat(5000)])
		assert.equal(decodeUtf8(encodeUtf8(text)), text);
	assert.deepEqual(encodeUtf8("a\0é😀"), Uint8Array.of(97, 0, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80));
	assert.deepEqual(
		encodeUtf8("\0\ud800é日"),
		Uint8Array.of(0, 239, 191, 189, 195, 169, 230, 151, 165),
	);
	const inside = Uint8Array.of(255, 97, 0, 98, 255).subarray(1, 4);
	assert.equal(decodeUtf8(inside), "a\0b");
	for (const bytes of [[0x80], [0xc3], [0xe2, 0x82], [0xff], [0xf0, 0x9f, 0x98]])
		assert.throws(() => decodeUtf8(Uint8Array.from(bytes)), TypeError);
});

test("base64url", () => {
	assert.equal(encodeBase64Url(Uint8Array.of(251, 255, 191)), "-_-_");
	assert.equal(encodeBase64Url(Uint8Array.of(1, 2, 3, 4).subarray(1, 3)), "AgM=");
});

test("an emitter calls in order, once, and not after off", () => {
	const emitter = new Emitter<{ tick: [number]; end: [] }>();
	const calls: string[] = [];
	const listener = (n: number) => calls.push(`a${n}`);
	emitter.on("tick", listener).once("tick", (n) => calls.push(`b${n}`));
	assert.equal(emitter.emit("tick", 1), true);
	assert.equal(emitter.emit("tick", 2), true);
	emitter.off("tick", listener);
	assert.equal(emitter.emit("tick", 3), false);
	assert.equal(emitter.emit("end"), false);
	assert.deepEqual(calls, ["a1", "b1", "a2"]);
});

test("a listener that throws does not stop the others", () => {
	const emitter = new Emitter<{ tick: [] }>();
	let called = false;
	emitter.on("tick", () => {
		throw new Error("first");
	});
	emitter.on("tick", () => {
		called = true;
	});
	assert.throws(() => emitter.emit("tick"), /first/);
	assert.ok(called);
});

test("a timeout restarts and stops", async () => {
	const calls: string[] = [];
	const timeout = new Timeout();
	timeout.start(60, () => calls.push("a"));
	await sleep(40);
	timeout.restart();
	await sleep(40);
	assert.deepEqual(calls, []);
	await sleep(40);
	assert.deepEqual(calls, ["a"]);
	timeout.restart(); // over: stays so
	timeout.start(10, () => calls.push("b"));
	timeout.stop();
	await sleep(30);
	assert.deepEqual(calls, ["a"]);
});

test("a timeout that is over lets go of what its callback has", async () => {
	const timeout = new Timeout();
	const start = (delay: number) => {
		const captured = { count: 0 };
		timeout.start(delay, () => captured.count++);
		return new WeakRef(captured);
	};
	const fired = start(1);
	await sleep(10);
	collect();
	assert.equal(fired.deref(), undefined);
	const stopped = start(1000);
	timeout.stop();
	await sleep(1);
	collect();
	assert.equal(stopped.deref(), undefined);
});

test("a log is quiet below its level", () => {
	const lines: string[] = [];
	const log = new Log("info", (line) => lines.push(line));
	log.debug("no");
	log.info("a", 1);
	log.error("b");
	assert.deepEqual(lines, ["livekit info: a 1", "livekit error: b"]);
});

test("URLs lose their secrets", () => {
	assert.equal(redactUrl("wss://user:pass@host:1/p?access_token=x#y"), "wss://host:1/p?…");
	assert.equal(redactUrl("wss://host/p"), "wss://host/p");
});

test("storage keeps bytes", () => {
	save("test", Uint8Array.of(1, 2, 0, 255).buffer);
	assert.deepEqual(new Uint8Array(load("test") as ArrayBuffer), Uint8Array.of(1, 2, 0, 255));
	forget("test");
	assert.equal(load("test"), undefined);
});

test("random bytes differ", () => {
	const [a, b] = [randomBytes(16), randomBytes(16)];
	assert.equal(a.byteLength, 16);
	assert.equal(decodeHex(a) === decodeHex(b), false);
});

function decodeHex(buffer: ArrayBuffer): string {
	return Array.from(new Uint8Array(buffer)).join();
}
