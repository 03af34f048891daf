import { assert, test } from "harness";
import { encodeBase64Url } from "livekit/platform/base64";
import { decode, encode, ProtocolError } from "livekit/protocol/codec";
import { ClientInfo_SDK } from "livekit/protocol/generated/enums";
import {
	DataPacket,
	JoinRequest,
	messages,
	SignalRequest,
	SignalResponse,
	WrappedJoinRequest,
} from "livekit/protocol/generated/tables";
import type { LazyList } from "livekit/protocol/schema";
import vectors from "vectors";

const hex = (bytes: Uint8Array) =>
	Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const bytesOf = (text: string) =>
	Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** As the fixture writes values down: bytes and maps are marked, absent fields are not there. */
function plain(value: unknown): unknown {
	if (value instanceof Uint8Array) return { $bytes: hex(value) };
	if (value instanceof Map) return { $map: [...value] };
	if (Array.isArray(value)) return value.map(plain);
	if (typeof value !== "object" || value === null) return value;
	if (Symbol.iterator in value) return [...(value as LazyList<unknown>)].map(plain);
	return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}

// biome-ignore lint/suspicious/noExplicitAny: any message
function rich(value: any): any {
	if (Array.isArray(value)) return value.map(rich);
	if (typeof value !== "object" || value === null) return value;
	if ("$bytes" in value) return bytesOf(value.$bytes);
	if ("$map" in value) return new Map(value.$map);
	return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, rich(item)]));
}

test("what @livekit/protocol wrote reads the same, for every message", () => {
	for (const { index, name, bytes, value } of vectors.messages)
		assert.equal(
			JSON.stringify(plain(decode(messages[index], bytesOf(bytes)))),
			JSON.stringify(value),
			name,
		);
});

test("and is written the same", () => {
	for (const { index, name, bytes, value } of vectors.messages)
		assert.equal(hex(encode(messages[index], rich(value))), bytes, name);
});

test("the vectors of facts", () => {
	const join = encode(JoinRequest, {
		clientInfo: {
			sdk: ClientInfo_SDK.ESP32,
			version: "0.1.0",
			protocol: 17,
			os: "idf",
			clientProtocol: 1,
		},
		connectionSettings: { autoSubscribe: true },
	});
	assert.equal(hex(join), "0a12080e1205302e312e3018112203696466600112020801");
	const wrapped = encode(WrappedJoinRequest, { joinRequest: join });
	assert.equal(encodeBase64Url(wrapped), "EhgKEggOEgUwLjEuMBgRIgNpZGZgARICCAE=");
	const ping = encode(SignalRequest, { pingReq: { timestamp: 1700000000000, rtt: 42 } });
	assert.equal(hex(ping), "8201090880d095ffbc31102a");
	assert.equal(hex(encode(SignalRequest, { leave: { reason: 1, action: 0 } })), "42021001");
	const packet = encode(DataPacket, {
		user: { payload: bytesOf("6869"), topic: "t" },
		sequence: 1,
	});
	assert.equal(hex(packet), "120712026869220174800101");
});

test("integers at the edges of what a varint's parts hold", () => {
	const varint = (value: number) => {
		let bytes = "";
		let rest = BigInt.asUintN(64, BigInt(value));
		for (; rest > 127n; rest >>= 7n) bytes += (Number(rest & 127n) | 128).toString(16);
		return bytes + Number(rest).toString(16).padStart(2, "0");
	};
	for (const power of [0, 7, 14, 28, 31, 32, 35, 36, 49, 52, 53]) {
		for (const value of [2 ** power - 1, 2 ** power, -(2 ** power), 1 - 2 ** power]) {
			if (value === 0) continue; // not written; 1 - 2 ** 0 is it
			const bytes = encode(SignalResponse, { pong: value });
			assert.equal(hex(bytes), `9001${varint(value)}`, String(value));
			assert.equal(decode(SignalResponse, bytes).pong, value);
			if (value !== (value | 0)) continue;
			const kind = encode(DataPacket, { kind: value as never });
			assert.equal(hex(kind), `08${varint(value)}`);
			assert.equal(decode(DataPacket, kind).kind as number, value);
		}
	}
});

test("absent fields read as defaults, presence is kept", () => {
	const { join } = decode(SignalResponse, bytesOf("0a021200"));
	assert.equal(join?.serverVersion, "");
	assert.equal(join?.pingInterval, 0);
	assert.equal(join?.subscriberPrimary, false);
	assert.deepEqual(join?.otherParticipants, []);
	assert.equal(join?.participant?.attributes.size, 0);
	assert.equal(join?.participant?.permission, undefined);
	assert.equal(join?.sifTrailer.length, 0);
	assert.equal(decode(DataPacket, bytesOf("12020a00")).user?.topic, undefined);
	assert.equal(decode(DataPacket, bytesOf("12022200")).user?.topic, "");
});

