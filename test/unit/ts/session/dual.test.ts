/** A peer connection each way: when it is chosen, what the server offers, and the way back. */

import { assert, sleep, test } from "harness";
import {
	DataPacket_Kind,
	LeaveRequest_Action,
	ReconnectReason,
	SignalTarget,
} from "livekit/protocol/generated/enums";
import { ConnectionError, ConnectionErrorReason } from "livekit/signal/ConnectionError";
import { dataOnly, first, offered } from "./answer";
import type { FakePeer } from "./fakes";
import { leave, type Made, make, track } from "./made";

const unknown = new ConnectionError("no such path", ConnectionErrorReason.ServiceNotFound);

const offer = ({ signal }: Made, sdp: string, id = 7) =>
	signal.emit("offer", { type: "offer", sdp, id, midToTrackId: new Map() });

const answers = ({ signal }: Made) => signal.sent.flatMap(({ answer }) => answer ?? []);

/** The server's two channels, and one that is of no concern. */
function openDown(peer: FakePeer): void {
	for (const [channel, label] of ["_data_track", "_lossy", "_reliable"].entries()) {
		peer.options.onChannelOpen?.(channel, 5, label);
	}
}

/** Joins a server that does not know /rtc/v1. */
async function join(made: Made, sdp = offered({}), response: object = {}): Promise<void> {
	made.session.start("ws://10.0.0.1", "token");
	await sleep(0);
	made.signal.refuse(unknown);
	await sleep(0);
	made.signal.accept(() => offer(made, sdp), { subscriberPrimary: true, ...response });
	await sleep(0);
}

/** As join(), and all is up. */
async function connect(made: Made, sdp?: string) {
	await join(made, sdp);
	const [, up, down] = made.fakes.peers;
	const sends = made.signal.sent.some(({ addTrack }) => addTrack);
	made.signal.answer(sends ? first : dataOnly, 1);
	up.state("connected");
	up.openChannels();
	down.state("connected");
	openDown(down);
	assert.equal(made.session.state, "connected");
	return { up, down };
}

test("a server without /rtc/v1 is joined with two peer connections, and is remembered", async () => {
	const made = make();
	await connect(made);
	const { signals, peers } = made.fakes;
	assert.deepEqual(
		signals.map(({ options }) => options.singlePeerConnection),
		[undefined, false], // the first one is made before it is asked for
	);
	assert.ok(peers[0].closed && !peers[1].closed && !peers[2].closed);
	assert.equal(signals[1].join?.publisherOffer, undefined);
	assert.deepEqual(made.events, ["joined", "connected"]);
	leave(made, LeaveRequest_Action.RECONNECT);
	await sleep(0);
	assert.equal(made.signal.options.singlePeerConnection, false);
	assert.equal(peers.length, 5);
	assert.ok(peers[1].closed && peers[2].closed);
	made.session.leave();
	assert.ok(peers.every(({ closed }) => closed));
});

test("a URL at which there is no server at all", async () => {
	const made = make();
	made.session.start("ws://10.0.0.1", "token");
	for (const _ of [1, 2]) {
		await sleep(0);
		made.signal.refuse(unknown);
	}
	await sleep(0);
	assert.equal(made.session.state, "closed");
	assert.equal(made.end()?.error?.reason, ConnectionErrorReason.ServiceNotFound);
});

test("two peer connections can be asked for", async () => {
	const made = make({ singlePeerConnection: false });
	made.session.start("ws://10.0.0.1", "token");
	await sleep(0);
	assert.equal(made.fakes.peers.length, 2);
	assert.deepEqual(
		made.fakes.peers.map(({ options }) => options.controlling),
		[true, false],
	);
	made.session.leave();
});

