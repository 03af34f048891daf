import { assert, sleep, test } from "harness";
import { DataPacket_Kind } from "livekit/protocol/generated/enums";
import {
	DataChannels,
	PublishDataError,
	PublishDataErrorReason,
} from "livekit/session/DataChannels";
import { DownChannels } from "livekit/session/dual/DownChannels";
import type { ChannelHandlers } from "livekit/session/Transport";
import type { Peer } from "webrtc-native/webrtc";
import { FakePeer } from "./fakes";

const { LOSSY, RELIABLE } = DataPacket_Kind;
const remote = { port: 5000, maxMessageSize: 65_536 };
const native = () => new ArrayBuffer(3);

/** Channels on a fake peer, negotiated but not open. */
function make({
	maxDataBytes,
	answer = remote,
}: {
	maxDataBytes?: number;
	answer?: typeof remote;
} = {}) {
	const log: string[] = [];
	const channels = new DataChannels({
		maxDataBytes,
		onReady: (at) => log.push(`ready ${at}`),
		emit(event, what, kind) {
			const { byteLength } = what as ArrayBufferLike;
			log.push(`${event} ${byteLength ?? what} ${kind}`);
			if (byteLength === 0) throw new Error("of the app");
			return true;
		},
		onEnded: (reason) => log.push(`ended ${reason}`),
	});
	const peer = new FakePeer(channels as never, 1);
	channels.open(peer as unknown as Peer, answer);
	const tell: Required<ChannelHandlers> = channels;
	return { channels, peer, log, tell };
}

function refused(reason: PublishDataErrorReason): (error: unknown) => boolean {
	return (error) => error instanceof PublishDataError && error.reason === reason;
}

test("both channels are opened, and ready when both are open", () => {
	const { channels, peer, log, tell } = make();
	assert.deepEqual(peer.channels, [
		{ label: "_reliable", lowWater: 20_479 },
		{ label: "_lossy", ordered: false, maxRetransmits: 0, lowWater: 8192 },
	]);
	tell.onChannelOpen(1, 20, "");
	tell.onChannelOpen(7, 25, ""); // the server's own is none of ours
	assert.equal(channels.settled, false);
	tell.onChannelOpen(0, 30, "");
	tell.onChannelOpen(0, 40, "");
	assert.deepEqual(log, ["ready 30"]);
	assert.ok(channels.settled);
});

test("a server without data channels is taken as it is", async () => {
	const log: unknown[] = [];
	const channels = new DataChannels({
		onReady: (at) => log.push(at),
		emit: () => true,
		onEnded() {},
	});
	channels.open({} as Peer, undefined);
	assert.deepEqual(log, [undefined]);
	await assert.rejects(
		channels.send(new Uint8Array(1), RELIABLE),
		refused(PublishDataErrorReason.NotConnected),
	);
});

test("buffers take the largest message and a quarter more", () => {
	for (const [maxDataBytes, buffer] of [
		[undefined, 81_918],
		[16_000, 20_000],
		[100, 2048],
	] as const) {
		const { peer } = make({ maxDataBytes });
		assert.deepEqual(peer.data, {
			maxMessageBytes: maxDataBytes ?? 65_535,
			sendBuffer: buffer,
			receiveBuffer: buffer,
			remotePort: 5000,
		});
	}
});

test("nothing is sent before both are open, nor after the end", async () => {
	const { channels, peer, log, tell } = make();
	tell.onChannelOpen(0, 1, "");
	const send = () => channels.send(new Uint8Array(1), RELIABLE);
	await assert.rejects(send, refused(PublishDataErrorReason.NotConnected));
	tell.onChannelOpen(1, 1, "");
	await send();
	peer.full = true;
	const waiting = send();
	tell.onDataEnded("the peer does not answer", 5);
	await assert.rejects(waiting, refused(PublishDataErrorReason.NotConnected));
	await assert.rejects(send, /peer does not answer/);
	tell.onChannelClosed(0, 6);
	assert.deepEqual(log, ["ready 1", "ended the peer does not answer"]);
	channels.close();
	await assert.rejects(send, /not connected/);
});

test("reliable packets wait for room, in order", async () => {
	const { channels, peer, tell } = make();
	peer.openChannels();
	peer.full = true;
	const done: number[] = [];
	for (const length of [1, 2, 3]) {
		channels.send(new Uint8Array(length), RELIABLE).then(() => done.push(length));
	}
	await sleep(0);
	tell.onWritable();
	await sleep(0);
	assert.deepEqual(done, []);
	peer.buffered = 100;
	assert.equal(channels.stats.reliableBuffered, 106);
	assert.equal(channels.stats.lossyBuffered, 100);
	peer.full = false;
	tell.onWritable();
	await sleep(0);
	assert.deepEqual(done, [1, 2, 3]);
	assert.deepEqual(peer.messages, [
		[0, 1],
		[0, 2],
		[0, 3],
	]);
	channels.close();
	assert.equal(channels.stats.reliableBuffered, 0);
});