test("the last member of a oneof counts", () => {
	const response = decode(SignalResponse, bytesOf("8201027879900105"));
	assert.equal(response.refreshToken, undefined);
	assert.deepEqual(Object.keys(response), ["pong"]);
	assert.equal(response.pong, 5);
});

test("lists of numbers are taken unpacked too", () => {
	const packed = bytesOf("22058a01020506");
	const unpacked = bytesOf("2206880105880106");
	assert.deepEqual(
		decode(SignalRequest, packed).addTrack?.audioFeatures,
		decode(SignalRequest, unpacked).addTrack?.audioFeatures,
	);
	assert.deepEqual([...(decode(SignalRequest, packed).addTrack?.audioFeatures ?? [])], [5, 6]);
});

test("fields and enum values that are not known", () => {
	const future = bytesOf("f83f01f93f0102030405060708fa3f03aabbccfd3f010203040863");
	const packet = decode(DataPacket, future);
	assert.equal(packet.kind as number, 99);
	assert.equal(hex(encode(DataPacket, packet)), "0863");
});

test("decodes from inside a buffer, and gives views into it", () => {
	const bytes = bytesOf("ffff120712026869220174800101ff");
	const packet = decode(DataPacket, bytes.subarray(2, 14));
	assert.equal(packet.user?.payload.buffer, bytes.buffer);
	assert.equal(hex(packet.user?.payload as Uint8Array), "6869");
});

test("text: zeros, emoji, lone surrogates", () => {
	const write = (topic: string) =>
		hex(encode(DataPacket, { user: { topic } })).replace(/^12..22../, "");
	assert.equal(write("a\0b"), "610062");
	assert.equal(write("😀"), "f09f9880");
	assert.equal(write("\ud83d" + "\ude00"), "f09f9880");
	assert.equal(write("\ud83d"), "efbfbd");
	assert.equal(write("\ude00x"), "efbfbd78");
	assert.equal(write("\ud83d\ud83d\ude00"), "efbfbdf09f9880");
	const read = (text: string) => {
		const length = (n: number) => n.toString(16).padStart(2, "0");
		const size = text.length / 2;
		return decode(DataPacket, bytesOf(`12${length(size + 2)}22${length(size)}${text}`)).user?.topic;
	};
	assert.equal(read("610062"), "a\0b");
	assert.equal(read("0000"), "\0\0");
	assert.equal(read("f09f9880"), "😀");
	assert.throws(() => read("ff"), ProtocolError);
	assert.throws(() => read("c3"), ProtocolError);
});

const MALFORMED: readonly [string, string][] = [
	["truncated tag", "80"],
	["truncated varint", "088080"],
	["truncated length", "12"],
	["length past the end", "120512"],
	["length past the end of the inner message", "1204120a6869"],
	["length of 4 GB", "12ffffffff0f"],
	["varint of 11 bytes", "08ffffffffffffffffffff01"],
	["tag of 11 bytes", "ffffffffffffffffffff0108"],
	["field number 0", "0001"],
	["start of a group", "1b"],
	["end of a group", "1c"],
	["wire type 6", "0e"],
	["wire type 7", "f7ff03"],
	["string where a varint belongs", "0a0161"],
	["varint where a message belongs", "1001"],
	["truncated 64-bit number in a nested message", "1a0308ff"],
	["truncated fixed", "f93f010203"],
	["a map as a varint", "6a024001"],
];

test("malformed bytes are refused", () => {
	for (const [what, bytes] of MALFORMED)
		assert.throws(() => decode(DataPacket, bytesOf(bytes)), ProtocolError, what);
	assert.throws(() => decode(SignalResponse, bytesOf("9001ff")), ProtocolError); // int64
});

test("a message that asks for a lot of memory is refused", () => {
	const many = new Uint8Array(20000);
	for (let i = 0; i < many.length; i += 2) many[i] = 0x2a; // destination_identities, ""
	assert.throws(() => decode(DataPacket, many), /too many values/);
	assert.equal(decode(DataPacket, many, 10000).destinationIdentities.length, 10000);
});

test("any cut and any changed byte either decodes or throws ProtocolError", () => {
	for (const { index, bytes } of vectors.messages) {
		const whole = bytesOf(bytes);
		for (let at = 0; at < whole.length; at += 7) {
			const changed = Uint8Array.from(whole);
			changed[at] ^= 1 << (at & 7);
			for (const attempt of [whole.subarray(0, at), changed]) {
				try {
					decode(messages[index], attempt);
				} catch (error) {
					assert.equal((error as Error).name, "ProtocolError");
				}
			}
		}
	}
}, 20000);