test("tracks of ours: AddTrack, then the offer, without a section to receive in", async () => {
	const made = make();
	const published = made.session.publish({ cid: "mic", ...track });
	await connect(made);
	const { sent } = made.signal;
	const kinds = sent
		.flatMap((request) => Object.keys(request))
		.filter((kind) => kind !== "trickle");
	assert.deepEqual(kinds, ["answer", "addTrack", "offer"]);
	const sdp = sent.find(({ offer }) => offer)?.offer?.sdp ?? "";
	assert.equal(sdp.includes("a=recvonly"), false);
	assert.match(sdp, /a=msid:\S+ mic/);
	made.signal.published("mic", "TR_mic");
	assert.equal((await published).sid, "TR_mic");
	assert.equal(made.fakes.peers[1].senders.size, 1);
	made.session.leave();
});

test("what the server offers is answered: its tracks play, we are the DTLS server", async () => {
	const made = make();
	const { down } = await connect(
		made,
		offered({
			audio: [
				["TR_a", 11],
				["TR_b", 12],
			],
		}),
	);
	const [{ sdp = "", id, type }] = answers(made);
	assert.deepEqual([id, type], [7, "answer"]);
	assert.deepEqual(down.receiving, { 1: 11, 2: 12 });
	assert.equal(down.remote?.setup, "active");
	assert.match(sdp, /a=group:BUNDLE 0 1 2\r\n/);
	assert.equal(sdp.match(/a=setup:passive/g)?.length, 3);
	assert.equal(sdp.match(/m=audio 9 UDP\/TLS\/RTP\/SAVPF 109\r\n/g)?.length, 2);
	assert.equal(sdp.match(/a=recvonly/g)?.length, 2);
	assert.match(sdp, /a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid/);
	assert.match(sdp, /a=candidate:0 1 udp 9 10\.0\.0\.1 4000 typ host/);
	assert.deepEqual(made.events, ["track TR_a", "track TR_b", "joined", "connected"]);

	offer(
		made,
		offered({
			audio: [
				["", 0],
				["TR_b", 12],
			],
		}),
		8,
	);
	assert.deepEqual(down.receiving, { 2: 12 });
	assert.equal(made.events[made.events.length - 1], "trackEnded");
	assert.equal(answers(made)[1].sdp?.match(/a=inactive/g)?.length, 1);
	assert.equal(down.restarts, 0);
	made.session.leave();
});

test("video is answered with an inactive section", async () => {
	const made = make();
	await connect(made, offered({ video: "TR_v" }));
	assert.match(answers(made)[0].sdp ?? "", /m=video 9 UDP\/TLS\/RTP\/SAVPF 96\r\n.*a=inactive/s);
	made.session.leave();
});

test("an offer that cannot be used", async () => {
	for (const sdp of ["v=1", offered({}).replaceAll("02:DB", "03:DB")]) {
		const made = make();
		await connect(made);
		offer(made, sdp);
		assert.equal(made.session.state, "rejoining");
		made.session.leave();
	}
});

test("candidates go where they belong, those of the server's offer behind it", async () => {
	const made = make();
	await join(made);
	const [, up, down] = made.fakes.peers;
	const candidate = (port: number) =>
		JSON.stringify({ candidate: `candidate:1 1 udp 1 10.0.0.9 ${port} typ host` });
	const trickle = (port: number, target: SignalTarget) =>
		made.signal.emit("trickle", { candidateInit: candidate(port), final: false, target });
	trickle(1, SignalTarget.SUBSCRIBER);
	trickle(2, SignalTarget.PUBLISHER);
	assert.deepEqual([up.candidates, down.candidates], [[], ["10.0.0.9 1"]]);
	made.signal.answer(dataOnly, 1);
	assert.deepEqual([up.candidates, down.candidates], [["10.0.0.9 2"], ["10.0.0.9 1"]]);
	made.session.leave();
});

