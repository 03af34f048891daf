/* The natives of these tests are in a library of its own that the host preloads. */

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "../../../../tools/lib/paths.mjs";
import { execApp, runXsTest } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const env = {
	LD_PRELOAD: join(build, "xs-fixture", "libxs-fixture.so"),
	ASAN_OPTIONS: "verify_asan_link_order=0",
};

test("ts/engine/native", (t) => runXsTest(t, join(here, "native.test.ts"), { env }));

test("an open native object holds the app, a closed one does not, exit() closes what is open", async () => {
	const folder = join(build, "tests/hold");
	mkdirSync(folder, { recursive: true });
	writeFileSync(
		join(folder, "main.ts"),
		`import config from "mc/config";
class Fixture extends Native("xs_fixture_destructor") {
	constructor() {
		super();
		native("xs_fixture").call(this, 3);
	}
}
await null; // by now the loop runs
const fixture = new Fixture();
(globalThis as any).kept = fixture;
native("xs_fixture_start").call(fixture, (text: string) => {
	trace(text);
	if (text !== "c") return;
	if (config.end === "close") native("xs_fixture_close").call(fixture);
	else native("xs_simulator_exit").call(undefined, 4);
});`,
	);
	const manifest = join(folder, "manifest.json");
	writeFileSync(manifest, JSON.stringify({ modules: { "*": "./main" } }));
	const closed = await execApp(manifest, { env, config: { end: "close" } });
	assert.deepEqual(closed, { status: 0, signal: null, stdout: "abc", stderr: "" });
	const ended = await execApp(manifest, { env, config: { end: "exit" } });
	assert.deepEqual(ended, { status: 4, signal: null, stdout: "abc", stderr: "" });
});
