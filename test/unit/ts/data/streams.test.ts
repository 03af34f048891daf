import { assert, sleep, test } from "harness";
import { DataStreamError, DataStreamErrorReason } from "livekit/data/streams/DataStreamError";
import type { ByteStreamReader, TextStreamReader } from "livekit/data/streams/StreamReader";
import { splitUtf8 } from "livekit/data/streams/split";
import type { StreamLimits } from "livekit/data/streams/types";
import { decodeUtf8, encodeUtf8 } from "livekit/platform/text";
import type { DataStream_Header as Header } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import { End, link } from "./link";

const reasoned = (reason: DataStreamErrorReason) => (error: DataStreamError) =>
	error instanceof DataStreamError && error.reason === reason;
const { AbnormalEnd, HandlerAlreadyRegistered, HeaderTooLarge, Incomplete } = DataStreamErrorReason;
const { DecodeFailed, LengthExceeded, PayloadTooLarge } = DataStreamErrorReason;

/** An end whose topic "t" takes both kinds of streams; nobody reads them yet. */
function receiver(limits?: StreamLimits) {
	const end = new End("me", limits);
	const texts: TextStreamReader[] = [];
	const files: ByteStreamReader[] = [];
	end.incoming.registerText("t", (reader) => {
		texts.push(reader);
	});
	end.incoming.registerBytes("t", (reader) => {
		files.push(reader);
	});
	return { end, texts, files };
}

const header = (streamId: string, more: Init<Header> = {}): { streamHeader: Init<Header> } => ({
	streamHeader: { streamId, topic: "t", textHeader: {}, ...more },
});
const chunk = (streamId: string, chunkIndex: number, content: Uint8Array | string) => ({
	streamChunk: {
		streamId,
		chunkIndex,
		content: typeof content === "string" ? encodeUtf8(content) : content,
	},
});
const trailer = (streamId: string, reason?: string) => ({ streamTrailer: { streamId, reason } });
const open = ({ incoming }: End) => incoming.stats.streamsIn - incoming.stats.streamsFailed;

test("UTF-8 is cut between characters, whatever their size", () => {
	const text = "aä€😀".repeat(50);
	const bytes = encodeUtf8(text);
	for (let size = 4; size < 40; size++) {
		const pieces = [...splitUtf8(bytes, size)];
		assert.ok(pieces.every((piece) => piece.length <= size));
		assert.ok(pieces.slice(0, -1).every((piece) => piece.length > size - 4));
		assert.equal(pieces.map((piece) => decodeUtf8(piece)).join(""), text);
	}
	assert.deepEqual([...splitUtf8(new Uint8Array(0), 4)], []);
});

for (const [clientProtocol, way] of [
	[0, "in chunks"],
	[2, "inline when it fits"],
] as const) {
	test(`texts of all sizes arrive, ${way}`, async () => {
		const { a, b } = link(clientProtocol);
		const got: string[] = [];
		b.incoming.registerText("t", async (reader, { identity }) => {
			assert.equal(identity, "a");
			assert.equal(reader.info.attributes?.colour, "blåbær 🫐");
			got.push(await reader.readAll());
		});
		const texts = ["", "x", "😀", "ä".repeat(7_499), "😀".repeat(5_000), "€".repeat(10_000)];
		for (const text of texts) {
			const progress: number[] = [];
			const info = await a.outgoing.sendText(text, {
				topic: "t",
				attributes: { colour: "blåbær 🫐" },
				onProgress: (value) => progress.push(value),
			});
			assert.equal(info.size, encodeUtf8(text).length);
			assert.equal(progress.at(-1), 1);
		}
		await sleep(0);
		assert.deepEqual(got, texts);
		const inline = a.sent.filter(({ streamHeader }) => streamHeader?.inlineContent).length;
		assert.equal(inline, clientProtocol === 2 ? 3 : 0);
		for (const { streamChunk } of a.sent) {
			if (streamChunk) assert.ok(streamChunk.content.length <= 15_000);
		}
		assert.equal(b.incoming.stats.streamsFailed, 0);
	});
}

