/* What the library relies on, and where the engine is stricter than Node. */
import Base64 from "base64";
import { assert, test } from "harness";
import config from "mc/config";
import TextDecoder from "text/decoder";
import TextEncoder from "text/encoder";

test("strings are as on the device: one emoji is one character", () => {
	assert.equal("😀".length, 1);
	assert.equal("😀".charCodeAt(0), 0x1f600);
	assert.equal("a😀b".indexOf("b"), 2);
});

test("TextEncoder and TextDecoder", () => {
	const bytes = Uint8Array.of(0x7a, 0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80);
	assert.deepEqual(new TextEncoder().encode("zé😀"), bytes);
	assert.equal(new TextDecoder().decode(bytes), "zé😀");
	assert.equal(new TextDecoder().decode(bytes.subarray(1, 3)), "é");
	assert.throws(() => new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(3, 5)));
	const into = new Uint8Array(4);
	assert.deepEqual(new TextEncoder().encodeInto("a😀", into), { read: 1, written: 1 });
	assert.equal(Reflect.get(globalThis, "TextEncoder"), TextEncoder);
});

test("base64", () => {
	assert.equal(Base64.encode(Uint8Array.of(1, 2, 3).buffer), "AQID");
	assert.deepEqual(Base64.decode("AQID"), Uint8Array.of(1, 2, 3).buffer);
});

test("what a device has in flash is read-only", () => {
	class Bad extends Error {
		constructor() {
			super();
			this.name = "Bad";
		}
	}
	class Good extends Error {
		override get name(): string {
			return "Good";
		}
	}
	assert.throws(() => new Bad(), TypeError);
	assert.equal(String(new Good("x")), "Good: x");
	assert.throws(() => {
		Object.assign(Array.prototype, { last: 1 });
	}, TypeError);
	assert.throws(() => {
		Object.assign(TextEncoder, { count: 1 });
	}, TypeError);
	assert.throws(() => {
		Object.assign(config, { count: 1 });
	}, TypeError);
});
