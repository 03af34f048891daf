import { assert, sleep, test } from "harness";
import { Log } from "livekit/platform/log";
import { ReconnectReason, TrackType } from "livekit/protocol/generated/enums";
import type { JoinRequest } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import { ConnectionError } from "livekit/signal/ConnectionError";
import { parseEndpoint } from "livekit/signal/Endpoint";
import { HttpGet } from "livekit/signal/http";
import { SignalClient } from "livekit/signal/SignalClient";
import type { SignalClosed, SignalOptions } from "livekit/signal/types";
import config from "mc/config";

const URL = `ws://127.0.0.1:${config.port}`;
const silent = new Log("silent");

function client(options: SignalOptions = {}): SignalClient {
	return new SignalClient({ log: silent, ...options });
}

/** Every event as it comes, by name. */
function record(signal: SignalClient): string[] {
	const events: string[] = [];
	for (const kind of ["answer", "trickle", "refreshToken", "trackPublished", "closed"] as const)
		signal.on(kind, () => events.push(kind));
	return events;
}

async function seen(): Promise<{ validations: string[]; leaves: number[] }> {
	return new Promise((resolve) => {
		new HttpGet({
			endpoint: parseEndpoint(URL),
			target: "/seen",
			headers: "",
			timeout: 2000,
			onDone: (response) => resolve(JSON.parse(response?.body ?? "null")),
		});
	});
}

async function failure(
	token: string,
	url = URL,
	options: SignalOptions = {},
): Promise<ConnectionError> {
	try {
		await client(options).connect(url, token, {});
	} catch (error) {
		if (error instanceof ConnectionError) return error;
		throw error;
	}
	throw new Error(`${token} was no failure`);
}

function closed(signal: SignalClient): Promise<SignalClosed> {
	return new Promise((resolve) => {
		signal.on("closed", resolve);
	});
}

test("joins; what comes right behind is emitted before connect() goes on", async () => {
	const signal = client();
	const events = record(signal);
	assert.equal(signal.connected, false);
	const join = await signal.connect(URL, "join", {});
	assert.equal(join.room?.name, "room 😀");
	assert.equal(join.participant?.attributes.get("lk.😀"), "☂");
	assert.equal(signal.connected, true);
	await sleep(50);
	assert.deepEqual(events, ["answer", "trickle"]);
	signal.close();
	assert.equal(signal.connected, false);
});

test("what it says about itself, and to which path", async () => {
	const joined: Init<JoinRequest> = {
		connectionSettings: { autoSubscribe: true },
		publisherOffer: { type: "offer", sdp: "v=0\r\no=- 😀\r\n", id: 1 },
		addTrackRequests: [{ cid: "mic", type: TrackType.AUDIO }],
		clientInfo: { os: "desktop" },
	};
	for (const [url, path] of [
		[URL, "/rtc/v1"],
		[`${URL.replace("ws:", "http:")}/some/prefix/?x=1#y`, "/some/prefix/rtc/v1"],
	]) {
		const signal = client();
		const token = new Promise<string>((resolve) => {
			signal.on("refreshToken", resolve);
		});
		await signal.connect(url, "record", joined);
		assert.deepEqual(JSON.parse(await token), {
			join: {
				clientInfo: {
					sdk: "ESP32",
					version: config.version,
					protocol: 17,
					os: "desktop",
					clientProtocol: 2,
				},
				connectionSettings: { autoSubscribe: true },
				addTrackRequests: [{ cid: "mic" }],
				publisherOffer: { type: "offer", sdp: "v=0\r\no=- 😀\r\n", id: 1 },
			},
			query: {},
			path,
			authorization: "Bearer record",
		});
		signal.close();
	}
});

