import { assert, sleep, test } from "harness";
import { ATTRIBUTE, REQUEST_TOPIC, RESPONSE_TOPIC } from "livekit/data/rpc/protocol";
import { RpcError } from "livekit/data/rpc/RpcError";
import { encodeUtf8 } from "livekit/platform/text";
import { type End, link } from "./link";

const coded = (code: number) => (error: RpcError) =>
	error instanceof RpcError && error.code === code;
const { ErrorCode } = RpcError;

const call = (end: End, method: string, payload = "", more = {}) =>
	end.client.perform({ destinationIdentity: "b", method, payload, ...more });

test("errors: cut between characters, with names and numbers", () => {
	const error = new RpcError(1, "€".repeat(100), "€".repeat(6_000));
	assert.equal(encodeUtf8(error.message).length, 255);
	assert.equal(encodeUtf8(error.data ?? "").length, 15_360);
	assert.equal(error.name, "RpcError");
	assert.equal(new RpcError(1, "", "").data, undefined);
	assert.equal(RpcError.builtIn("SEND_FAILED").code, 1505);
});

for (const [version, clientProtocol] of [
	[1, 0],
	[2, 1],
	[2, 2],
] as const) {
	const how = `version ${version}, client protocol ${clientProtocol}`;

	test(`a call and its response, ${how}`, async () => {
		const { a, b } = link(clientProtocol);
		b.server.register("greet", async ({ payload, callerIdentity, requestId, responseTimeout }) => {
			assert.equal(callerIdentity, "a");
			assert.equal(requestId.length, 36);
			assert.equal(responseTimeout, 8_000);
			await sleep(1);
			return `hello ${payload}`;
		});
		assert.equal(await call(a, "greet", "🙂", { responseTimeout: 2_000 }), "hello 🙂");
		assert.deepEqual(a.client.stats, { outgoing: 0, stray: 0 });
		await sleep(0);
		assert.deepEqual(b.server.stats, { incoming: 0, refused: 0 });
		const requests = a.sent.filter(({ rpcRequest }) => rpcRequest).length;
		assert.equal(requests, version === 1 ? 1 : 0);
		assert.deepEqual(a.sent[0].destinationIdentities, ["b"]);
		assert.equal(a.sent.length, clientProtocol === 1 ? 3 : 1);
		assert.equal(b.sent.filter(({ rpcAck }) => rpcAck).length, 1);
	});

	test(`15 KB each way, and concurrent calls, ${how}`, async () => {
		const { a, b } = link(clientProtocol, { maxTextBytes: 400_000, maxStreamBytes: 400_000 });
		b.server.register("echo", async ({ payload }) => {
			await sleep(payload.length % 7);
			return payload;
		});
		const payloads = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(15_360));
		assert.deepEqual(
			await Promise.all(payloads.map((payload) => call(a, "echo", payload))),
			payloads,
		);
		assert.equal(b.server.stats.incoming, 0);
	});

	test(`errors of the method, ${how}`, async () => {
		const { a, b } = link(clientProtocol);
		b.server.register("refuses", () => {
			throw new RpcError(42, "not today", "tomorrow");
		});
		b.server.register("breaks", async () => {
			throw new TypeError("(expected in this test's output)");
		});
		await assert.rejects(
			call(a, "refuses"),
			(error) => coded(42)(error) && error.message === "not today" && error.data === "tomorrow",
		);
		await assert.rejects(
			call(a, "breaks"),
			(error) => coded(ErrorCode.APPLICATION_ERROR)(error) && error.data === undefined,
		);
		await assert.rejects(call(a, "none"), coded(ErrorCode.UNSUPPORTED_METHOD));
		b.server.unregister("refuses");
		await assert.rejects(call(a, "refuses"), coded(ErrorCode.UNSUPPORTED_METHOD));
	});
}

test("one handler a method", () => {
	const { a } = link(0);
	a.server.register("x", () => "");
	assert.throws(() => a.server.register("x", () => ""), /"x" has a handler/);
	a.server.unregister("x");
	a.server.register("x", () => "");
});

