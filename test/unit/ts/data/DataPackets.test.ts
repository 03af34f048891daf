import { assert, test } from "harness";
import { DataPackets } from "livekit/data/DataPackets";
import { decode, encode } from "livekit/protocol/codec";
import { DataPacket_Kind } from "livekit/protocol/generated/enums";
import { DataPacket } from "livekit/protocol/generated/tables";
import type { DataPacket as Packet } from "livekit/protocol/generated/types";

const { LOSSY, RELIABLE } = DataPacket_Kind;

function make(transmit: () => Promise<void> = async () => {}) {
	const sent: { packet: Packet; kind: number }[] = [];
	const transport = {
		sendData(bytes: Uint8Array, kind: number) {
			sent.push({ packet: decode(DataPacket, bytes), kind });
			return transmit();
		},
	};
	const packets = new DataPackets(transport, 1_280);
	return { packets, sent };
}

const user = { payload: Uint8Array.of(1, 2), topic: "t" };
const from = (participantSid: string, sequence: number): ArrayBufferLike => {
	return encode(DataPacket, { participantSid, sequence, user }).buffer;
};

test("reliable packets are numbered from 1, lossy ones are not", async () => {
	const { packets, sent } = make();
	for (const kind of [RELIABLE, LOSSY, RELIABLE]) await packets.send({ user }, kind);
	assert.deepEqual(
		sent.map(({ packet, kind }) => [packet.sequence, packet.kind, kind]),
		[
			[1, 0, 0],
			[0, 1, 1],
			[2, 0, 0],
		],
	);
	assert.deepEqual(sent[0].packet.user?.payload, Uint8Array.of(1, 2));
	// By these the server knows one that comes twice; lossy ones are not sent again.
	const nonces = sent.map(({ packet }) => packet.user?.nonce);
	assert.deepEqual(
		nonces.map((nonce) => nonce?.length),
		[16, 0, 16],
	);
	assert.notEqual(String(nonces[0]), String(nonces[2]));
	assert.equal(packets.stats.packetsOut, 3);
});

test("what is not sent is not counted as sent", async () => {
	const { packets } = make(() => Promise.reject(new Error("no")));
	await assert.rejects(packets.send({ user }, RELIABLE), /no/);
	assert.equal(packets.stats.packetsOut, 0);
});

test("a packet is taken once from each sender", () => {
	const { packets } = make();
	const taken = [
		from("a", 1),
		from("a", 1),
		from("b", 1),
		from("a", 3),
		from("a", 2),
		from("a", 4),
	];
	assert.deepEqual(
		taken.map((bytes) => packets.receive(bytes)?.sequence),
		[1, undefined, 1, 3, undefined, 4],
	);
	// Without a number, or without a name, there is nothing to compare.
	for (const bytes of [from("a", 0), from("a", 0), from("", 1), from("", 1)]) {
		assert.ok(packets.receive(bytes));
	}
	assert.equal(packets.stats.duplicates, 2);
	assert.equal(packets.stats.packetsIn, 8);
});

test("senders without number: the one that was silent longest is forgotten", () => {
	const { packets } = make();
	assert.ok(packets.receive(from("talks", 1)));
	for (let i = 0; i < 300; i++) {
		assert.ok(packets.receive(from(`sender ${i}`, 5)));
		assert.ok(packets.receive(from("talks", i + 2)));
	}
	assert.equal(packets.receive(from("talks", 300)), undefined);
	assert.equal(packets.receive(from("sender 299", 5)), undefined);
	assert.ok(packets.receive(from("sender 0", 5)));
	packets.forgetSender("talks");
	assert.deepEqual(
		packets.receiveStates.filter(({ publisherSid }) => publisherSid === "talks"),
		[],
	);
	packets.forgetSender();
	assert.deepEqual(packets.receiveStates, []);
});

test("what does not decode is counted and dropped", () => {
	const { packets } = make();
	assert.equal(packets.receive(Uint8Array.of(0xff, 1, 2).buffer), undefined);
	assert.equal(packets.stats.malformed, 1);
});

test("a packet of too many values is dropped before the heap has them", () => {
	const { packets } = make();
	const packet = (entries: number) => {
		const attributes = new Map(Array.from({ length: entries }, (_, i) => [`${i}`, ""] as const));
		return encode(DataPacket, { streamTrailer: { attributes } }).buffer;
	};
	assert.equal(packets.receive(packet(9))?.streamTrailer?.attributes.size, 9);
	assert.equal(packets.receive(packet(10)), undefined);
	assert.equal(packets.stats.malformed, 1);
});
