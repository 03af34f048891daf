/** objects.test.ts beside msgpackr in Node: each reads what the other writes. */

import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Packr } from "msgpackr";
import { runXsTest } from "../run.mjs";

const packr = new Packr({ useRecords: false, int64AsType: "auto" });
const file = join(fileURLToPath(new URL(".", import.meta.url)), "objects.test.ts");

const strings = Object.fromEntries(
	["a", "ä", "€", "😀"].flatMap((character) =>
		Array.from({ length: 71 }, (_, length) => [
			`${length} ${character}`,
			`${"x".repeat(length >> 1)}${character.repeat(length - (length >> 1))}`,
		]),
	),
);
/** @type {Record<string, unknown>} */
const values = {
	strings,
	integers: [0, 127, 128, 65_536, 4_294_967_295, -1, -33, -129, -32_769, 2 ** 40],
	int64: [2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n],
	dates: [new Date(0), new Date("2026-02-03T04:05:06.789Z"), new Date("1969-12-31T23:59:58Z")],
	bytes: [Buffer.alloc(0), Buffer.from([0, 1, 255]), Buffer.alloc(300, 7)],
	nested: { a: [{ "ключ 🔑": [1, [2, { c: null }]] }], b: true, "": 0.5, none: undefined },
};

test("ts/data/objects.test.ts", async (t) => {
	const vectors = Object.fromEntries(
		Object.entries(values).map(([name, value]) => [name, packr.pack(value).toString("hex")]),
	);
	const { stdout } = await runXsTest(t, file, { config: { vectors: JSON.stringify(vectors) } });
	for (const [name, value] of Object.entries(values)) {
		await t.test(`${name}, from Node to XS to Node`, () => {
			const [, hex] = new RegExp(`^# vector ${name} ([0-9a-f]*)$`, "m").exec(stdout) ?? [];
			assert.ok(hex, "XS did not write it");
			assert.deepEqual(packr.unpack(Buffer.from(hex, "hex")), value);
		});
	}
});
