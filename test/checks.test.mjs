import { describe, it } from "node:test";
import { checks } from "../tools/checks.mjs";
import { compileCore, targets } from "../tools/cross-compile.mjs";

describe("sources", () => {
	for (const { name, run } of checks) it(name, run);
});

describe("core compiles for", () => {
	for (const target of targets) {
		it(target.name, async () => void (await compileCore(target)));
	}
});
