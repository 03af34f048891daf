import { assert, test } from "harness";
import { check } from "livekit/data/objects/check";
import { ObjectCodec, type ObjectValue } from "livekit/data/objects/ObjectCodec";
import { ProtocolError } from "livekit/protocol/codec";
import config from "mc/config";
import { collect, heap } from "simulator";

const codec = new ObjectCodec(131_072);
const copy = (value: ObjectValue) => codec.unpack(codec.pack(value));
const fromHex = (hex: string) =>
	Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const toHex = (bytes: Uint8Array) =>
	Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** Of every length from 0 to 70 characters: ASCII, and each kind of UTF-8 in any place. */
function strings(): string[] {
	const all: string[] = [];
	for (const character of ["a", "ä", "€", "😀"]) {
		for (let length = 0; length <= 70; length++) {
			all.push(character.repeat(length));
			if (length > 0) all.push(`${"b".repeat(length - 1)}${character}`);
			if (length > 1) all.push(`${character}${"b".repeat(length - 1)}`);
		}
	}
	return all;
}

const VALUES: readonly [string, ObjectValue][] = [
	["nil", null],
	["undefined", undefined],
	["booleans", [true, false]],
	["integers", [0, 1, 31, 32, 127, 128, 255, 256, 65_535, 65_536, 4_294_967_295]],
	["negative ones", [-1, -32, -33, -128, -129, -32_768, -32_769, -2_147_483_648]],
	["numbers", [0.5, -1.25, 1e300, 4_294_967_296, 2 ** 53, -(2 ** 53), Number.POSITIVE_INFINITY]],
	["int64", [9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n, 18_446_744_073_709_551_615n]],
	["strings", strings()],
	["a long string", "😀€äa".repeat(1_000)],
	["what XS stores otherwise", "a\0b\0"],
	["dates", [new Date(0), new Date(1_700_000_000_000), new Date(1_700_000_000_123), new Date(-1)]],
	["bytes", [new Uint8Array(0), Uint8Array.of(0, 1, 255), new Uint8Array(300).fill(7)]],
	["arrays", [[], [1, [2, [3]]], new Array(20).fill(0)]],
	["objects", { a: 1, "ключ 🔑": { b: [{ c: null }] }, "": "", __proto_: 1 }],
];

for (const [name, value] of VALUES) {
	test(`${name}: there and back`, () => {
		assert.equal(JSON.stringify(copy(value), big), JSON.stringify(value, big));
		if (Array.isArray(value)) {
			const back = copy(value) as ObjectValue[];
			for (const [i, item] of value.entries()) {
				if (typeof item !== "object") assert.equal(back[i], item);
				if (item instanceof Date) assert.equal((back[i] as Date).getTime(), item.getTime());
			}
		}
	});
}

const big = (_: string, value: unknown) => (typeof value === "bigint" ? `${value}n` : value);

test("64-bit integers are numbers where those are exact", () => {
	assert.equal(codec.unpack(fromHex("cf0000018bcfe56800")), 1_700_000_000_000);
	assert.equal(codec.unpack(fromHex("d3ffffffffffffff85")), -123);
	assert.equal(codec.unpack(fromHex("cf0020000000000001")), 9_007_199_254_740_993n);
	assert.equal(toHex(codec.pack(5n)), "d30000000000000005");
});

test("names of a peer leave no property keys behind", () => {
	const read = (start: number) => {
		for (let i = start; i < start + 1_000; i++) {
			const name = `key ${i}`;
			const value = codec.unpack(
				fromHex(
					`81a${name.length.toString(16)}${toHex(new Uint8Array(ArrayBuffer.fromString(name)))}01`,
				),
			) as Record<string, number>;
			assert.equal(value.known, undefined);
		}
		collect();
		return heap();
	};
	const before = read(1_000);
	const after = read(3_000);
	assert.ok(after.slots - before.slots < 300, `${before.slots} slots, then ${after.slots}`);
});

test("a large object does not keep a large buffer", () => {
	codec.pack("x");
	collect();
	const before = heap().chunkBytes;
	codec.pack("x".repeat(20_000));
	collect();
	assert.ok(heap().chunkBytes - before < 2_000, `${heap().chunkBytes - before}`);
});

test("numbers as keys read as names", () => {
	const value = codec.unpack(fromHex("8201a161ff02")) as Record<string, ObjectValue>;
	assert.equal(value[1], "a");
	assert.equal(value["-1"], 2);
});

for (const [what, hex] of [
	["nothing", ""],
	["cut off", "92a1"],
	["a string that is cut off", "d9ff61"],
	["a huge string", "dbffffffff"],
	["a huge array", "ddffffffff01"],
	["a huge map", "dfffffffff01"],
	["huge bytes", "c6ffffffff"],
	["a huge extension", "c9ffffffffff"],
	["arrays within arrays", "91".repeat(2_000)],
	["maps within maps", `${"8101".repeat(17)}01`],
	["too many values", `dc0800${"01".repeat(2_048)}`],
	["a record", "d4724091a161"],
	["an error of msgpackr", "d46500"],
	["a reference", "d67000000001"],
	["the token that is never used", "c1"],
	["something behind", "0101"],
	["text that is not UTF-8", "a2c328"],
] as const) {
	test(`refused: ${what}`, () => {
		assert.throws(
			() => codec.unpack(fromHex(hex)),
			(error) => error instanceof ProtocolError || error instanceof TypeError,
		);
		assert.equal(copy("still there"), "still there");
	});
}

test("as deep as may be", () => {
	check(fromHex(`${"91".repeat(16)}01`), 100);
	assert.throws(() => check(fromHex(`${"91".repeat(17)}01`), 100), /deeper than 16/);
});

test("as many values as the room's memory is for", () => {
	const values = (count: number) =>
		fromHex(`dc${count.toString(16).padStart(4, "0")}${"01".repeat(count)}`);
	for (const [maxTextBytes, most] of [
		[131_072, 1_023],
		[2_048, 15],
	]) {
		const small = new ObjectCodec(maxTextBytes);
		assert.equal((small.unpack(values(most)) as number[]).length, most);
		assert.throws(() => small.unpack(values(most + 1)), /more than/);
	}
});

test("what msgpackr in Node writes, and writes again", () => {
	for (const [name, hex] of Object.entries(JSON.parse(config.vectors) as Record<string, string>)) {
		const value = codec.unpack(fromHex(hex));
		trace(`# vector ${name} ${toHex(codec.pack(value))}\n`);
	}
});