test("inline only when all who get it can read it", async () => {
	const { a } = link(2);
	a.identities = ["new", "old"];
	a.clientProtocolOf = ((identity: string) => (identity === "old" ? 1 : 2)) as never;
	const packets = async (destinationIdentities?: string[]) => {
		a.sent.length = 0;
		await a.outgoing.sendText("hi", { destinationIdentities });
		return a.sent.length;
	};
	assert.equal(await packets(), 3);
	assert.equal(await packets([]), 3);
	assert.equal(await packets(["old"]), 3);
	assert.equal(await packets(["new"]), 1);
	assert.deepEqual(a.sent[0].destinationIdentities, ["new"]);
	a.identities = [];
	assert.equal(await packets(), 1);
});

test("bytes and files arrive, with name, type and progress", async () => {
	const { a, b } = link(0);
	const got: unknown[] = [];
	b.incoming.registerBytes("t", async (reader) => {
		const progress: unknown[] = [];
		reader.onProgress = (value) => progress.push(value);
		const chunks = await reader.readAll();
		const { name, mimeType, size } = reader.info;
		got.push([name, mimeType, size, chunks.map(({ length }) => length), progress]);
	});
	const bytes = new Uint8Array(30_001).fill(7);
	const sent: number[] = [];
	const onProgress = (value: number) => sent.push(value);
	await a.outgoing.sendFile({ name: "f", type: "x/y", bytes: bytes.buffer }, { topic: "t" });
	await a.outgoing.sendBytes(bytes.subarray(0, 2), { topic: "t", onProgress });
	await a.outgoing.sendFile(
		{ name: "empty", bytes: new Uint8Array(0) },
		{ topic: "t", onProgress },
	);
	await sleep(0);
	assert.deepEqual(got, [
		["f", "x/y", 30_001, [15_000, 15_000, 1], [15_000 / 30_001, 30_000 / 30_001, 1]],
		["unknown", "application/octet-stream", 2, [2], [1]],
		["empty", "application/octet-stream", undefined, [], []],
	]);
	assert.deepEqual(sent, [1, 1]);
});

test("attachments follow their text, and progress is of all", async () => {
	const { a, b } = link(2);
	const got: string[] = [];
	b.incoming.registerText("t", async (reader) => {
		got.push(...(reader.info.attachedStreamIds ?? []), await reader.readAll());
	});
	b.incoming.registerBytes("t", (reader) => {
		got.push(reader.info.id, reader.info.name);
	});
	const progress: number[] = [];
	const bytes = new Uint8Array(10);
	const attachments = [
		{ name: "1", bytes },
		{ name: "2", bytes },
	];
	const { attachedStreamIds = [] } = await a.outgoing.sendText("with two", {
		topic: "t",
		attachments,
		onProgress: (value) => progress.push(value),
	});
	await sleep(0);
	const [first, second] = attachedStreamIds;
	assert.notEqual(first, second);
	assert.deepEqual([...got].sort(), [first, second, "with two", first, "1", second, "2"].sort());
	assert.deepEqual(progress, [1 / 3, 2 / 3, 1]);
});

test("a writer keeps the order of writes nobody waits for, and its end comes last", async () => {
	const { a, b } = link(2);
	const got: string[] = [];
	let ended = false;
	b.incoming.registerText("t", async (reader) => {
		assert.equal(reader.info.replyToStreamId, "question");
		assert.equal(reader.info.id, "answer");
		for await (const piece of reader) got.push(piece);
		ended = true;
	});
	a.gate = () => sleep(1);
	const writer = await a.outgoing.streamText({
		topic: "t",
		streamId: "answer",
		replyToStreamId: "question",
	});
	const pieces = ["one ", "😀".repeat(4_000), "", "three"];
	for (const piece of pieces) writer.write(piece);
	await writer.close();
	await writer.close();
	await sleep(0);
	assert.equal(got.join(""), pieces.join(""));
	assert.ok(ended);
	await assert.rejects(writer.write("more"), /closed/);
});

