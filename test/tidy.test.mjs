/**
 * clang-tidy finds nothing in our C, and would.
 * @lane idle
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { clangTidy } from "../tools/lib/clang.mjs";
import { build, root } from "../tools/lib/paths.mjs";
import { tidy, tidyFolders } from "../tools/tidy.mjs";

describe("clang-tidy", { concurrency: 2 }, () => {
	for (const [folder, files] of tidyFolders()) it(folder, () => tidy(folder, files));

	it("tells a planted bug", () => {
		const file = join(build, "tests", "planted.c");
		mkdirSync(join(build, "tests"), { recursive: true });
		writeFileSync(
			file,
			"int planted(const int *at);\nint planted(const int *at)\n{ return at ? 0 : *at; }\n",
		);
		const args = [`--config-file=${join(root, ".clang-tidy")}`, file, "--"];
		const { status, stdout } = spawnSync(String(clangTidy()), args, { encoding: "utf8" });
		assert.notEqual(status, 0);
		assert.match(stdout, /planted\.c:3.*NullDereference/);
	});
});