test("data: ours goes up, others' comes down, and both must be open", async () => {
	const made = make({ maxDataBytes: 16_000 });
	const received: [number, DataPacket_Kind][] = [];
	made.session.on("data", (message, kind) => received.push([message.byteLength, kind]));
	await join(made);
	const [, up, down] = made.fakes.peers;
	made.signal.answer(dataOnly, 1);
	up.state("connected");
	down.state("connected");
	up.openChannels();
	assert.equal(made.session.state, "opening");
	openDown(down);
	assert.equal(made.session.state, "connected");
	assert.deepEqual([up.data?.sendBuffer, up.data?.receiveBuffer], [20_000, 2048]);
	assert.deepEqual([down.data?.sendBuffer, down.data?.receiveBuffer], [2048, 20_000]);
	assert.equal(down.data?.maxMessageBytes, 16_000);
	await made.session.sendData(new Uint8Array(3), DataPacket_Kind.RELIABLE, 1);
	assert.deepEqual([up.messages, down.messages], [[[0, 3]], []]);
	for (const channel of [0, 1, 2]) down.options.onMessage?.(channel, new ArrayBuffer(channel + 5));
	assert.deepEqual(received, [
		[6, DataPacket_Kind.LOSSY],
		[7, DataPacket_Kind.RELIABLE],
	]);
	assert.equal(made.session.stats.peer.strangeMessages, 1);
	assert.equal(made.session.stats.peer.rtpIn, 14); // of both
	made.session.leave();
});

test("who may not subscribe: all goes over the one that we offer", async () => {
	const made = make();
	made.session.start("ws://10.0.0.1", "token");
	await sleep(0);
	made.signal.refuse(unknown);
	await sleep(0);
	made.signal.accept(() => {}, { subscriberPrimary: false });
	await sleep(0);
	const [, up] = made.fakes.peers;
	made.signal.answer(dataOnly, 1);
	up.state("connected");
	up.openChannels();
	assert.equal(made.session.state, "connected");
	assert.equal(up.data?.receiveBuffer, 81_918);
	made.session.leave();
});

test("a resume: what the server offered, and both ways' channels; its offer restarts ICE", async () => {
	const made = make();
	const sdp = offered({ audio: [["TR_a", 11]] });
	const { up, down } = await connect(made, sdp);
	made.signal.lose();
	assert.equal(made.signal.join?.reconnectReason, ReconnectReason.RR_SIGNAL_DISCONNECTED);
	made.signal.accept(() => offer(made, offered({ audio: [["TR_a", 11]] }, "serverufrag2"), 8));
	await sleep(0);
	assert.equal(made.session.state, "connected");
	const sync = made.signal.sent.find(({ syncState }) => syncState)?.syncState;
	assert.match(sync?.offer?.sdp ?? "", /serverufrag2/);
	assert.equal(sync?.answer?.type, "answer");
	const channels = sync?.dataChannels?.map(({ label, target }) => `${label} ${target}`);
	assert.deepEqual(channels, ["_reliable 0", "_lossy 0", "_reliable 1", "_lossy 1"]);
	assert.deepEqual([up.restarts, down.restarts], [0, 1]);
	assert.equal(down.remote?.ufrag, "serverufrag2");
	assert.deepEqual(down.receiving, { 1: 11 });
	made.session.leave();
});

test("media that is silent: the server must begin its part anew, and does at a resume", async () => {
	const made = make();
	const { up, down } = await connect(made);
	down.state("disconnected");
	assert.equal(made.session.state, "doubting");
	made.signal.hurried?.onAnswer();
	assert.equal(made.session.state, "resuming");
	assert.equal(made.signal.join?.reconnectReason, ReconnectReason.RR_SUBSCRIBER_FAILED);
	made.signal.accept(() => offer(made, offered({}, "serverufrag2"), 8));
	await sleep(0);
	assert.equal(made.session.state, "mending");
	assert.deepEqual([up.restarts, down.restarts], [1, 1]);
	up.state("connected");
	assert.equal(made.session.state, "mending");
	down.state("connected");
	assert.equal(made.session.state, "connected");
	made.session.leave();
});