test("lossy packets are dropped while many bytes wait, and counted", async () => {
	const { channels, peer } = make();
	peer.openChannels();
	peer.buffered = 8192;
	await channels.send(new Uint8Array(10), LOSSY);
	peer.buffered = 8193;
	await channels.send(new Uint8Array(11), LOSSY);
	peer.buffered = 0;
	peer.full = true;
	await channels.send(new Uint8Array(12), LOSSY);
	assert.deepEqual(peer.messages, [[1, 10]]);
	assert.equal(channels.stats.lossyDropped, 2);
});

test("the buffers' status is told when it changes, and is low again on a new connection", async () => {
	const { channels, peer, log, tell } = make();
	peer.openChannels();
	log.length = 0;
	const send = (buffered: number, kind: DataPacket_Kind) => {
		peer.buffered = buffered;
		return channels.send(new Uint8Array(1), kind);
	};
	await send(20_479, RELIABLE);
	await send(20_480, RELIABLE);
	await send(60_000, RELIABLE);
	tell.onBufferedLow(1, 1); // was low
	tell.onBufferedLow(9, 1); // the server's own
	tell.onBufferedLow(0, 1);
	tell.onBufferedLow(0, 1);
	assert.deepEqual(log.splice(0), [
		`bufferStatus false ${RELIABLE}`,
		`bufferStatus true ${RELIABLE}`,
	]);
	await send(40_000, RELIABLE);
	channels.restart();
	assert.deepEqual(log, [`bufferStatus false ${RELIABLE}`, `bufferStatus true ${RELIABLE}`]);
	assert.deepEqual(make({ maxDataBytes: 5_000 }).peer.channels, [
		{ label: "_reliable", lowWater: 1_562 },
		{ label: "_lossy", ordered: false, maxRetransmits: 0, lowWater: 1_562 },
	]);
});

test("the limit is 64,000 bytes, or less by the answer or the board", async () => {
	for (const [options, limit] of [
		[{}, 64_000],
		[{ answer: { port: 5000, maxMessageSize: 0 } }, 64_000],
		[{ answer: { port: 5000, maxMessageSize: 1_000_000 } }, 64_000],
		[{ answer: { port: 5000, maxMessageSize: 5_000 } }, 5_000],
		[{ maxDataBytes: 10_000 }, 12_500],
	] as const) {
		const { channels, peer } = make(options);
		peer.openChannels();
		for (const kind of [RELIABLE, LOSSY]) {
			await channels.send(new Uint8Array(limit), kind);
			const tooLarge = channels.send(new Uint8Array(limit + 1), kind);
			await assert.rejects(tooLarge, refused(PublishDataErrorReason.TooLarge));
		}
	}
});

test("who wants no messages says so to all connections, those that come included", () => {
	const { channels, peer } = make();
	channels.hold(true);
	assert.ok(peer.holding);
	channels.restart();
	const [up, down] = [new FakePeer(channels as never, 1), new FakePeer(channels as never, 1)];
	channels.listenDown(new DownChannels(channels));
	channels.open(up as unknown as Peer, remote);
	channels.openDown(down as unknown as Peer, remote);
	assert.deepEqual([up.holding, down.holding], [true, true]);
	channels.hold(false);
	assert.deepEqual([peer.holding, up.holding, down.holding], [true, false, false]);
});

test("while answers wait for room, nobody is heard who asks for more", async () => {
	const { channels, peer } = make({ maxDataBytes: 8_000 });
	peer.openChannels();
	peer.full = true;
	const small = channels.send(new Uint8Array(8_000), RELIABLE); // as large as it may be, but one
	assert.ok(!peer.holding);
	const answers = [small, channels.send(new Uint8Array(1), RELIABLE)]; // small ones are not free
	assert.ok(peer.holding);
	channels.hold(true);
	channels.hold(false);
	assert.ok(peer.holding);
	peer.full = false;
	channels.onWritable();
	await Promise.all(answers);
	assert.ok(!peer.holding);
});

test("messages come with their kind; an app that throws does no harm", () => {
	const { channels, log, tell } = make();
	tell.onMessage(1, native());
	tell.onMessage(0, new ArrayBuffer(0));
	tell.onMessage(0, native());
	tell.onMessage(9, native());
	assert.deepEqual(log, ["data 3 1", "data 0 0", "data 3 0"]);
	assert.equal(channels.stats.strangeMessages, 1);
});
