/* Every *.test.ts below ts/ runs inside XS, but those that a *.test.mjs of their folder runs itself. */

import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "./ts/run.mjs";

const folder = join(dirname(fileURLToPath(import.meta.url)), "ts");
const names = readdirSync(folder, { recursive: true }).sort();

/** A driver says the file's name: beside its own fixture, it may run several. */
const driven = (file) =>
	names
		.filter((name) => name.endsWith(".test.mjs") && dirname(name) === dirname(file))
		.some((name) => readFileSync(join(folder, name), "utf8").includes(basename(file)));

for (const name of names) {
	if (!name.endsWith(".test.ts") || driven(name)) continue;
	test(`ts/${name}`, (t) => runXsTest(t, join(folder, name)));
}