test("too large for packets; streams take any size", async () => {
	const old = link(0);
	const large = "x".repeat(15_361);
	old.b.server.register("large", () => large);
	await assert.rejects(call(old.a, "any", large), coded(ErrorCode.REQUEST_PAYLOAD_TOO_LARGE));
	await assert.rejects(call(old.a, "large"), coded(ErrorCode.RESPONSE_PAYLOAD_TOO_LARGE));
	const { a, b } = link(2, { maxTextBytes: 32_768 });
	b.server.register("echo", ({ payload }) => payload);
	assert.equal(await call(a, "echo", large), large);
	// Larger than the receiver holds: an error, not its end.
	const huge = "x".repeat(40_000);
	await assert.rejects(call(a, "echo", huge), coded(ErrorCode.REQUEST_PAYLOAD_TOO_LARGE));
	b.server.register("huge", () => huge);
	a.incoming.registerText("unread", () => {});
	await assert.rejects(call(a, "huge"), coded(ErrorCode.APPLICATION_ERROR)); // for us, too
	await sleep(0);
	assert.equal(b.texts.used + a.texts.used, 0);
});

test("timeouts: no confirmation, no response, nobody there", async () => {
	const { a, b } = link(0);
	b.server.register("slow", () => new Promise<string>(() => {}));
	const quick = { maxRoundTripLatency: 30, responseTimeout: 60 };
	await assert.rejects(call(a, "slow", "", quick), coded(ErrorCode.RESPONSE_TIMEOUT));
	a.other = undefined;
	await assert.rejects(call(a, "slow", "", quick), coded(ErrorCode.CONNECTION_TIMEOUT));
	a.identities = [];
	await assert.rejects(call(a, "slow", "", quick), coded(ErrorCode.RECIPIENT_NOT_FOUND));
	assert.equal(a.client.stats.outgoing, 0);
	a.serverVersion = "1.7.2";
	await assert.rejects(call(a, "slow"), coded(ErrorCode.UNSUPPORTED_SERVER));
	a.serverVersion = "1.8.0-rc";
	a.gate = () => {
		throw new Error("not connected");
	};
	await assert.rejects(
		call(a, "slow"),
		(error) => coded(ErrorCode.SEND_FAILED)(error) && /not connected/.test(error.data ?? ""),
	);
});

test("the recipient leaves, or we do", async () => {
	const { a, b } = link(0);
	b.server.register("slow", () => sleep(20).then(() => "late"));
	const gone = call(a, "slow");
	a.client.onParticipantGone("c");
	a.client.onParticipantGone("b");
	await assert.rejects(gone, coded(ErrorCode.RECIPIENT_DISCONNECTED));
	const over = call(a, "slow");
	a.client.close();
	await assert.rejects(over, coded(ErrorCode.RECIPIENT_DISCONNECTED));
	b.server.onParticipantGone("a");
	assert.equal(b.server.stats.incoming, 2); // they run on
	b.sent.length = 0;
	await sleep(30);
	assert.equal(b.server.stats.incoming, 0);
	assert.equal(b.sent.length, 0); // nobody waits for it
});

test("only whom we asked can answer, once", async () => {
	const { a } = link(0);
	a.other = undefined;
	const response = call(a, "x");
	await sleep(0);
	const requestId = a.sent[0].rpcRequest?.id;
	const attributes = new Map([[ATTRIBUTE.ID, requestId ?? ""]]);
	const streamHeader = { streamId: "s", topic: RESPONSE_TOPIC, textHeader: {}, attributes };
	const inlineContent = encodeUtf8("forged");
	a.receive({ rpcAck: { requestId } }, "mallory");
	a.receive({ rpcResponse: { requestId, payload: "forged" } }, "mallory");
	a.receive({ streamHeader: { ...streamHeader, inlineContent } }, "mallory");
	a.receive({ rpcAck: { requestId } }, "b");
	a.receive({ rpcResponse: { requestId, payload: "right" } }, "b");
	a.receive({ rpcResponse: { requestId, payload: "again" } }, "b");
	assert.equal(await response, "right");
	assert.deepEqual(a.client.stats, { outgoing: 0, stray: 4 });
});

test("a request that comes twice is handled once", async () => {
	const { b } = link(0);
	let calls = 0;
	b.server.register("count", async () => {
		calls++;
		await sleep(5);
		return "";
	});
	const rpcRequest = { id: "1", method: "count", responseTimeoutMs: 8_000, version: 1 };
	for (let i = 0; i < 3; i++) b.receive({ rpcRequest }, "a");
	b.receive({ rpcRequest }, "c"); // another's call
	await sleep(10);
	assert.equal(calls, 2);
	assert.equal(b.sent.filter(({ rpcResponse }) => rpcResponse).length, 2);
});

