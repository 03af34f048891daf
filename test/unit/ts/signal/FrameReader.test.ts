import { assert, test } from "harness";
import { encodeUtf8 } from "livekit/platform/text";
import { FrameError, FrameReader, type FrameSource } from "livekit/signal/FrameReader";
import { isCloseCode, Opcode } from "livekit/signal/frame";

const LIMIT = 300;

/** A stream whose bytes come when the test says so. */
class Source implements FrameSource {
	bytes: number[] = [];
	#wanted = 0;
	#message: number[] = [];

	read(into: Uint8Array): boolean {
		if (!this.collected || this.bytes.length < into.length) return false;
		into.set(this.bytes.splice(0, into.length));
		return true;
	}
	collect(length: number): void {
		this.#wanted += length;
	}
	get collected(): boolean {
		const taken = this.bytes.splice(0, this.#wanted);
		this.#wanted -= taken.length;
		this.#message.push(...taken);
		return this.#wanted === 0;
	}
	takeMessage(): ArrayBuffer | null {
		const message = this.#message;
		this.#message = [];
		return message.length > LIMIT ? null : Uint8Array.from(message).buffer;
	}
}

let state = 42;
function below(n: number): number {
	state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
	return Math.floor((state / 2 ** 32) * n);
}

function frame(first: number, payload: number[]): number[] {
	const { length } = payload;
	if (length < 126) return [first, length, ...payload];
	return [first, 126, length >> 8, length & 255, ...payload];
}

/** Messages in random fragments with pings between; what the reader is to say, and the bytes. */
function conversation(): { said: string[]; bytes: number[] } {
	const said: string[] = [];
	const bytes: number[] = [];
	for (let i = 0; i < 20; i++) {
		const text = below(2) === 1;
		const content = "é😀x".repeat(below(60));
		const payload = [...encodeUtf8(content)];
		const cuts = [
			0,
			...[below(payload.length + 1), below(payload.length + 1)].sort((a, b) => a - b),
		];
		for (const [at, cut] of cuts.entries()) {
			const last = at === cuts.length - 1;
			const opcode = at ? Opcode.continuation : text ? Opcode.text : Opcode.binary;
			const part = payload.slice(cut, last ? undefined : cuts[at + 1]);
			bytes.push(...frame((last ? 0x80 : 0) | opcode, part));
			if (!last && below(3) === 0) {
				bytes.push(...frame(0x80 | Opcode.ping, [at]));
				said.push(`control 9 ${at}`);
			}
		}
		if (payload.length > LIMIT) said.push("refused");
		else said.push(text ? `text ${content}` : `binary ${payload}`);
	}
	return { said, bytes };
}

/** Feeds `bytes` in random pieces; what the reader said. */
function read(bytes: number[]): string[] {
	const said: string[] = [];
	const source = new Source();
	const reader = new FrameReader(source, {
		onMessage: (message) =>
			said.push(
				typeof message === "string" ? `text ${message}` : `binary ${new Uint8Array(message)}`,
			),
		onRefused: () => said.push("refused"),
		onControl: (opcode, payload) => said.push(`control ${opcode} ${payload}`),
	});
	for (let at = 0; at < bytes.length; ) {
		const length = 1 + below(below(2) ? 5 : 400);
		source.bytes.push(...bytes.slice(at, at + length));
		at += length;
		reader.read();
	}
	return said;
}

test("messages in any fragments, in any pieces", () => {
	for (let i = 0; i < 30; i++) {
		const { said, bytes } = conversation();
		assert.deepEqual(read(bytes), said);
	}
}, 20000);

test("changed bytes make other messages or a FrameError, nothing else", () => {
	let faults = 0;
	for (let i = 0; i < 300; i++) {
		const { bytes } = conversation();
		for (let n = below(4); n >= 0; n--) bytes[below(bytes.length)] ^= 1 << below(8);
		try {
			read(bytes);
		} catch (error) {
			assert.ok(error instanceof FrameError, String(error));
			faults++;
		}
	}
	assert.ok(faults > 20);
}, 60000);

test("close codes a peer may send", () => {
	const sent = [1000, 1001, 1003, 1007, 1011, 1014, 3000, 4999];
	for (const code of sent) assert.ok(isCloseCode(code), String(code));
	for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535])
		assert.ok(!isCloseCode(code), String(code));
});
