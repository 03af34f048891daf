/* docs/memory.md shows the profiles as the C module has them. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { boundsTable, profiles, table } from "../../../bench/memory/profiles.mjs";
import { root } from "../../../tools/lib/paths.mjs";

test("docs/memory.md has the table of profile.c", () => {
	const text = readFileSync(join(root, "docs/memory.md"), "utf8");
	assert.ok(text.includes(table()), `docs/memory.md should have:\n${table()}`);
	assert.ok(text.includes(boundsTable()), `docs/memory.md should have:\n${boundsTable()}`);
	for (const { budget, tasks } of Object.values(profiles())) {
		assert.equal(Object.keys(budget).length, 10);
		assert.ok(Object.values(tasks).every((stack) => stack > 0));
	}
});
