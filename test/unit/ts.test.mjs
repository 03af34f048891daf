/* Every *.test.ts below ts/ runs inside XS; one with a *.test.mjs beside it is run by that. */

import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "./ts/run.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "ts");

for (const name of readdirSync(folder, { recursive: true }).sort()) {
	const file = join(folder, name);
	if (!name.endsWith(".test.ts") || existsSync(file.replace(/\.ts$/, ".mjs"))) continue;
	test(`ts/${name}`, (t) => runXsTest(t, file));
}
