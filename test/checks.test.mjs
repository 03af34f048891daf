/** @lane idle */

import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { buildApp } from "../tools/app/run.mjs";
import { checks } from "../tools/checks.mjs";
import { compilePart, parts, targets } from "../tools/cross-compile.mjs";
import { build, root } from "../tools/lib/paths.mjs";

describe("sources", () => {
	for (const { name, run } of checks) it(name, run);
});

describe("manifest of", () => {
	for (const folder of ["examples", "test/e2e/apps"]) {
		for (const name of readdirSync(join(root, folder))) {
			const manifest = join(root, folder, name, "manifest.json");
			if (!existsSync(manifest)) continue;
			it(`${folder}/${name} resolves, and all its modules compile`, () => {
				buildApp(manifest, { outDir: join(build, "tests", "manifests", name) });
			});
		}
	}
});

describe("README", () => {
	it("shows examples/minimal as it is", () => {
		const readme = readFileSync(join(root, "README.md"), "utf8");
		for (const name of ["main.ts", "manifest.json"]) {
			const source = readFileSync(join(root, "examples", "minimal", name), "utf8");
			assert.ok(readme.includes(source), `${name} is not in README.md as it is`);
		}
	});
});

for (const part of Object.values(parts)) {
	describe(`${part.name} compiles for`, () => {
		for (const target of targets) {
			it(target.name, async (t) => {
				t.diagnostic(`${await compilePart(target, part)} files`);
			});
		}
	});
}
