/**
 * Every fuzz target for 20 s, and that a bug in one would be told. For longer: npm run fuzz.
 * @lane idle
 */

import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { buildTargets, fuzz, fuzzXs, targets, xsTargets } from "../tools/fuzz.mjs";
import { Failure } from "../tools/lib/failure.mjs";

const seconds = 20;
const timeout = 180_000;

describe("fuzz", { concurrency: 3 }, () => {
	before(buildTargets);

	it("tells the input that fails and how to play it again", { timeout }, async () => {
		await assert.rejects(fuzz("planted", seconds), (error) => {
			assert.ok(error instanceof Failure);
			// With a line of planted.c only where there is an llvm-symbolizer: clang comes without one.
			assert.match(error.message, /heap-buffer-overflow .*planted/);
			assert.match(error.message, /input: (build\/fuzz\/findings\/planted\/crash-\w+);/);
			assert.match(error.message, /replay: build\/fuzz\/planted build\/fuzz\/findings\/planted\//);
			return true;
		});
	});

	for (const target of xsTargets) {
		it(target, { timeout }, async (context) => {
			context.diagnostic(`${target}: ${await fuzzXs(target, seconds)}`);
		});
	}

	for (const target of targets) {
		it(target, { timeout }, async (context) => {
			context.diagnostic(`${target}: ${await fuzz(`fuzz_${target}`, seconds)}`);
		});
	}
});