test("one chunk at a time is on its way, and what fails ends the stream", async () => {
	const { a } = link(0);
	let waiting = 0;
	let most = 0;
	a.gate = async () => {
		most = Math.max(most, ++waiting);
		await sleep(0);
		waiting--;
	};
	await a.outgoing.sendBytes(new Uint8Array(100_000));
	assert.equal(most, 1);
	a.gate = ({ streamChunk }) => {
		if (streamChunk?.chunkIndex === 1) throw new Error("full");
	};
	a.sent.length = 0;
	await assert.rejects(a.outgoing.sendBytes(new Uint8Array(100_000)), /full/);
	assert.equal(a.sent.length, 2); // the header and a chunk: no end
	const writer = await a.outgoing.streamBytes();
	await assert.rejects(writer.write(new Uint8Array(40_000)), /full/);
	a.gate = () => {};
	await assert.rejects(writer.write(new Uint8Array(1)), /full/);
	await assert.rejects(writer.close(), /full/);
});

test("chunks fit a small board's packets, and headers must", async () => {
	const { a } = link(0);
	a.maxPacketBytes = 4_096;
	const destinationIdentities = ["somebody with a long name", "b"];
	await a.outgoing.sendBytes(new Uint8Array(10_000), { destinationIdentities });
	const sizes = a.sent.map(({ streamChunk }) => streamChunk?.content.length ?? 0);
	assert.ok(Math.max(...sizes) < 4_096 - 128 && Math.max(...sizes) > 3_800, `${sizes}`);
	const attributes = { big: "x".repeat(5_000) };
	await assert.rejects(a.outgoing.sendText("", { attributes }), reasoned(HeaderTooLarge));
	a.maxPacketBytes = 64_000;
	await a.outgoing.sendText("", { attributes });
	const huge = { big: "x".repeat(15_000) };
	await assert.rejects(a.outgoing.streamText({ attributes: huge }), reasoned(HeaderTooLarge));
});

test("one handler a topic, until it is unregistered", () => {
	const { end } = receiver();
	const again = () => end.incoming.registerText("t", () => {});
	assert.throws(again, reasoned(HandlerAlreadyRegistered));
	end.incoming.unregisterText("t");
	again();
	end.incoming.unregisterBytes("t");
	end.receive(header("1", { textHeader: undefined, byteHeader: { name: "" } }));
	end.receive(header("2", { topic: "another" }));
	end.receive(header("3", { textHeader: undefined }));
	assert.equal(end.incoming.stats.streamsUnhandled, 3);
	assert.equal(end.incoming.stats.streamsIn, 0);
});

test("a handler that fails does no harm", async () => {
	const end = new End("me");
	end.incoming.registerText("throws", () => {
		throw new Error("(expected in this test's output)");
	});
	end.incoming.registerText("rejects", () =>
		Promise.reject(new Error("(expected in this test's output)")),
	);
	for (const topic of ["throws", "rejects"]) end.receive(header(topic, { topic }));
	await sleep(0);
	assert.equal(end.incoming.stats.streamsIn, 2);
});

test("chunks: repeated ones are dropped, a missing one ends the stream", async () => {
	const { end, texts } = receiver();
	end.receive(header("1"));
	for (const [index, text] of [
		[0, "a"],
		[0, "a"],
		[1, "b"],
		[3, "d"],
		[2, "c"],
	] as const) {
		end.receive(chunk("1", index, text));
	}
	const got: string[] = [];
	const read = async () => {
		for await (const text of texts[0]) got.push(text);
	};
	await assert.rejects(read, reasoned(Incomplete));
	assert.equal(got.join(""), "ab");
	assert.equal(end.incoming.stats.strayPackets, 2);
	assert.equal(end.incoming.stats.streamsFailed, 1);
});

test("lengths: too much, too little, and 0 for not known", async () => {
	const { end, texts } = receiver();
	end.receive(header("long", { totalLength: 3 }));
	end.receive(chunk("long", 0, "abcd"));
	end.receive(header("short", { totalLength: 3 }));
	end.receive(chunk("short", 0, "ab"));
	end.receive(trailer("short"));
	end.receive(header("zero", { totalLength: 0 }));
	end.receive(chunk("zero", 0, "abc"));
	end.receive(trailer("zero"));
	await assert.rejects(texts[0].readAll(), reasoned(LengthExceeded));
	await assert.rejects(texts[1].readAll(), reasoned(Incomplete));
	assert.equal(await texts[2].readAll(), "abc");
	assert.equal(texts[2].info.size, undefined);
});

