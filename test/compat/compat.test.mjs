/** Our API against the pinned livekit-client's: every member is the same, or decided on. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { compare, document } from "../../tools/compat/compare.mjs";
import { root } from "../../tools/lib/paths.mjs";

const comparison = compare();

test("every member of livekit-client is the same here, or decided on", () => {
	assert.deepEqual(comparison.problems, []);
	const same = comparison.rows.filter(({ status }) => status === "same");
	assert.ok(same.length > 200, `only ${same.length} members are the same: what is compared?`);
});

test("docs/api-compatibility.md is up to date", () => {
	const there = readFileSync(join(root, "docs/api-compatibility.md"), "utf8");
	assert.equal(there, document(comparison), "run node tools/compat/generate.mjs");
});
