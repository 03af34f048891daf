/* The harness and its driver must be able to fail: tests that should, do, and say why. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "../../../../build/tests/harness");
const manifest = join(here, "../manifest.json");

/** What a test module's tests came to: { name: failure text or "" }; throws what runXsTest() throws. */
async function resultsOf(name, text) {
	mkdirSync(build, { recursive: true });
	const file = join(build, `${name}.test.ts`);
	writeFileSync(file, `import { assert, sleep, test } from "harness";\n${text}`);
	const results = {};
	const t = {
		async test(title, body) {
			try {
				await body();
				results[title] = "";
			} catch (error) {
				results[title] = error.message;
			}
		},
	};
	await runXsTest(t, file, { manifest });
	return results;
}

test("every assertion can fail", async () => {
	const results = await resultsOf(
		"assertions",
		`test("ok", () => { assert.ok(0, "zero"); }); // a tail call would have no frame
test("equal", () => assert.equal(0, -0));
test("notEqual", () => assert.notEqual(NaN, NaN));
test("deepEqual 1", () => assert.deepEqual({ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }));
test("deepEqual 2", () => assert.deepEqual(Uint8Array.of(1), [1]));
test("deepEqual 3", () => assert.deepEqual({ a: undefined }, {}));
test("deepEqual 4", () => assert.deepEqual(new Map([[1, 2]]), new Map([[1, 3]])));
test("deepEqual 5", () => assert.deepEqual(Uint8Array.of(1, 2).buffer, Uint8Array.of(1, 3).buffer));
test("match", () => assert.match("abc", /d/));
test("throws 1", () => assert.throws(() => {}));
test("throws 2", () => assert.throws(() => { throw new TypeError("x"); }, RangeError));
test("throws 3", () => assert.throws(() => { throw new TypeError("x"); }, /z/));
test("throws 4", () => assert.throws(() => { throw new TypeError("x"); }, () => false));
test("rejects 1", () => assert.rejects(Promise.resolve()));
test("rejects 2", () => assert.rejects(async () => { throw new Error("x"); }, TypeError));
test("thrown", () => { throw new Error("by itself"); });
test("rejected", async () => { await null; throw "no Error"; });`,
	);
	assert.equal(Object.keys(results).length, 17);
	for (const [title, text] of Object.entries(results)) assert.notEqual(text, "", title);
	assert.match(
		results.ok,
		/AssertionError: zero: 0 is not true\n(.*\n)* at .*assertions\.test\.ts:2\)/,
	);
	assert.match(
		results["deepEqual 1"],
		/\{ a: \[1, \{ b: 2 \}\] \} is not \{ a: \[1, \{ b: 3 \}\] \}/,
	);
	assert.match(results.thrown, /Error: by itself/);
	assert.match(results.rejected, /no Error/);
});

test("every assertion can pass", async () => {
	const results = await resultsOf(
		"passes",
		`test("all", async () => {
	assert.ok(1); assert.equal(NaN, NaN); assert.notEqual(0, -0); assert.match("abc", /b/);
	assert.deepEqual({ a: [1, new Map([[1, new Set([2])]])], b: new Error("x") }, { a: [1, new Map([[1, new Set([2])]])], b: new Error("x") });
	assert.throws(() => { throw undefined; });
	assert.throws(() => { throw new RangeError("x"); }, Error);
	assert.throws(() => { throw new RangeError("x"); }, (error) => error.message === "x");
	await assert.rejects(Promise.reject(new TypeError("y")), /^TypeError: y$/);
});`,
	);
	assert.deepEqual(results, { all: "" });
});

test("a test that does not end fails by itself; the next one runs", async () => {
	const results = await resultsOf(
		"limit",
		`test("stuck", () => new Promise(() => {}), 30);\ntest("next", () => sleep(1));`,
	);
	assert.match(results.stuck, /"stuck" took more than 30 ms/);
	assert.equal(results.next, "");
});

test("an app that dies under its tests is a failure", async () => {
	const dying = (name, text) => assert.rejects(resultsOf(name, text));
	await dying(
		"uncaught",
		`import Timer from "timer";\ntest("a", async () => { Timer.set(() => { throw 1; }, 1); await sleep(20); });`,
	);
	await dying("exit", `import { exit } from "simulator";\ntest("a", () => { exit(0); });`);
	await dying("import", `import "./nowhere";`);
	await dying("none", "");
});