test("abnormal ends: the sender says so, leaves, or we leave", async () => {
	const { end, texts } = receiver();
	for (const id of ["1", "2", "3"]) end.receive(header(id), id === "2" ? "bob" : "alice");
	const reading = texts.map((reader) => reader.readAll());
	for (const one of reading) one.catch(() => {});
	end.receive(trailer("1", "battery empty"), "alice");
	await assert.rejects(
		reading[0],
		(error) => reasoned(AbnormalEnd)(error) && /battery empty/.test(error.message),
	);
	end.incoming.onParticipantGone("bob");
	await assert.rejects(reading[1], reasoned(AbnormalEnd));
	end.incoming.close();
	await assert.rejects(reading[2], reasoned(AbnormalEnd));
	assert.equal(end.incoming.stats.streamsFailed, 3);
});

test("ids are the sender's own; nobody writes into another's stream", async () => {
	const { end, texts } = receiver();
	end.receive(header("1"), "alice");
	end.receive(header("1"), "bob");
	end.receive(header("1", { attributes: new Map([["x", "y"]]) }), "bob");
	end.receive(chunk("1", 0, "alice's"), "alice");
	end.receive(chunk("1", 0, "bob's"), "bob");
	end.receive(chunk("1", 1, "!"), "mallory");
	end.receive(trailer("1"), "mallory");
	end.receive(trailer("1"), "alice");
	end.receive(trailer("1"), "bob");
	assert.deepEqual(await Promise.all(texts.map((reader) => reader.readAll())), [
		"alice's",
		"bob's",
	]);
	assert.equal(end.incoming.stats.streamsRefused, 1);
	assert.equal(end.incoming.stats.strayPackets, 2);
});

test("attributes of the trailer are there at the end", async () => {
	const { end, texts } = receiver();
	end.receive(header("1", { attributes: new Map([["a", "1"]]) }));
	const attributes = new Map([
		["a", "2"],
		["b", "3"],
	]);
	end.receive({ streamTrailer: { streamId: "1", attributes } });
	await texts[0].readAll();
	assert.equal(texts[0].info.attributes?.a, "2");
	assert.equal(texts[0].info.attributes?.b, "3");
});

test("compressed streams are refused: we do not say that we can", () => {
	const { end } = receiver();
	end.receive(header("1", { compression: 1, inlineContent: Uint8Array.of(1) }));
	end.receive(header("2", { compression: 1 }));
	assert.equal(end.incoming.stats.streamsRefused, 2);
});

test("text that is not UTF-8", async () => {
	const { end, texts } = receiver();
	end.receive(header("1"));
	end.receive(chunk("1", 0, Uint8Array.of(0x61, 0xff)));
	await assert.rejects(texts[0].readAll(), reasoned(DecodeFailed));
});

test("a long text comes in pieces that many readers can hold, cut between characters", async () => {
	const { end, texts } = receiver({ maxTextBytes: 4_000 });
	const text = "aä€😀".repeat(500);
	end.receive(header("1", { inlineContent: encodeUtf8(text) }));
	const pieces: string[] = [];
	for await (const piece of texts[0]) pieces.push(piece);
	assert.equal(pieces.join(""), text);
	assert.ok(pieces.length >= 5 && pieces.every((piece) => encodeUtf8(piece).length <= 1_000));
	end.receive(header("2"));
	end.receive(chunk("2", 0, new Uint8Array(5_000).fill(0x80))); // no character begins
	await assert.rejects(async () => {
		for await (const piece of texts[1]) pieces.push(piece);
	}, reasoned(DecodeFailed));
	assert.equal(end.texts.used, 0);
});

test("one chunk of all streams waits to be sent at a time", async () => {
	const { a } = link(0);
	let waiting = 0;
	let most = 0;
	a.gate = async ({ streamChunk }) => {
		if (!streamChunk) return;
		most = Math.max(most, ++waiting);
		await sleep(0);
		waiting--;
	};
	const all = Array.from({ length: 5 }, () => a.outgoing.sendBytes(new Uint8Array(40_000)));
	await Promise.all(all);
	assert.equal(most, 1);
	const indices = a.sent.flatMap(({ streamChunk }) =>
		streamChunk ? [streamChunk.chunkIndex] : [],
	);
	assert.deepEqual(indices, [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2]);
});

