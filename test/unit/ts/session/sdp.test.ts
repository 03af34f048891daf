import { assert, test } from "harness";
import { buildOffer, type Offer } from "livekit/session/sdp/build";
import {
	formatCandidate,
	formatCandidateInit,
	parseCandidate,
	parseCandidateInit,
} from "livekit/session/sdp/candidate";
import { LIMITS, parseDescription, SdpError } from "livekit/session/sdp/parse";
import { collect, heap } from "simulator";
import type { Candidate } from "webrtc-native/webrtc";
import { FINGERPRINT, first, inactive, withTrack } from "./answer";

const candidate: Candidate = {
	type: "host",
	address: "192.168.1.7",
	port: 51234,
	priority: 2130706431,
	foundation: "1",
};

const offer: Offer = {
	sessionId: 4611731400430051,
	version: 2,
	ufrag: "abcd",
	pwd: "abcdefghijklmnopqrstuvwx",
	fingerprint: FINGERPRINT,
	candidates: [candidate],
	sections: [
		{ mid: "0", track: { stream: "device", cid: "c1d", ssrc: 4294967295, cname: "name" } },
		{ mid: "1" },
		{ mid: "2", data: true },
	],
};

test("an offer, line by line", () => {
	const transport = [
		"a=rtcp-mux",
		"a=setup:actpass",
		"a=ice-ufrag:abcd",
		"a=ice-pwd:abcdefghijklmnopqrstuvwx",
		`a=fingerprint:sha-256 ${FINGERPRINT}`,
		"a=rtpmap:111 opus/48000/2",
		"a=fmtp:111 minptime=10;useinbandfec=1",
		"a=rtcp-fb:111 nack",
		"a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
		"a=extmap:2 urn:ietf:params:rtp-hdrext:sdes:mid",
	];
	assert.deepEqual(buildOffer(offer).split("\r\n"), [
		"v=0",
		"o=- 4611731400430051 2 IN IP4 0.0.0.0",
		"s=-",
		"t=0 0",
		"a=group:BUNDLE 0 1 2",
		"a=extmap-allow-mixed",
		"a=msid-semantic: WMS *",
		"a=ice-options:trickle",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111",
		"c=IN IP4 0.0.0.0",
		"a=mid:0",
		"a=sendonly",
		...transport,
		"a=msid:device c1d",
		"a=ssrc:4294967295 cname:name",
		"a=candidate:1 1 udp 2130706431 192.168.1.7 51234 typ host",
		"m=audio 9 UDP/TLS/RTP/SAVPF 111",
		"c=IN IP4 0.0.0.0",
		"a=mid:1",
		"a=recvonly",
		...transport,
		"m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
		"c=IN IP4 0.0.0.0",
		"a=mid:2",
		...transport.slice(1, 5),
		"a=sctp-port:5000",
		"a=max-message-size:65535",
		"",
	]);
});

test("an offer with RED lists 63 behind 111", () => {
	const lines = buildOffer({ ...offer, red: true }).split("\r\n");
	assert.equal(lines.filter((line) => line === "m=audio 9 UDP/TLS/RTP/SAVPF 111 63").length, 2);
	assert.ok(lines.includes("a=rtpmap:63 red/48000/2"));
	assert.ok(lines.includes("a=fmtp:63 111/111"));
});

test("an unpublished section stays, sendonly and without a track", () => {
	const [sending, receiving] = offer.sections;
	const text = buildOffer({ ...offer, sections: [{ ...sending, idle: 2 }, receiving] });
	assert.ok(text.includes("a=mid:0\r\na=sendonly\r\n"));
	assert.ok(!text.includes("a=msid:"));
	assert.ok(!text.includes("a=ssrc:"));
});

test("what is built can be read", () => {
	const description = parseDescription(buildOffer(offer));
	assert.equal(description.ufrag, "abcd");
	assert.equal(description.setup, "actpass");
	assert.deepEqual(description.candidates, [candidate]);
	assert.deepEqual(
		description.sections.map(({ mid, direction, ssrc, trackId }) => ({
			mid,
			direction,
			ssrc,
			trackId,
		})),
		[
			{ mid: "0", direction: "sendonly", ssrc: 4294967295, trackId: "c1d" },
			{ mid: "1", direction: "recvonly", ssrc: undefined, trackId: undefined },
			{ mid: "2", direction: "sendrecv", ssrc: undefined, trackId: undefined },
		],
	);
});

