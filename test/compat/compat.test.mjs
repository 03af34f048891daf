/** Our API against the pinned livekit-client's: every member is the same, or decided on. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { DisconnectReason } from "@livekit/protocol";
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

test("every event of a room is provoked by the real server, or it is said why it cannot be", () => {
	const read = (/** @type {string} */ path) => readFileSync(join(root, path), "utf8");
	const [, table] =
		/RoomEvent = Object\.freeze\(\{([\s\S]*?)\} as const/.exec(read("src/room/events.ts")) ?? [];
	const events = Array.from(table.matchAll(/^\t\w+: "(\w+)"/gm), ([, event]) => event);
	/** @type {Record<string, { server?: string, unit?: string, why?: string }>} */
	const rows = JSON.parse(read("test/compat/events.json"));
	assert.deepEqual(Object.keys(rows), events);
	for (const [event, { server, unit, why }] of Object.entries(rows)) {
		assert.ok(server ? !unit : unit && why, event);
		assert.match(read(server ?? unit ?? ""), new RegExp(event, "i"));
	}
});

test("every reason to disconnect is provoked by the real server, or it is said why it cannot be", () => {
	/** @type {Record<string, { server?: string, says?: string, unit?: string, why?: string }>} */
	const rows = JSON.parse(readFileSync(join(root, "test/compat/reasons.json"), "utf8"));
	const names = Object.keys(DisconnectReason).filter((name) => Number.isNaN(Number(name)));
	assert.deepEqual(Object.keys(rows), names);
	for (const [reason, { server, says = reason, unit, why }] of Object.entries(rows)) {
		assert.ok(server ? !unit : unit && why, reason);
		const text = readFileSync(join(root, server ?? unit ?? ""), "utf8");
		assert.ok(text.includes(server ? says : "DisconnectReason"), reason);
	}
});