test("versions that we do not know, and requests without what they need", async () => {
	const { b } = link(0);
	b.server.register("x", () => "");
	b.receive({ rpcRequest: { id: "1", method: "x", responseTimeoutMs: 8_000, version: 3 } });
	const attributes = new Map<string, string>([
		[ATTRIBUTE.ID, "2"],
		[ATTRIBUTE.METHOD, "x"],
		[ATTRIBUTE.TIMEOUT, "8000"],
		[ATTRIBUTE.VERSION, "1"],
	]);
	const inlineContent = encodeUtf8("payload");
	const stream = { streamId: "s", topic: REQUEST_TOPIC, textHeader: {}, inlineContent };
	b.receive({ streamHeader: { ...stream, attributes } });
	const incomplete = new Map([[ATTRIBUTE.ID, "3"]]);
	b.receive({ streamHeader: { ...stream, streamId: "t", attributes: incomplete } });
	b.receive({ streamHeader: { ...stream, streamId: "u" } });
	await sleep(0);
	const errors = b.sent
		.filter(({ rpcResponse }) => rpcResponse)
		.map(({ rpcResponse }) => [rpcResponse?.requestId, rpcResponse?.error?.code]);
	assert.deepEqual(errors, [
		["1", ErrorCode.UNSUPPORTED_VERSION],
		["2", ErrorCode.UNSUPPORTED_VERSION],
		["3", ErrorCode.APPLICATION_ERROR],
	]);
});

const request = (id: string, method: string, payload = "") => ({
	rpcRequest: { id, method, payload, version: 1, responseTimeoutMs: 1 },
});
/** A request of version 2, and the chunk that is its payload. */
const requestStream = (id: string, method: string, totalLength = 0) => ({
	streamHeader: {
		streamId: id,
		topic: REQUEST_TOPIC,
		textHeader: {},
		totalLength,
		attributes: new Map([
			[ATTRIBUTE.ID as string, id],
			[ATTRIBUTE.METHOD, method],
			[ATTRIBUTE.TIMEOUT, "1"],
			[ATTRIBUTE.VERSION, "2"],
		]),
	},
});
const answers = ({ sent }: End) =>
	sent
		.filter(({ rpcResponse }) => rpcResponse)
		.map(({ rpcResponse }) => [rpcResponse?.requestId, rpcResponse?.error?.code]);

test("calls at a time are bounded, both ways, until their methods end", async () => {
	const { a, b } = link(0);
	let end = () => {};
	const ended = new Promise<string>((resolve) => {
		end = () => resolve("");
	});
	b.server.register("slow", () => ended);
	// However soon their callers give up: what a method holds it holds until it ends.
	for (let i = 0; i < 40; i++) b.receive(request(`${i}`, "slow"), "flood");
	assert.deepEqual(b.server.stats, { incoming: 16, refused: 24 });
	await sleep(0);
	assert.equal(answers(b).length, 24);
	end();
	await sleep(0);
	assert.deepEqual(b.server.stats, { incoming: 0, refused: 24 });
	b.receive(request("200", "slow"), "flood"); // ends in a turn of its own
	assert.deepEqual(b.server.stats, { incoming: 1, refused: 24 });
	a.other = undefined;
	const calls = Array.from({ length: 33 }, () => call(a, "x"));
	for (const one of calls) one.catch(() => {});
	await assert.rejects(calls[32], coded(ErrorCode.SEND_FAILED));
	assert.equal(a.client.stats.outgoing, 32);
	a.client.close();
});

test("payloads of calls in hand are bounded", async () => {
	const { a, b } = link(0, { maxTextBytes: 20_000 });
	b.server.register("slow", async ({ payload }) => {
		await sleep(5);
		return String(payload.length);
	});
	const payload = "x".repeat(15_000);
	const [first, second] = [call(a, "slow", payload), call(a, "slow", payload)];
	await assert.rejects(second, coded(ErrorCode.APPLICATION_ERROR));
	assert.equal(await first, "15000");
	assert.equal(await call(a, "slow", payload), "15000");
});