test("what it says to a server that wants two peer connections, and again at a resume", async () => {
	const about = {
		sdk: "esp32",
		version: config.version,
		protocol: "17",
		client_protocol: "2",
		auto_subscribe: "1",
	};
	const connectionSettings = { autoSubscribe: true };
	const resume = { participantSid: "PA_1", reconnectReason: ReconnectReason.RR_SUBSCRIBER_FAILED };
	for (const again of [false, true]) {
		const signal = client({ singlePeerConnection: false });
		const heard = new Promise<string>((resolve) => {
			signal.on("refreshToken", resolve);
		});
		if (again) await signal.resume(URL, "record", { connectionSettings, ...resume });
		else await signal.connect(URL, "record", { connectionSettings });
		const { query, path } = JSON.parse(await heard);
		assert.equal(path, "/rtc");
		const more = { reconnect: "1", sid: "PA_1", reconnect_reason: "3" };
		assert.deepEqual(query, again ? { ...about, ...more } : about);
		signal.close();
	}
});

test("pings, keeps the round trip time, stays connected by the answers", async () => {
	const signal = client();
	await signal.connect(URL, "join", {});
	assert.equal(signal.rtt, 0);
	await sleep(2600);
	assert.equal(signal.connected, true);
	assert.ok(signal.rtt > 0 && signal.rtt < 200);
	assert.equal(signal.stats.messagesOut, 2);
	assert.equal(signal.stats.messagesIn, 5);
	assert.ok(signal.stats.bytesIn > 100 && signal.stats.bytesOut > 100);
	signal.close();
});

test("a server that says nothing more is given up", async () => {
	const signal = client();
	await signal.connect(URL, "deaf", {});
	const { message, code } = await closed(signal);
	assert.equal(code, 1006);
	assert.equal(message, "no word from the server for 2 s");
	assert.equal(signal.connected, false);
	assert.equal(signal.send({ leave: {} }), false);
});

test("malformed, text and oversize messages are dropped and counted", async () => {
	const lines: string[] = [];
	const signal = client({ log: new Log("warn", (line) => lines.push(line)) });
	const token = new Promise<string>((resolve) => {
		signal.on("refreshToken", resolve);
	});
	await signal.connect(URL, "bad-messages", {});
	assert.equal(await token, "still here");
	assert.equal(signal.stats.malformed, 2);
	assert.equal(signal.stats.refused, 1);
	assert.equal(lines.length, 3);
	signal.close();
});

test("a listener that throws is reported, and the next message read", async () => {
	const lines: string[] = [];
	const signal = client({ log: new Log("error", (line) => lines.push(line)) });
	signal.on("answer", () => {
		throw new Error("mine");
	});
	const events = record(signal);
	await signal.connect(URL, "join", {});
	await sleep(20);
	assert.deepEqual(events, ["answer", "trickle"]);
	assert.match(lines.join(), /a listener of answer threw.*mine/);
	signal.close();
});

test("requests and their responses", async () => {
	const signal = client();
	await signal.connect(URL, "join", {});
	const requestId = signal.nextRequestId();
	assert.ok(signal.send({ updateMetadata: { name: "x", requestId } }));
	assert.equal((await signal.response(requestId))?.message, "no");
	const unanswered = signal.nextRequestId();
	assert.equal(unanswered, requestId + 1);
	signal.send({ updateMetadata: { name: "unanswered", requestId: unanswered } });
	assert.equal(await signal.response(unanswered, 50), undefined);
	const pending = signal.response(signal.nextRequestId());
	signal.close();
	assert.equal(await pending, undefined);
});

test("leave() tells the server", async () => {
	const signal = client();
	const events = record(signal);
	await signal.connect(URL, "join", {});
	signal.leave();
	await sleep(50);
	assert.deepEqual((await seen()).leaves, [1]);
	assert.equal(events.includes("closed"), false);
});

test("the server closes, or drops", async () => {
	const restarting = client();
	await restarting.connect(URL, "close-later", {});
	const end = await closed(restarting);
	assert.equal(end.code, 1001);
	assert.match(end.message, /restarting/);
	const dropped = client();
	await dropped.connect(URL, "drop-later", {});
	assert.equal((await closed(dropped)).code, 1006);
});