test("who leaves the loop gets no more, and holds nothing", async () => {
	const { end, texts } = receiver({ maxStreamBytes: 2_000 });
	end.receive(header("1"));
	end.receive(chunk("1", 0, "a"));
	for await (const text of texts[0]) {
		assert.equal(text, "a");
		break;
	}
	end.receive(chunk("1", 1, new Uint8Array(1_400)));
	assert.equal(end.incoming.stats.strayPackets, 1);
	end.receive(header("2"));
	end.receive(chunk("2", 0, new Uint8Array(1_400)));
	assert.equal(end.incoming.stats.streamsFailed, 0);
});

test("an abort signal ends the reading", async () => {
	const { end, texts } = receiver();
	const listeners: (() => void)[] = [];
	const signal = {
		aborted: false,
		reason: new Error("enough"),
		addEventListener: (_: "abort", listener: () => void) => listeners.push(listener),
	};
	end.receive(header("1"));
	const reading = texts[0].readAll({ signal });
	await sleep(0);
	signal.aborted = true;
	for (const listener of listeners) listener();
	await assert.rejects(reading, /enough/);
});

test("unread bytes are bounded over all streams, and small chunks are not free", async () => {
	const { end, texts, files } = receiver({ maxStreamBytes: 10_000 });
	end.receive(header("1"), "a");
	end.receive(header("2"), "b");
	end.receive(chunk("1", 0, "x".repeat(6_000)), "a");
	end.receive(chunk("2", 0, "y".repeat(3_000)), "b"); // 6,512 and 3,512
	const fails = texts[1].readAll();
	await assert.rejects(fails, reasoned(PayloadTooLarge));
	const first = texts[0][Symbol.asyncIterator]();
	assert.equal(((await first.next()).value ?? "").length, 6_000);
	for (let i = 1; i < 100; i++) end.receive(chunk("1", i, "z"), "a");
	assert.equal(end.incoming.stats.streamsFailed, 2);
	await first.return();
	// Read as they come, any number of bytes passes.
	end.receive(header("3", { textHeader: undefined, byteHeader: { name: "" } }));
	let bytes = 0;
	const reading = (async () => {
		for await (const piece of files[0]) bytes += piece.length;
	})();
	for (let i = 0; i < 50; i++) {
		end.receive(chunk("3", i, new Uint8Array(9_000)));
		await sleep(0);
	}
	end.receive(trailer("3"));
	await reading;
	assert.equal(bytes, 450_000);
});

test("senders wait while another chunk would not fit, and for no reader that does not read", async () => {
	const { end, files } = receiver({ maxStreamBytes: 40_000 });
	const piece = new Uint8Array(15_000);
	const begin = (id: string) => end.receive(header(id, { textHeader: undefined, byteHeader: {} }));
	begin("1");
	end.receive(chunk("1", 0, piece));
	assert.deepEqual(end.holds, []);
	end.receive(chunk("1", 1, piece));
	assert.deepEqual(end.holds, [true]);
	const reading = files[0][Symbol.asyncIterator]();
	await reading.next();
	assert.deepEqual(end.holds, [true, false]);
	end.receive(chunk("1", 2, piece));
	await reading.return(); // what it has not read is forgotten
	assert.deepEqual(end.holds, [true, false, true, false]);
	begin("2");
	for (const i of [0, 1]) end.receive(chunk("2", i, piece));
	end.incoming.close();
	assert.deepEqual(end.holds.slice(4), [true, false]);
});

test("a stream of any length comes to a slow reader", async () => {
	const { a, b } = link(0, { maxStreamBytes: 40_000 });
	a.gate = async () => {
		while (b.holds.at(-1)) await sleep(1);
	};
	let bytes = 0;
	const done = new Promise<void>((resolve, reject) => {
		b.incoming.registerBytes("t", async (reader) => {
			try {
				for await (const piece of reader) {
					bytes += piece.length;
					await sleep(3);
				}
				resolve();
			} catch (error) {
				reject(error);
			}
		});
	});
	await a.outgoing.sendBytes(new Uint8Array(300_000), { topic: "t" });
	await done;
	assert.equal(bytes, 300_000);
	assert.equal(b.holds.at(-1), false);
	assert.equal(b.incoming.stats.streamsFailed, 0);
});