test("an answer of livekit-server", () => {
	const { sections, candidates, skipped, complete, ...transport } = parseDescription(withTrack());
	assert.deepEqual(transport, {
		ufrag: "YkGqyatqNFUBrclJ",
		pwd: "SNKSvkxJwMeRKPraMKVDqrDXzuyFkboM",
		fingerprint: FINGERPRINT,
		setup: "active",
		iceLite: false,
	});
	assert.deepEqual(
		candidates.map(({ protocol, address, port }) => [protocol, address, port].join(" ")),
		["tcp 127.0.0.1 7891", " fd00::2 7892", " 127.0.0.1 7892"],
	);
	assert.deepEqual(skipped, { component: 3 });
	assert.ok(complete);
	assert.equal(sections.length, 3);
	const [up, down, data] = sections;
	assert.deepEqual([data.kind, data.sctpPort, data.maxMessageSize], ["application", 5000, 65536]);
	assert.equal(up.direction, "recvonly");
	assert.equal(up.ssrc, undefined);
	assert.deepEqual(up.codecs.get(111), {
		name: "opus",
		clockRate: 48000,
		fmtp: "minptime=10;useinbandfec=1;usedtx=1",
	});
	assert.equal(down.direction, "sendonly");
	assert.equal(down.ssrc, 2018590473);
	assert.equal(down.trackId, "TR_voice");
	assert.deepEqual([down.audioLevelId, down.midId], [1, 2]);
});

test("answers without a track, and with one that is gone", () => {
	assert.equal(parseDescription(first).sections[1].trackId, undefined);
	assert.equal(parseDescription(first).complete, false);
	assert.equal(parseDescription(inactive).sections[1].direction, "inactive");
});

test("a section's own transport wins over the session's", () => {
	const other = FINGERPRINT.replace("02", "ff");
	const text = first.replace("a=mid:0", `a=mid:0\r\na=fingerprint:SHA-256 ${other.toLowerCase()}`);
	assert.equal(parseDescription(text).fingerprint, other.toUpperCase());
});

test("a refused section does not describe the transport", () => {
	const text = first.replace("m=audio 9", "m=audio 0").replace("ice-ufrag:Yk", "ice-ufrag:Other");
	const description = parseDescription(text);
	assert.ok(description.sections[0].rejected);
	assert.equal(description.ufrag, "YkGqyatqNFUBrclJ");
});

test("line ends without CR, unknown lines and attributes are no matter", () => {
	const text = `${first.replaceAll("\r\n", "\n")}b=AS:64\na=constructor:x\na=toString\nx\n\n`;
	assert.equal(parseDescription(text).sections.length, 3);
});

const replace = (from: string | RegExp, to: string) => first.replaceAll(from, to);
const many = (line: string, count: number) => Array(count).fill(line).join("\r\n");

/** What is wrong, and text that is wrong that way. */
const hostile: [string, string][] = [
	["nothing", ""],
	["not SDP", "{}"],
	["over-long text", first.padEnd(LIMITS.length + 1, "\r\n")],
	["an endless line", `${first}a=x:${"y".repeat(LIMITS.line)}`],
	["too many lines", `${first}${many("a=x", LIMITS.lines)}`],
	["too many sections", `${first}${many("m=audio 9 x 111", LIMITS.sections)}`],
	["a line that CR ends early", replace("minptime=10", "minptime=10\rm=x")],
	["a line with NUL", replace("minptime=10", "minptime=10\0")],
	["no sections", first.slice(0, first.indexOf("m="))],
	["all sections refused", replace(/^m=(\w+) 9/gm, "m=$1 0")],
	["m= without a port", replace("m=audio 9", "m=audio")],
	["a port over 65535", replace("m=audio 9", "m=audio 65536")],
	["a negative port", replace("m=audio 9", "m=audio -1")],
	["m= with an odd medium", replace("m=audio", "m=AUDIO!")],
	["no mid", replace("a=mid:1", "a=x:1")],
	["the same mid twice", replace("a=mid:1", "a=mid:0")],
	["an over-long mid", replace("a=mid:1", `a=mid:${"1".repeat(17)}`)],
	["a mid with a space", replace("a=mid:1", "a=mid:1 2")],
	["no ufrag", replace(/a=ice-ufrag:.*\r\n/g, "")],
	["a short ufrag", replace(/a=ice-ufrag:.*/g, "a=ice-ufrag:abc")],
	["an over-long ufrag", replace(/a=ice-ufrag:.*/g, `a=ice-ufrag:${"a".repeat(257)}`)],
	["a ufrag of other characters", replace(/a=ice-ufrag:.*/g, "a=ice-ufrag:ab😀cd")],
	["no pwd", replace(/a=ice-pwd:.*\r\n/g, "")],
	["a short pwd", replace(/a=ice-pwd:.*/g, "a=ice-pwd:tooshort")],
	["no fingerprint", replace(/a=fingerprint:.*\r\n/g, "")],
	["only a SHA-1", replace("a=fingerprint:sha-256", "a=fingerprint:sha-1")],
	["a fingerprint of 31 bytes", replace(FINGERPRINT, FINGERPRINT.slice(3))],
	["a fingerprint of 33 bytes", replace(FINGERPRINT, `${FINGERPRINT}:00`)],
	["a fingerprint of other digits", replace(FINGERPRINT, FINGERPRINT.replace("02", "0G"))],
	["no setup", replace("a=setup:active\r\n", "")],
	["holdconn", replace("a=setup:active", "a=setup:holdconn")],
];
for (const [name, text] of hostile) {
	test(`refused: ${name}`, () => {
		assert.throws(() => parseDescription(text), SdpError);
	});
}