const FAILURES: readonly [string, string, number | undefined, RegExp][] = [
	["expired", "NotAllowed", 401, /^the token has expired: make a new one$/],
	["unknown", "NotAllowed", 401, /^the server refuses the token \(HTTP 401, "go away with …"\)/],
	["forbidden", "NotAllowed", 403, /roomJoin/],
	["no-room", "NotAllowed", 404, /^the room does not exist/],
	["not-livekit", "ServiceNotFound", 404, /check the URL's path/],
	["too-many", "InternalError", 429, /limit exceeded/],
	["broken", "InternalError", 500, /HTTP 500, "internal"/],
	["redirect", "WebSocket", 307, /redirects to wss:\/\/else\.where\//],
	["drop-before-upgrade", "WebSocket", undefined, /accepts the token but not the WebSocket/],
	["drop-all", "ServerUnreachable", undefined, /broke off/],
	["leave-first", "LeaveRequest", undefined, /SERVER_SHUTDOWN/],
	["other-first", "InternalError", undefined, /no join response \(refreshToken\)/],
	["malformed-first", "InternalError", undefined, /no join response/],
	["huge-first", "InternalError", undefined, /larger than maxSignalBytes \(65536\)/],
	["stop-mid-join", "WebSocket", undefined, /stopped before the join was done/],
	["", "NotAllowed", undefined, /the token is empty/],
	["two\r\nlines", "NotAllowed", undefined, /the token is malformed/],
];

test("failures by reason, in one line", async () => {
	for (const [token, reason, status, message] of FAILURES) {
		const error = await failure(token);
		assert.equal(error.reasonName, reason, token);
		assert.equal(error.status, status, token);
		assert.match(error.message, message, token);
		assert.equal(error.message.includes("\n"), false, token);
		if (token) assert.equal(error.message.includes(`${token},`), false, token);
	}
	const { validations } = await seen();
	assert.ok(validations.includes("expired") && validations.includes("drop-before-upgrade"));
	assert.equal(validations.includes("stop-mid-join"), false);
	assert.equal((await failure("leave-first")).context, 3);
});

test("failures of the network", async () => {
	const refused = await failure("join", "ws://127.0.0.1:1");
	assert.equal(refused.reasonName, "ServerUnreachable");
	assert.match(refused.message, /^nothing listens at 127\.0\.0\.1:1/);
	const unknown = await failure("join", "wss://no-such-host.invalid");
	assert.equal(unknown.reasonName, "ServerUnreachable");
	assert.match(unknown.message, /no-such-host\.invalid.*; check the URL/);
	const url = await failure("join", "localhost:7880");
	assert.match(url.message, /is not a server URL/);
}, 20000);

test("wss: with a private CA, with an unknown one, to a server without TLS", async () => {
	const url = `wss://127.0.0.1:${config.securePort}`;
	const signal = client({ tls: { ca: config.ca } });
	await signal.connect(url, "join", {});
	assert.match(signal.stats.cipher, /^TLSv1\.[23] /);
	signal.leave();
	const untrusted = await failure("join", url);
	assert.equal(untrusted.reasonName, "ServerUnreachable");
	assert.match(untrusted.message, /^certificate of 127\.0\.0\.1: .*; give its CA/);
	const expired = await failure("expired", url, { tls: { ca: config.ca } });
	assert.match(expired.message, /^the token has expired/);
	const plain = await failure("join", `wss://127.0.0.1:${config.port}`);
	assert.match(plain.message, /^TLS with 127\.0\.0\.1: .*; check the URL/);
}, 10000);

test("every wait has an end", async () => {
	const unopened = await failure("silent", URL, { openTimeout: 100 });
	assert.equal(unopened.reasonName, "Timeout");
	const unjoined = await failure("no-message", URL, { joinTimeout: 100 });
	assert.equal(unjoined.reasonName, "Timeout");
	assert.match(unjoined.message, /no join response within 100 ms/);
});

test("close() while connecting, at any step", async () => {
	for (const [token, delay] of [
		["join", 0],
		["silent", 30],
		["no-message", 50],
	] as const) {
		const signal = client();
		const connecting = signal.connect(URL, token, {});
		if (delay) await sleep(delay);
		signal.close();
		await assert.rejects(connecting, (error) => error.reasonName === "Cancelled");
	}
});
