/** Writes docs/api-compatibility.md. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Failure, runMain } from "../lib/failure.mjs";
import { root } from "../lib/paths.mjs";
import { compare, document } from "./compare.mjs";

await runMain(async () => {
	const comparison = compare();
	if (comparison.problems.length > 0) {
		throw new Failure(
			`test/compat/decisions.json: ${comparison.problems.length} members to decide on`,
			comparison.problems.join("\n"),
		);
	}
	writeFileSync(join(root, "docs/api-compatibility.md"), document(comparison));
});
