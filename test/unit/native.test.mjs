/** The C units: each cmocka program is one test, plain and under AddressSanitizer and UBSan. */

import { join } from "node:path";
import { describe, it } from "node:test";
import { capture, run } from "../../tools/lib/command.mjs";
import { build } from "../../tools/lib/paths.mjs";
import { cmake } from "../../tools/setup/build.mjs";

const builds = [
	{ name: "C units", folder: "unit", definitions: ["-DSANITIZE=OFF"] },
	{ name: "C units, small boards", folder: "unit-small", definitions: ["-DLKXS_SMALL=ON"] },
	{ name: "C units, sanitized", folder: "unit-sanitized", definitions: ["-DSANITIZE=ON"] },
];

for (const { name, folder, definitions } of builds) {
	const tree = join(build, folder);
	await cmake(folder, "test/unit/native", tree, definitions);
	const listing = capture("ctest", ["--test-dir", tree, "--show-only=json-v1"]) ?? "{}";
	/** @type {{ name: string }[]} */
	const tests = JSON.parse(listing).tests ?? [];
	if (tests.length === 0) throw new Error(`no tests in ${tree}`);
	describe(name, () => {
		for (const test of tests) {
			it(test.name, { timeout: 150_000 }, () =>
				run("ctest", ["--test-dir", tree, "--output-on-failure", "-R", `^${test.name}$`], {
					log: `${folder}-${test.name}`,
					what: test.name,
				}),
			);
		}
	});
}
