import { assert, sleep, test } from "harness";
import config from "mc/config";
import { collect } from "simulator";
import { nativeMemory } from "webrtc-native/device";
import Stream, { type StreamErrorCode, type StreamOptions } from "webrtc-native/stream";

interface Witness {
	stream: Stream;
	log: string[];
	error: { code: StreamErrorCode; message: string } | undefined;
}

function open(options: Partial<StreamOptions> = {}): Witness {
	const witness = { log: [] as string[] } as Witness;
	witness.stream = new Stream({
		host: "127.0.0.1",
		port: Number(config.port),
		maxMessageBytes: 1000,
		onOpen: () => witness.log.push("open"),
		onReadable: () => witness.log.push("readable"),
		onClose(error) {
			witness.log.push("close");
			witness.error = error;
		},
		...options,
	});
	return witness;
}

async function until(what: string, condition: () => boolean): Promise<void> {
	for (let i = 0; i < 400; i++) {
		if (condition()) return;
		await sleep(10);
	}
	assert.fail(`never: ${what}`);
}

async function opened(options: Partial<StreamOptions> = {}): Promise<Witness> {
	const witness = open(options);
	await until("open", () => witness.log.includes("open"));
	return witness;
}

test("a head, bytes and a message in native memory", async () => {
	const { stream, log } = await opened();
	assert.equal(stream.readHead("\r\n", 100), undefined);
	assert.ok(stream.write("say na\xefve\r\nsay abc\nsay def"), "not sent yet: no end of line");
	stream.write(Uint8Array.of(0x67, 0x0a)); // "g"
	await until("readable", () => log.includes("readable"));
	// The server read our UTF-8 as Latin-1 and sent UTF-8 of that: 2 letters became 4 bytes.
	let head: string | undefined;
	await until("a head", () => {
		head = stream.readHead("\r", 100);
		return head !== undefined;
	});
	assert.equal(head, "na\xc3\x83\xc2\xafve\r");
	const two = new Uint8Array(2);
	await until("bytes", () => stream.read(two));
	assert.deepEqual(two, Uint8Array.of(0x61, 0x62));
	stream.collect(3);
	await until("collected", () => stream.collected);
	const message = stream.takeMessage() as ArrayBufferLike;
	assert.equal(message.byteLength, 3);
	assert.deepEqual(Array.from(new Uint8Array(message)), [0x63, 0x64, 0x65]);
	assert.equal(stream.takeMessage(), undefined);
	assert.equal(stream.stats.bytesIn, 9 + 3 + 4);
	assert.equal(stream.stats.cipher, "");
	stream.close();
});

test("a message over the cap is refused, the next is not", async () => {
	const { stream } = await opened();
	stream.write("fill 1001\nfill 1000\n");
	stream.collect(1001);
	await until("discarded", () => stream.collected);
	assert.equal(stream.takeMessage(), null);
	stream.collect(1000);
	await until("collected", () => stream.collected);
	assert.equal((stream.takeMessage() as ArrayBufferLike).byteLength, 1000);
	assert.equal(stream.stats.refused, 1);
	assert.throws(() => stream.collect(-1), RangeError);
	assert.throws(() => stream.collect(2 ** 40), RangeError);
	stream.close();
});

test("a head without end is an error", async () => {
	const { stream } = await opened();
	stream.write("fill 200\n");
	await until("enough", () => stream.stats.bytesIn >= 200);
	assert.throws(() => stream.readHead("\r\n\r\n", 100), RangeError);
	stream.close();
	assert.ok(stream.stats.bytesIn >= 200);
});

test("ends: in order, reset, refused", async () => {
	const orderly = await opened();
	orderly.stream.write("end\n");
	await until("closed", () => orderly.log.includes("close"));
	assert.equal(orderly.error, undefined);
	assert.deepEqual(orderly.log, ["open", "readable", "close"]);

	const reset = await opened();
	reset.stream.write("reset\n");
	await until("closed", () => reset.log.includes("close"));
	assert.equal(reset.error?.code, "reset");

	const refused = open({ port: Number(config.nobody) });
	await until("closed", () => refused.log.includes("close"));
	assert.deepEqual(refused.error, {
		code: "refused",
		message: `connection refused by 127.0.0.1:${config.nobody}`,
	});
	assert.deepEqual(refused.log, ["close"]);
});

test("closing: twice, while connecting, inside callbacks; and what a closed one answers", async () => {
	const early = open();
	early.stream.close();
	early.stream.close();
	const inside = open({
		onOpen() {
			inside.log.push("open");
			inside.stream.close();
		},
	});
	const late = await opened({
		onClose() {
			late.log.push("close");
			late.stream.close();
		},
	});
	late.stream.write("end\n");
	await until("closed", () => late.log.includes("close"));
	await sleep(50);
	assert.deepEqual(early.log, []);
	assert.deepEqual(inside.log, ["open"]);
	for (const { stream } of [early, inside, late]) {
		assert.equal(stream.readHead("\n", 10), undefined);
		assert.equal(stream.read(new Uint8Array(1)), false);
		assert.equal(stream.takeMessage(), undefined);
		assert.equal(stream.collected, false);
		assert.throws(() => stream.write("x"), /closed/);
		assert.throws(() => stream.collect(1), /closed/);
	}
	assert.equal(late.stream.stats.bytesOut, 4);
	assert.equal(early.stream.stats.bytesOut, 0);
});

test("options are checked", () => {
	const options = {
		host: "h",
		port: 1,
		maxMessageBytes: 1,
		onOpen() {},
		onReadable() {},
		onClose() {},
	};
	assert.throws(() => new Stream({ ...options, port: 0 }), RangeError);
	assert.throws(() => new Stream({ ...options, port: 65536 }), RangeError);
	assert.throws(() => new Stream({ ...options, host: "x".repeat(300) }), RangeError);
	assert.throws(() => new Stream({ ...options, connectTimeout: 0 }), RangeError);
	assert.throws(() => new Stream({} as StreamOptions), TypeError);
});

test("messages that are garbage are freed, an open stream is not", async () => {
	const witness = await opened();
	const before = nativeMemory().stream?.current ?? 0;
	for (let i = 0; i < 50; i++) {
		witness.stream.write("fill 1000\n");
		witness.stream.collect(1000);
		await until("collected", () => witness.stream.collected);
		witness.stream.takeMessage();
	}
	collect();
	collect();
	assert.ok((nativeMemory().stream?.current ?? 0) <= before + 2000);
	// Nothing in JavaScript holds this one; its callbacks still come.
	let came = false;
	(() => {
		open({ onOpen: () => (came = true) });
	})();
	collect();
	await until("a callback", () => came);
	witness.stream.close();
	// The host ends although the forgotten stream is still open: the harness exits.
});