test("broken in any place, an answer is read or refused", () => {
	const answer = withTrack();
	const noise = ["", " ", ":", "\r\n", "m=audio 0", "a=mid:1", "-1", "4294967296", "😀", "\0"];
	let random = 7; // the same every run
	const next = (below: number) => {
		random = (random * 1103515245 + 12345) % 2 ** 31;
		return random % below;
	};
	let refused = 0;
	for (let i = 0; i < 400; i++) {
		const from = next(answer.length);
		const to = from + next(40);
		const text = answer.slice(0, from) + noise[next(noise.length)] + answer.slice(to);
		try {
			parseDescription(text);
		} catch (error) {
			assert.ok(error instanceof SdpError, `${error}: ${text}`);
			refused++;
		}
	}
	assert.ok(refused > 20 && refused < 380, `${refused} of 400 refused`);
});

test("more candidates than are kept are counted", () => {
	const line = "a=candidate:1 1 udp 1 10.0.0.1 5000 typ host";
	const { candidates, skipped } = parseDescription(`${first}${many(line, LIMITS.candidates + 3)}`);
	assert.equal(candidates.length, LIMITS.candidates);
	assert.equal(skipped.excess, 3);
});

test("numbers out of range are not kept", () => {
	const text = first
		.replace("SAVPF 111", "SAVPF 111 128 -1 1e1")
		.replace("a=extmap:1", "a=extmap:15")
		.replace("a=recvonly", "a=recvonly\r\na=ssrc:4294967296 cname:x\r\na=rtpmap:112 opus/48000/2");
	const [section] = parseDescription(text).sections;
	assert.deepEqual(section.payloadTypes, [111]);
	assert.equal(section.audioLevelId, 0);
	assert.equal(section.ssrc, undefined);
	assert.ok(!section.codecs.has(112));
});

const good = "candidate:2878742611 1 udp 2130706431 127.0.0.1 7892 typ host";

test("candidate lines", () => {
	assert.deepEqual(parseCandidate(`${good} ufrag x`), {
		type: "host",
		address: "127.0.0.1",
		port: 7892,
		priority: 2130706431,
		foundation: "2878742611",
	});
	assert.deepEqual(parseCandidate(formatCandidate(candidate)), candidate);
	assert.deepEqual(parseCandidate(`${good.replace("udp", "TCP")} generation 0 tcptype passive`), {
		...(parseCandidate(good) as Candidate),
		protocol: "tcp",
	});
	const relay = "a=candidate:a+/9 1 UDP 1 2001:db8::1 3478 typ relay raddr 10.0.0.1 rport 9";
	assert.equal((parseCandidate(relay) as Candidate).type, "relay");
});

/** Why, and a line that is skipped for it. */
const skipped: [string, string][] = [
	["tcp", good.replace("udp", "tcp")],
	["tcp", `${good.replace("udp", "tcp")} tcptype active`],
	["tcp", `${good.replace("udp", "tcp")} tcptype`],
	["tcp", `${good.replace("udp", "sctp")} tcptype passive`],
	["hostname", good.replace("127.0.0.1", "0f9c2d1e.local")],
	["component", good.replace(" 1 udp", " 2 udp")],
	["malformed", ""],
	["malformed", "candidate:"],
	["malformed", good.slice(0, good.indexOf(" typ"))],
	["malformed", good.replace("typ host", "typ constructor")],
	["malformed", good.replace("7892", "0")],
	["malformed", good.replace("7892", "65536")],
	["malformed", good.replace("2130706431", "4294967296")],
	["malformed", good.replace("2130706431", "-1")],
	["malformed", good.replace("2878742611", "a b")],
	["malformed", good.replace("2878742611", "f".repeat(33))],
	["malformed", good.padEnd(513, " ")],
];
for (const [index, [reason, line]] of skipped.entries()) {
	test(`candidate skipped as ${reason} (${index})`, () => {
		assert.equal(parseCandidate(line), reason);
	});
}

test("trickled candidates", () => {
	assert.deepEqual(parseCandidateInit(formatCandidateInit(candidate, "0")), candidate);
	assert.equal(parseCandidateInit('{"candidate":""}'), undefined);
	for (const text of [
		"",
		"null",
		"7",
		"[]",
		"{}",
		'{"candidate":7}',
		"{",
		`"${"x".repeat(2048)}"`,
	]) {
		assert.equal(parseCandidateInit(text), "malformed", text.slice(0, 20));
	}
});

test("names that the other side makes up leave nothing behind", () => {
	const read = (count: number, prefix: string) => {
		for (let i = 0; i < count; i++) {
			const name = `${prefix}${i}`;
			parseDescription(first.replace("a=rtcp-rsize", `a=${name}:1`));
			assert.equal(parseCandidateInit(`{"${name}":{"${name}x":1},"candidate":""}`), undefined);
		}
		collect();
		return heap();
	};
	const before = read(100, "warm");
	const after = read(2_000, "name");
	assert.ok(after.slots - before.slots < 100, `${after.slots - before.slots} slots`);
	assert.ok(
		after.chunkBytes - before.chunkBytes < 1_000,
		`${after.chunkBytes - before.chunkBytes} B`,
	);
}, 20_000);
