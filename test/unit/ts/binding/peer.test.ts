import { assert, sleep, test } from "harness";
import config from "mc/config";
import { collect } from "simulator";
import { Microphone, nativeMemory, randomBytes, Speaker } from "webrtc-native/device";
import {
	type Candidate,
	counters,
	createIdentity,
	type Identity,
	Peer,
	type PeerOptions,
} from "webrtc-native/webrtc";

function makeIdentity(stored?: ArrayBuffer): Promise<Identity> {
	return new Promise((resolve, reject) => {
		createIdentity(stored, (identity, error) => (identity ? resolve(identity) : reject(error)));
	});
}

async function until(what: string, condition: () => boolean): Promise<void> {
	for (let i = 0; i < 400; i++) {
		if (condition()) return;
		await sleep(10);
	}
	assert.fail(`never: ${what}`);
}

interface Side {
	peer: Peer;
	identity: Identity;
	candidates: Candidate[];
	states: string[];
	milestones: string[];
	times: number[];
	reason?: string;
}

function openPeer(identity: Identity, options?: Partial<PeerOptions>): Side {
	const side = { identity, states: [], milestones: [], times: [] } as unknown as Side;
	side.peer = new Peer({
		identity,
		loopback: true,
		onState(state, at, reason) {
			side.states.push(state);
			side.times.push(at);
			side.reason = reason;
		},
		onMilestone(milestone, at) {
			side.milestones.push(milestone);
			side.times.push(at);
		},
		...options,
	});
	side.candidates = side.peer.gather();
	return side;
}

function describe(
	from: Side,
	to: Side,
	setup: "actpass" | "active",
	fingerprint = from.identity.fingerprint,
): void {
	to.peer.setRemote({ ufrag: from.peer.ufrag, pwd: from.peer.pwd, fingerprint, setup });
	for (const candidate of from.candidates) to.peer.addCandidate(candidate);
	to.peer.endOfCandidates();
}

function connect(a: Side, b: Side): void {
	describe(b, a, "active");
	describe(a, b, "actpass");
}

const extensions = { audioLevel: 1, mid: 4 };