test("responses hold the budget until they are sent, whoever has left", async () => {
	const { a, b } = link(0, { maxTextBytes: 20_000 });
	let open = () => {};
	const sent = new Promise<void>((resolve) => {
		open = resolve;
	});
	b.gate = ({ rpcResponse }) => (rpcResponse?.payload ? sent : undefined);
	b.server.register("echo", ({ payload }) => payload);
	b.server.register("large", () => "y".repeat(10_000));
	const payload = "x".repeat(15_000);
	const echo = call(a, "echo", payload);
	await sleep(0);
	assert.equal(b.texts.used, 15_000);
	// Neither the payload of another one, nor its response, nor a text of somebody's.
	await assert.rejects(call(a, "echo", payload), coded(ErrorCode.APPLICATION_ERROR));
	await assert.rejects(call(a, "large"), coded(ErrorCode.APPLICATION_ERROR));
	let failed: unknown;
	b.incoming.registerText("t", (reader) =>
		reader.readAll().then(
			() => {},
			(error) => (failed = error),
		),
	);
	b.receive({ streamHeader: { streamId: "1", topic: "t", textHeader: {}, totalLength: 6_000 } });
	await sleep(0);
	assert.ok(failed instanceof Error);
	b.server.onParticipantGone("a");
	assert.equal(b.texts.used, 15_000);
	open();
	assert.equal(await echo, payload);
	await sleep(0);
	assert.equal(b.texts.used, 0);
	assert.equal(await call(a, "large"), "y".repeat(10_000));
	assert.equal(b.server.stats.refused, 2);
});

test("a response of any size goes, with nothing else in hand", async () => {
	const { a, b } = link(2, { maxTextBytes: 2_000 });
	a.incoming.unregisterText(RESPONSE_TOPIC);
	let length = 0;
	a.incoming.registerText(RESPONSE_TOPIC, async (reader) => {
		for await (const piece of reader) length += piece.length;
	});
	b.server.register("large", () => "x".repeat(50_000));
	call(a, "large").catch(() => {});
	await sleep(5);
	assert.equal(length, 50_000);
	assert.equal(b.texts.used, 0);
	a.client.close();
});

test("a hostile caller's requests are all answered, and hold no more than their places", async () => {
	const { b } = link(1, { maxTextBytes: 20_000, maxStreams: 4 });
	b.server.register("echo", ({ payload }) => payload);
	b.other = undefined;
	b.clientProtocol = 1;
	// Payloads that never come, that are too large, of versions and methods that are not there.
	for (let i = 0; i < 3; i++) b.receive(requestStream(`open ${i}`, "echo", 6_000), "h");
	for (let i = 0; i < 50; i++) b.receive(requestStream(`more ${i}`, "echo", 6_000), "h");
	for (let i = 0; i < 50; i++) {
		b.receive(requestStream(`big ${i}`, "echo", 30_000), "i");
		b.receive(requestStream(`none ${i}`, "none", 10), "i");
		await sleep(0);
	}
	for (let i = 0; i < 50; i++) b.receive(request(`v1 ${i}`, "echo", "x".repeat(15_000)), "i");
	await sleep(0);
	const of = (start: string) =>
		answers(b)
			.filter(([id]) => String(id).startsWith(start))
			.map(([, code]) => code);
	assert.equal(of("open").length, 0);
	assert.deepEqual(of("more"), new Array(50).fill(ErrorCode.APPLICATION_ERROR));
	assert.deepEqual(of("big"), new Array(50).fill(ErrorCode.REQUEST_PAYLOAD_TOO_LARGE));
	assert.deepEqual(of("none"), new Array(50).fill(ErrorCode.UNSUPPORTED_METHOD));
	assert.deepEqual(of("v1"), new Array(50).fill(ErrorCode.APPLICATION_ERROR));
	assert.equal(b.sent.filter(({ rpcAck }) => rpcAck).length, 203);
	assert.equal(b.texts.used, 18_000);
	b.incoming.onParticipantGone("h");
	await sleep(0);
	assert.equal(b.texts.used, 0);
	assert.deepEqual(b.server.stats, { incoming: 0, refused: 150 });
});

test("a response that finds no place here ends its call", async () => {
	const { a, b } = link(1, { maxStreams: 1 });
	b.server.register("x", () => "y");
	a.incoming.registerText("t", () => {});
	a.receive({ streamHeader: { streamId: "1", topic: "t", textHeader: {} } });
	await assert.rejects(call(a, "x"), coded(ErrorCode.APPLICATION_ERROR));
	assert.equal(a.client.stats.outgoing, 0);
});