test("readAll() is bounded: bytes by what may be unread, texts by what all put together", async () => {
	const { end, texts, files } = receiver({ maxStreamBytes: 10_000, maxTextBytes: 1_000 });
	end.receive(header("1", { textHeader: undefined, byteHeader: { name: "" } }));
	const bytes = files[0].readAll();
	bytes.catch(() => {});
	for (let i = 0; i < 3; i++) {
		end.receive(chunk("1", i, new Uint8Array(4_000)));
		await sleep(0);
	}
	await assert.rejects(bytes, reasoned(PayloadTooLarge));
	end.receive(header("2"));
	end.receive(header("3"), "other");
	const reading = texts.map((reader) => reader.readAll());
	for (const one of reading) one.catch(() => {});
	end.receive(chunk("2", 0, "x".repeat(600)));
	await sleep(0);
	end.receive(chunk("3", 0, "y".repeat(600)), "other");
	await assert.rejects(reading[1], reasoned(PayloadTooLarge));
	end.receive(chunk("2", 1, "x".repeat(400)));
	end.receive(trailer("2"));
	assert.equal((await reading[0]).length, 1_000);
});

test("streams at a time are bounded, and three quarters of them by sender", () => {
	const { end } = receiver({ maxStreams: 4 });
	for (let i = 0; i < 100; i++) end.receive(header(`${i}`), "flood");
	assert.equal(open(end), 3);
	for (let i = 0; i < 1; i++) end.receive(header(`${i}`), "other");
	assert.equal(open(end), 4);
	end.receive(header("1"), "late");
	assert.equal(open(end), 4);
	assert.equal(end.incoming.stats.streamsRefused, 98);
	end.incoming.onParticipantGone("flood");
	end.receive(header("1"), "late");
	assert.equal(end.incoming.stats.streamsIn, 5);
});

test("headers of open streams are bounded", () => {
	const { end } = receiver({ maxTextBytes: 32_768 });
	const attributes = new Map([["x", "y".repeat(7_000)]]);
	for (let i = 0; i < 4; i++) end.receive(header(`${i}`, { attributes }), `${i}`);
	assert.equal(end.incoming.stats.streamsIn, 2);
	end.incoming.onParticipantGone("0");
	end.receive(header("5", { attributes }));
	assert.equal(end.incoming.stats.streamsIn, 3);
	end.receive({ streamTrailer: { streamId: "5", attributes } }); // no room for more of it
	assert.equal(end.incoming.stats.streamsFailed, 1);
});

test("streams that never end, or are never read, give way to new ones when they are stale", async () => {
	const whole = receiver({ maxTextBytes: 1_000 });
	const readNewest = (id: string, identity: string) => {
		whole.end.receive(header(id, { totalLength: 900 }), identity);
		const reading = whole.texts[whole.texts.length - 1].readAll();
		reading.catch(() => {});
		return reading;
	};
	const first = readNewest("1", "never ends");
	await assert.rejects(readNewest("2", "other"), reasoned(PayloadTooLarge));
	const { end, texts } = receiver({ maxStreams: 2, maxStreamBytes: 1_000 });
	end.receive(header("1"), "never ends");
	end.receive(header("2", { inlineContent: encodeUtf8("x".repeat(400)) }), "never read");
	end.receive(header("3"), "refused");
	assert.equal(end.incoming.stats.streamsRefused, 1);
	assert.deepEqual(end.holds, [true]);
	await sleep(5_100);
	const third = readNewest("3", "other"); // needs the room of the text that does not go on
	await assert.rejects(first, reasoned(AbnormalEnd));
	whole.end.receive(chunk("3", 0, "x".repeat(900)), "other");
	whole.end.receive(trailer("3"), "other");
	assert.equal((await third).length, 900);
	assert.equal(whole.end.texts.used, 0);
	assert.deepEqual(end.holds, [true, false]); // nobody reads: others' data is not kept waiting
	end.receive(chunk("1", 0, "x".repeat(400)), "never ends"); // needs the bytes of what is not read
	assert.equal(end.incoming.stats.streamsFailed, 0);
	await assert.rejects(texts[1].readAll(), reasoned(AbnormalEnd));
	end.receive(header("4"), "now there is room");
	assert.equal(end.incoming.stats.streamsIn, 3);
	end.receive(header("5"), "one too many");
	assert.equal(end.incoming.stats.streamsRefused, 2);
}, 10_000);