test("an identity is made once and kept", async () => {
	const made = await makeIdentity();
	assert.match(made.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
	const kept = await makeIdentity(made.bytes);
	assert.equal(kept.fingerprint, made.fingerprint);
	assert.deepEqual(kept.bytes, made.bytes);
	const damaged = made.bytes.slice(0);
	new Uint8Array(damaged)[damaged.byteLength - 1] ^= 1;
	assert.notEqual((await makeIdentity(damaged)).fingerprint, made.fingerprint);
	assert.notEqual((await makeIdentity(new ArrayBuffer(5000))).fingerprint, made.fingerprint);
	assert.throws(() => createIdentity(undefined, undefined as never), TypeError);
});

test("speech from a microphone here to a speaker there", async () => {
	const a = openPeer(await makeIdentity());
	const b = openPeer(await makeIdentity(), { controlling: false });
	const microphone = new Microphone({ driver: "wav", path: config.speech, sampleRate: 16000 });
	const speaker = new Speaker({ driver: "wav", path: config.heard, sampleRate: 24000 });
	assert.equal(microphone.sampleRate, 16000);
	assert.equal(speaker.sampleRate, 24000);
	assert.equal(speaker.firstSound, undefined);

	const sender = a.peer.addSender({
		mid: "0",
		ssrc: 0xfedcba98,
		payloadType: 111,
		extensions,
		cname: "a",
		microphone,
	});
	const receiver = b.peer.addReceiver({ mid: "0", payloadType: 111, extensions, speaker });
	b.peer.setVolume(receiver, 0.5);
	connect(a, b);
	await until("connected", () => a.states.includes("connected") && b.states.includes("connected"));
	assert.deepEqual(a.states, ["connecting", "connected"]);
	await sleep(100);
	assert.deepEqual(a.milestones, [], "a sender starts muted");

	a.peer.setMuted(sender, false);
	await until("sound", () => speaker.firstSound !== undefined);
	assert.deepEqual(a.milestones, ["firstPacketOut"]);
	assert.deepEqual(b.milestones, ["firstPacketIn"]);
	await sleep(500);
	const sent = a.peer.stats;
	assert.deepEqual(Object.keys(sent).sort(), Object.keys(counters).sort());
	const received = b.peer.stats;
	assert.ok(sent.rtpOut > 10 && received.rtpIn > 10, `${sent.rtpOut} ${received.rtpIn}`);
	// One may be on its way from the microphone to the socket.
	const sealed = sent.srtpOutPackets - sent.rtcpOut;
	assert.ok(sent.framesEncoded - sealed <= 1 && sent.framesEncoded >= sealed);
	assert.ok(received.framesDecoded > 5);
	assert.equal(received.droppedUnknownStream, 0);
	assert.equal(received.lost, 0);

	a.peer.setMuted(sender, true);
	await sleep(100);
	const muted = a.peer.stats.rtpOut;
	await sleep(200);
	assert.equal(a.peer.stats.rtpOut, muted);

	// In any order: what is still in use stays until nobody uses it.
	microphone.close();
	speaker.close();
	assert.throws(() => microphone.sampleRate, /closed/);
	assert.throws(() => speaker.firstSound, /closed/);
	microphone.close();
	a.peer.removeSender(sender);
	assert.throws(() => a.peer.setMuted(sender, true), RangeError);
	b.peer.close();
	b.peer.close();
	await until("the other side knows", () => a.states.includes("failed"));
	assert.equal(a.reason, "DTLS: the peer closed the connection");
	a.peer.close();
	const inOrder = [...a.times].sort((x, y) => x - y);
	assert.deepEqual(a.times, inOrder);
	assert.equal(nativeMemory().peer.current, 0);
	assert.equal(nativeMemory().opus.current, 0);
	assert.equal(nativeMemory().dtls.current, 0);
});

test("a wrong fingerprint fails with the reason", async () => {
	const a = openPeer(await makeIdentity());
	const b = openPeer(await makeIdentity(), { controlling: false });
	describe(b, a, "active", a.identity.fingerprint);
	describe(a, b, "actpass");
	await until("failed", () => a.states.includes("failed"));
	assert.match(a.reason ?? "", /^DTLS: .*fingerprint/);
	assert.ok(!a.states.includes("connected"));
	a.peer.close();
	b.peer.close();
});

test("closing in a callback", async () => {
	const a = openPeer(await makeIdentity());
	const b = openPeer(await makeIdentity(), {
		controlling: false,
		onState() {
			b.states.push("once");
			b.peer.close();
		},
	});
	connect(a, b);
	await until("a callback", () => b.states.length > 0);
	await sleep(200);
	assert.deepEqual(b.states, ["once"]);
	a.peer.close();
});

test("a closed peer says so, what others send is refused", async () => {
	const { peer } = openPeer(await makeIdentity());
	const remote = { ufrag: "abcd", pwd: "abcdefghijklmnopqrstuvwx", setup: "active" } as const;
	const fingerprint = Array(32).fill("0a").join(":");
	assert.throws(() => peer.setRemote({ ...remote, fingerprint: "sha-256" }), TypeError);
	assert.throws(
		() => peer.setRemote({ ...remote, fingerprint: fingerprint.replace("a", "g") }),
		TypeError,
	);
	assert.throws(() => peer.setRemote({ ...remote, fingerprint, pwd: "short" }), Error);
	assert.throws(() => peer.setRemote({ ...remote, fingerprint, pwd: "x".repeat(300) }), RangeError);
	assert.throws(
		() => peer.setRemote({ ...remote, fingerprint, setup: "holdconn" as never }),
		TypeError,
	);
	peer.setRemote({ ...remote, fingerprint });
	const candidate = {
		type: "host",
		address: "192.0.2.1",
		port: 9,
		priority: 1,
		foundation: "1",
	} as const;
	peer.addCandidate(candidate);
	peer.addCandidate({ ...candidate, address: "abc.local" });
	peer.addCandidate({ ...candidate, address: "x".repeat(5000) });
	peer.addCandidate({ ...candidate, port: 70000 });
	peer.addCandidate({ ...candidate, foundation: "x".repeat(5000) });
	peer.addCandidate({ ...candidate, type: "tunnel" as never });
	assert.equal(peer.stats.candidatesRefused, 5);
	assert.throws(
		() => peer.addReceiver({ mid: "0", payloadType: 111, extensions, speaker: {} as never }),
		Error,
	);
	assert.throws(
		() =>
			peer.addReceiver({ mid: "x".repeat(17), payloadType: 111, extensions, speaker: {} as never }),
		RangeError,
	);
	peer.close();
	assert.throws(() => peer.gather(), /closed/);
	assert.throws(() => peer.ufrag, /closed/);
	assert.throws(() => peer.stats, /closed/);
	assert.throws(
		() => new Peer({ identity: { bytes: new ArrayBuffer(0), fingerprint: "" } } as never),
		RangeError,
	);
	assert.throws(() => new Peer({} as never));
});

test("nothing is left when it was forgotten and the garbage is gone", async () => {
	(() => {
		new Microphone({ driver: "wav", path: config.speech, sampleRate: 16000 });
	})();
	collect();
	collect();
	// One microphone can be open at a time: a second only when the first was closed.
	new Microphone({ driver: "wav", path: config.speech, sampleRate: 16000 }).close();
	assert.throws(
		() => new Microphone({ driver: "wav", path: "/nowhere.wav", sampleRate: 16000 }),
		/\/nowhere\.wav/,
	);
	assert.throws(() => new Microphone({ driver: "tape" } as never), TypeError);
});

test("data channels: messages both ways, a cap, and native memory that is freed", async () => {
	const received: number[][] = [[], []];
	const opened: number[][] = [[], []];
	let writable = 0;
	const tell = (side: number): Partial<PeerOptions> => ({
		onChannelOpen: (channel) => opened[side].push(channel),
		onMessage: (_channel, message) => {
			const bytes = new Uint8Array(message);
			assert.ok(bytes.every((byte) => byte === bytes.length % 251));
			received[side].push(bytes.length);
		},
		onWritable: () => writable++,
	});
	const a = openPeer(await makeIdentity(), tell(0));
	const b = openPeer(await makeIdentity(), { controlling: false, ...tell(1) });
	const data = { maxMessageBytes: 30_000, sendBuffer: 65_536, receiveBuffer: 65_536 };
	assert.throws(() => a.peer.openChannel({ label: "early" }), /openData/);
	assert.throws(() => a.peer.openData({ ...data, sendBuffer: 2 ** 23 }), RangeError);
	assert.throws(() => a.peer.openData({} as never), TypeError);
	a.peer.openData(data);
	b.peer.openData(data);
	assert.throws(() => a.peer.openData(data), /already/);
	const channel = a.peer.openChannel({ label: "one" });
	a.peer.openChannel({ label: "two", ordered: false, maxRetransmits: 0 });
	assert.throws(() => a.peer.openChannel({ label: "x".repeat(65) }), RangeError);
	connect(a, b);
	await until("open", () => opened[0].length === 2 && opened[1].length === 2);

	const message = (length: number) => new Uint8Array(length).fill(length % 251);
	const sizes = [1, 30_000, 30_001, 1200, 5];
	for (const size of sizes) assert.equal(a.peer.sendMessage(channel, message(size)), true);
	await until("messages", () => received[1].length === 4);
	assert.deepEqual(received[1], [1, 30_000, 1200, 5]);
	assert.equal(b.peer.stats.sctpRefused, 1);
	b.peer.sendMessage(opened[1][0], message(7));
	await until("the other way", () => received[0].length === 1);
	assert.equal(a.peer.bufferedAmount(channel), 0);
	assert.throws(() => a.peer.sendMessage(channel, message(65_536)), RangeError);
	assert.throws(() => a.peer.sendMessage(61, message(1)), /closed/);

	// Until it is full; then there is word when it is not.
	let sent = 0;
	while (a.peer.sendMessage(channel, message(20_000))) sent++;
	await until("room", () => writable > 0);
	await until("all", () => received[1].length === 4 + sent);
	for (let i = 0; i < 100; i++) {
		await until("room", () => a.peer.sendMessage(channel, message(20_000)));
	}
	await until("all", () => received[1].length === 104 + sent);

	// One that takes nothing, and sends all the same.
	b.peer.holdMessages(true);
	const before = received[1].length;
	let waits = 0;
	while (waits < 10 && a.peer.sendMessage(channel, message(20_000))) waits++;
	[writable, sent] = [0, 0];
	while (b.peer.sendMessage(opened[1][0], message(20_000))) sent++;
	await until("room", () => writable > 0);
	await until("the other way", () => received[0].length === 1 + sent);
	assert.equal(received[1].length, before);
	b.peer.holdMessages(false);
	await until("all", () => received[1].length === before + waits);
	const most = nativeMemory().sctp.peak;
	collect();
	collect();
	assert.ok(nativeMemory().sctp.current < most);
	assert.ok(most < 4 * 1.5 * 65_536 + 5 * 65_536, `${most}`);
	a.peer.close();
	assert.throws(() => a.peer.sendMessage(channel, message(1)), /closed/);
	b.peer.close();
});

test("random bytes", () => {
	assert.equal(randomBytes(0).byteLength, 0);
	const bytes = new Uint8Array(randomBytes(1000));
	assert.ok(new Set(bytes).size > 200);
	assert.throws(() => randomBytes(-1), RangeError);
	assert.throws(() => randomBytes(NaN), RangeError);
});

// Last: what it leaves open, the host closes when the harness exits, in an order of its own.
test("the app may end in the middle of a call", async () => {
	const a = openPeer(await makeIdentity());
	const b = openPeer(await makeIdentity(), { controlling: false });
	const microphone = new Microphone({ driver: "wav", path: config.speech, sampleRate: 16000 });
	const speaker = new Speaker({ driver: "wav", path: config.heard, sampleRate: 48000 });
	const sender = a.peer.addSender({
		mid: "0",
		ssrc: 1,
		payloadType: 111,
		extensions,
		cname: "a",
		microphone,
	});
	b.peer.addReceiver({ mid: "0", payloadType: 111, extensions, speaker });
	a.peer.setMuted(sender, false);
	connect(a, b);
	await until("media", () => b.milestones.includes("firstPacketIn"));
	createIdentity(undefined, () => assert.fail("called after the end"));
});
