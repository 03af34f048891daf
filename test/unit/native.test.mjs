/** The C units: each cmocka program is one test, plain and under AddressSanitizer and UBSan. */

import { join } from "node:path";
import { describe, it } from "node:test";
import { capture, run } from "../../tools/lib/command.mjs";
import { ahead } from "../../tools/lib/lanes.mjs";
import { build } from "../../tools/lib/paths.mjs";
import { cmake } from "../../tools/setup/build.mjs";

const builds = [
	{ name: "plain", folder: "unit", definitions: ["-DSANITIZE=OFF"] },
	{ name: "small boards", folder: "unit-small", definitions: ["-DLKXS_SMALL=ON"] },
	{ name: "sanitized", folder: "unit-sanitized", definitions: ["-DSANITIZE=ON"] },
];

/** Sound in real time, which nothing else may hold up, and which holds up nothing: they sleep mostly. */
const punctual = new Set(["test_audio_devices", "test_feed"]);
const priority = ahead(true);

/** @type {Map<string, string[]>} the tests of each build folder */
const tests = new Map();
for (const { folder, definitions } of builds) {
	const tree = join(build, folder);
	await cmake(folder, "test/unit/native", tree, definitions);
	const listing = capture("ctest", ["--test-dir", tree, "--show-only=json-v1"]) ?? "{}";
	const names = (JSON.parse(listing).tests ?? []).map((test) => test.name);
	if (names.length === 0) throw new Error(`no tests in ${tree}`);
	tests.set(folder, names);
}

// Some wait in real time: the other builds' have the processor meanwhile.
describe("C units", { concurrency: builds.length }, () => {
	for (const { name, folder } of builds) {
		describe(name, () => {
			for (const test of tests.get(folder) ?? []) {
				const ctest = ["ctest", "--test-dir", join(build, folder), "--output-on-failure"];
				const [command, ...args] = [...(punctual.has(test) ? priority : []), ...ctest];
				it(test, { timeout: 150_000 }, () =>
					run(command, [...args, "-R", `^${test}$`], {
						log: `${folder}-${test}`,
						what: test,
					}),
				);
			}
		});
	}
});
