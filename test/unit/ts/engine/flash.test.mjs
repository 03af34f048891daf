/* Preloaded modules live in a frozen machine and the app in a clone of it, as on a device. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { execApp } from "../run.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const build = join(root, "build/tests/flash");
let count = 0;

/** Runs `main` beside the module "early", which is preloaded. */
function exec(early, main, creation = {}) {
	const folder = join(build, String(count++));
	mkdirSync(folder, { recursive: true });
	writeFileSync(join(folder, "early.ts"), early);
	writeFileSync(join(folder, "main.ts"), main);
	const manifest = join(folder, "manifest.json");
	writeFileSync(
		manifest,
		JSON.stringify({
			include: [join(root, "boards/desktop/manifest.json")],
			modules: { "*": "./main", early: "./early" },
			preload: ["early"],
			creation,
		}),
	);
	return execApp(manifest);
}

/** What main.ts prints when it tries each of `writes` by itself: name → "" or the error. */
async function attempts(early, writes) {
	const tries = Object.entries(writes).map(
		([name, write]) =>
			`try { ${write}; say(${JSON.stringify(name)}, ""); } catch (e) { say(${JSON.stringify(name)}, String(e)); }`,
	);
	const { stdout, stderr, status } = await exec(
		early,
		`import * as early from "early";
import { bound, list } from "early";
import { collect } from "simulator";
const all: Record<string, string> = {};
function say(name: string, text: string) { all[name] = text; }
function expect(is: boolean) { if (!is) throw new Error("not what was written"); }
const made: string[] = [];
${tries.join("\n")}
collect();
trace(JSON.stringify(all));`,
	);
	assert.deepEqual([stderr, status], ["", 0]);
	return JSON.parse(stdout);
}

const early = `export let bound = 0;
export function add() { bound++; }
export const list = [1, "two", 3];
export const plain: any = { text: "text", deep: { n: 1 } };
export class Counter { #n = 0; up() { return ++this.#n; } static n = 0; static #p = 0; static bump() { return ++Counter.#p; } }
export const counter = new Counter();
export const date = new Date(0);
export const map = new Map([["a", 1]]);
export const set = new Set([1]);
export const weak = new WeakMap<object, number>();
export const bytes = Uint8Array.of(1, 2);
export const view = new DataView(bytes.buffer);
export const once = /x/;
export const every = /x/g;
export const frozen = Object.freeze({ n: 1 });
export function f() {}`;

test("what a device can change in a preloaded module can be changed here", async () => {
	const results = await attempts(early, {
		let: "early.add(); early.add(); expect(bound === 2)",
		array: `list.push(4); list[1] = "second"; expect(list.join() === "1,second,3,4")`,
		object: `early.plain.text += "!"; early.plain.more = {}; expect(early.plain.text === "text!")`,
		deep: "early.plain.deep.n++; expect(early.plain.deep.n === 2)",
		private: "early.counter.up(); expect(early.counter.up() === 2)",
		date: "early.date.setTime(5); expect(early.date.getTime() === 5)",
		regexp: `expect(early.once.test("axb"))`,
		read: `expect(early.map.get("a") === 1 && early.set.has(1) && early.bytes[1] === 2)`,
		garbage: `for (let i = 0; i < 20; i++) { made.push(early.plain.text + i); list.push(made[i]); collect(); }
			expect(list.at(-1) === "text!19" && made[3] === "text!3")`,
		global: "Object.assign(globalThis, { mine: 1 })",
		copy: `expect(JSON.stringify({ ...early.frozen }) === '{"n":1}')`,
	});
	for (const [name, error] of Object.entries(results)) assert.equal(error, "", name);
	assert.equal(Object.keys(results).length, 11);
});

test("what a device has read-only is read-only here", async () => {
	const results = await attempts(early, {
		map: `early.map.set("b", 2)`,
		set: "early.set.add(2)",
		"weak map": "early.weak.set({}, 1)",
		"typed array": "early.bytes[0] = 9",
		"data view": "early.view.setUint8(0, 9)",
		"array buffer": "new Uint8Array(early.bytes.buffer).fill(9)",
		"static field": "early.Counter.n++",
		"static private": "early.Counter.bump()",
		prototype: "(early.Counter.prototype as any).x = 1",
		function: "(early.f as any).x = 1",
		lastIndex: `early.every.test("axb")`,
		stringify: "JSON.stringify(early.frozen)",
		"built-in": "(Array.prototype as any).x = 1",
		Math: "(Math as any).x = 1",
	});
	for (const [name, error] of Object.entries(results)) assert.match(error, /^TypeError: /, name);
	assert.equal(Object.keys(results).length, 14);
});

test("an uncaught write to flash names the module", async () => {
	const inside = await exec(
		"const seen = new Map();\nexport function note() {\n\tseen.set(1, 2);\n}",
		`import { note } from "early";\nnote();`,
	);
	assert.match(
		inside.stderr,
		/^\S*early\.ts:3: TypeError: .*read-only.*; early is preloaded: what it made then is in flash\n/,
	);
	const outside = await exec(
		"export const seen = new Map();",
		`import { seen } from "early";\nseen.set(1, 2);`,
	);
	assert.match(
		outside.stderr,
		/^\S*main\.ts:2: TypeError: .*read-only; a preloaded module made it: it is in flash\n/,
	);
	const own = await exec("", `"use strict";\nObject.freeze([1]).push(2);`);
	assert.match(own.stderr, /^\S*main\.ts:2: TypeError: (?!.*flash)/);
});

test("only what the app makes is in its heap; its sizes are the board's", async () => {
	const creation = {
		chunk: { initial: 16384, incremental: 0 },
		heap: { initial: 1024, incremental: 0 },
		stack: 256,
	};
	const big = `export const all = [${"{ a: 'text', b: [1, 2, 3] },".repeat(1000)}];`;
	const fits = await exec(
		big,
		`import { all } from "early";\nimport { heap } from "simulator";\ntrace(all.length, heap().slots < 300);`,
		creation,
	);
	assert.deepEqual([fits.stdout, fits.stderr], ["1000true", ""]);
	const full = await exec(
		"",
		"const all: object[] = [];\nfor (;;)\n\tall.push({ a: {} });",
		creation,
	);
	assert.match(full.stderr, /^\S*main\.ts:3: memory full: \d+ slots.*\n at .*\n$/);
	assert.equal(full.status, 70);
	const chunks = await exec("", `let x = "x";\nfor (;;) x += x;`, creation);
	assert.match(chunks.stderr, /^\S*main\.ts:2: memory full/);
});
