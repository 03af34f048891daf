/** docs/session.md has the session's table of states as it is. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { it } from "node:test";
import { build } from "esbuild";
import { root } from "../../../tools/lib/paths.mjs";

/** @returns {Promise<Record<string, Record<string, string>>>} */
async function readTransitions() {
	const { outputFiles } = await build({
		entryPoints: [join(root, "src/session/state.ts")],
		format: "esm",
		write: false,
	});
	const source = Buffer.from(outputFiles[0].contents).toString("base64");
	return (await import(`data:text/javascript;base64,${source}`)).transitions;
}

it("the table in docs/session.md is that of src/session/state.ts", async () => {
	const rows = Object.entries(await readTransitions()).map(([state, row]) => {
		/** @type {Record<string, string[]>} */
		const events = {};
		for (const [event, next] of Object.entries(row)) {
			events[next] = [...(events[next] ?? []), event];
		}
		const ways = Object.entries(events).map(([next, names]) => `${names.join(", ")} → **${next}**`);
		return `| ${state} | ${ways.join("; ")} |`;
	});
	const docs = readFileSync(join(root, "docs/session.md"), "utf8");
	const [, table] =
		/^\| state \| event → next state \|\n\|---\|---\|\n((?:\|.*\n)+)/m.exec(docs) ?? [];
	assert.deepEqual(table?.trimEnd().split("\n"), rows);
});
