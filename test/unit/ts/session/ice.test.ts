/** STUN and TURN servers: their URLs, whose word counts, and what comes of them. */

import { assert, test } from "harness";
import { ClientConfigSetting } from "livekit/protocol/generated/enums";
import { parseIceServers, parseIceUrl } from "livekit/session/iceServers";
import { first } from "./answer";
import { make } from "./made";

const sleep0 = () => Promise.resolve().then(() => {});

test("URLs of STUN and TURN servers", () => {
	const good: [string, string][] = [
		["stun:stun.example.org", "stun udp stun.example.org 3478"],
		["stun:192.0.2.1:19302", "stun udp 192.0.2.1 19302"],
		["turn:turn.example.org", "turn udp turn.example.org 3478"],
		["TURN:turn.example.org:80?transport=TCP", "turn tcp turn.example.org 80"],
		["turn:[2001:db8::1]:3479?transport=udp", "turn udp 2001:db8::1 3479"],
		["turns:turn.example.org", "turn tls turn.example.org 5349"],
		["turns:turn.example.org:443?transport=tcp", "turn tls turn.example.org 443"],
	];
	for (const [url, expected] of good) {
		const server = parseIceUrl(url);
		if (typeof server === "string") assert.fail(`${server}: ${url}`);
		const { turn, transport, host, port } = server as Exclude<typeof server, string>;
		assert.equal(`${turn ? "turn" : "stun"} ${transport} ${host} ${port}`, expected);
	}
	for (const url of [
		"",
		"stun:",
		"http://example.org",
		"turn:user@example.org",
		"turn:example.org:0",
		"turn:example.org:65536",
		"turn:example.org:123456",
		"turn:example.org?transport=sctp",
		"turn:2001:db8::1",
		"turn:example.org/x",
		"stuns:example.org",
		"stun:example.org?transport=tcp",
		"turns:example.org?transport=udp",
		`turn:${"x".repeat(256)}`,
	]) {
		assert.equal(typeof parseIceUrl(url), "string", url);
	}
});

test("servers that cannot be used are told and left out", () => {
	const skipped: string[] = [];
	const servers = parseIceServers(
		[
			{ urls: ["stun:a", "bad:b"] },
			{ urls: "turn:c" },
			{ urls: "turn:d", username: "u", credential: "p".repeat(257) },
			{
				urls: ["turn:1", "turn:2", "turn:3", "turn:4", "turn:5", "turn:6"],
				username: "u",
				credential: "p",
			},
		],
		(reason) => skipped.push(reason),
	);
	assert.deepEqual(
		servers.map(({ host }) => host),
		["a", "1", "2", "3", "4", "5"],
	);
	assert.deepEqual(skipped, [
		"malformed URL: bad:b",
		"no credentials for turn:c",
		"too long credentials for turn:d",
		"more than 6 servers",
	]);
});

const named = { iceServers: [{ urls: ["stun:192.0.2.1"], username: "", credential: "" }] };

test("the server's servers are used, before its answer", async () => {
	const made = make();
	made.session.start("ws://10.0.0.1", "token");
	await sleep0();
	await sleep0();
	assert.equal(made.fakes.peer.ice, undefined);
	made.signal.accept(() => made.signal.answer(first), named);
	assert.deepEqual(
		made.fakes.peer.ice?.servers.map(({ host }) => host),
		["192.0.2.1"],
	);
	assert.equal(made.fakes.peer.ice?.relayOnly, false);
	made.session.leave();
});

test("but not those of a server on this machine", async () => {
	const made = make();
	made.session.start("ws://127.0.0.1", "token");
	await sleep0();
	await sleep0();
	made.signal.accept(() => {}, named);
	assert.equal(made.fakes.peer.ice, undefined);
	made.session.leave();
});

test("the app's servers and policy go before the server's", async () => {
	const iceServers = [{ urls: "turns:turn.example.org", username: "u", credential: "p" }];
	const made = make({
		rtcConfig: { iceServers, iceTransportPolicy: "relay" },
		signal: { tls: { ca: "PEM", serverName: "signal.example.org" } },
	});
	made.session.start("ws://127.0.0.1", "token");
	await sleep0();
	await sleep0();
	const expected = {
		servers: [
			{
				turn: true,
				transport: "tls",
				host: "turn.example.org",
				port: 5349,
				username: "u",
				credential: "p",
			},
		],
		relayOnly: true,
		tls: { ca: "PEM", insecure: undefined },
	};
	assert.deepEqual(made.fakes.peer.ice, expected);
	made.signal.accept(() => {}, named);
	assert.deepEqual(made.fakes.peer.ice, expected);
	made.session.leave();
});

test("the server may allow nothing but relays", async () => {
	const made = make();
	made.session.start("ws://10.0.0.1", "token");
	await sleep0();
	await sleep0();
	const clientConfiguration = { forceRelay: ClientConfigSetting.ENABLED };
	made.signal.accept(() => {}, { ...named, clientConfiguration });
	assert.equal(made.fakes.peer.ice?.relayOnly, true);
	made.session.leave();
});

test("an app's server that cannot be used rejects the join", async () => {
	const made = make({ rtcConfig: { iceServers: [{ urls: "turn:x y" }] } });
	made.session.start("ws://10.0.0.1", "token");
	await sleep0();
	await sleep0();
	await sleep0();
	assert.match(made.end()?.error?.message ?? "", /rtcConfig\.iceServers: malformed URL: turn:x y/);
	assert.ok(made.fakes.peer.closed);
});

test("what STUN and TURN find is trickled, as soon as we are in", async () => {
	const made = make();
	made.session.start("ws://10.0.0.1", "token");
	await sleep0();
	await sleep0();
	const { peer } = made.fakes;
	const found = { address: "198.51.100.7", port: 4000, priority: 1, foundation: "b" };
	peer.options.onCandidate?.({ ...found, type: "srflx" });
	const trickled = () =>
		made.signal.sent
			.filter(({ trickle }) => trickle)
			.map(({ trickle }) => JSON.parse(trickle?.candidateInit ?? "").candidate);
	assert.deepEqual(trickled(), []);
	made.signal.accept(() => made.signal.answer(first));
	await sleep0();
	peer.options.onCandidate?.({ ...found, type: "relay" });
	assert.deepEqual(trickled(), [
		"candidate:b 1 udp 1 198.51.100.7 4000 typ srflx raddr 0.0.0.0 rport 9",
		"candidate:b 1 udp 1 198.51.100.7 4000 typ relay raddr 0.0.0.0 rport 9",
	]);
	made.session.leave();
});
