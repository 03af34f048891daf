/** Random messages from @livekit/protocol, for the codec in XS to read and write. */

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import * as protocol from "@livekit/protocol";
import { closure, messageName } from "../../../../tools/proto/closure.mjs";
import { generate } from "../../../../tools/proto/generate.mjs";
import { runXsTest } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "../../../../build/tests/protocol-vectors");

/** Numerical Recipes' generator: the same messages on every run. */
let state = 20261121;
const random = () => {
	state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
	return state / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

const TEXTS = [
	"",
	"a",
	"TR_abc",
	"ünïcode",
	"😀",
	"a\0b",
	"日本語",
	"👩‍👩‍👧 family",
	"𝕏\u{10ffff}",
	"x".repeat(200),
];
const integer = (low, high) => pick([0, 1, low, high, low + Math.floor(random() * (high - low))]);
const int64 = (low) => BigInt(integer(low, Number.MAX_SAFE_INTEGER));
const SCALARS = {
	2: () => Math.fround(pick([0, -0.5, random()])),
	3: () => int64(Number.MIN_SAFE_INTEGER),
	4: () => int64(0),
	5: () => integer(-(2 ** 31), 2 ** 31 - 1),
	8: () => pick([false, true]),
	9: () => pick(TEXTS),
	12: () => Uint8Array.from({ length: below(20) }, () => below(256)),
	13: () => integer(0, 2 ** 32 - 1),
};

const schema = closure(protocol);

function randomValue(field) {
	if (field.kind === "message") return randomMessage(field.T);
	if (field.kind === "enum") return pick([...field.T.values.map((value) => value.no), 1234]);
	return SCALARS[field.T]();
}

function randomMessage(type) {
	const message = new type();
	for (const field of schema.fieldsOf(type)) {
		if (random() < 0.3) continue;
		if (field.kind === "map")
			for (let i = below(3); i > 0; i--) message[field.localName][pick(TEXTS)] = pick(TEXTS);
		else if (field.repeated)
			message[field.localName] = Array.from({ length: below(4) }, () => randomValue(field));
		else if (field.oneof)
			message[field.oneof.localName] = { case: field.localName, value: randomValue(field) };
		else message[field.localName] = randomValue(field);
	}
	return message;
}

/** What the codec's decode() is to give, as plain() of the test writes it. */
function expected(message) {
	const result = {};
	for (const field of schema.fieldsOf(message.getType())) {
		const name = field.localName;
		let value = message[name];
		if (field.oneof) {
			const member = message[field.oneof.localName];
			if (member.case !== name) continue;
			value = member.value;
		} else if (field.kind === "map") {
			const entries = Object.entries(value);
			if (entries.length) result[name] = { $map: entries };
			continue;
		} else if (field.repeated) {
			if (value.length) result[name] = value.map((item) => simple(item));
			continue;
		} else if (field.kind !== "message" && !field.opt) {
			if (!value || (value instanceof Uint8Array && !value.length)) continue;
		}
		if (value !== undefined) result[name] = simple(value);
	}
	return result;
}

function simple(value) {
	if (typeof value === "bigint") return Number(value);
	if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("hex") };
	return typeof value === "object" ? expected(value) : value;
}

test("ts/protocol/codec.test.ts", async (t) => {
	await generate();
	const messages = schema.messages.flatMap((type, index) =>
		Array.from({ length: 4 }, () => {
			const message = randomMessage(type);
			const bytes = Buffer.from(message.toBinary()).toString("hex");
			return { index, name: messageName(type), bytes, value: expected(message) };
		}),
	);
	mkdirSync(build, { recursive: true });
	const vectors = join(build, "vectors.js");
	writeFileSync(vectors, `export default ${JSON.stringify({ messages })};\n`);
	const manifest = join(build, "manifest.json");
	const include = [join(here, "manifest.json")];
	writeFileSync(
		manifest,
		JSON.stringify({ include, modules: { vectors: vectors.replace(/\.js$/, "") } }),
	);
	await runXsTest(t, join(here, "codec.test.ts"), { manifest });
});
