/**
 * npm test: set-up, then every test through node:test. `npm test -- NAME…` runs the files whose path
 * contains one of the names.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { run } from "node:test";
import { spec } from "node:test/reporters";
import { Failure, runMain } from "./lib/failure.mjs";
import { root } from "./lib/paths.mjs";
import { setUp } from "./setup/index.mjs";

const fileTimeout = 10 * 60_000;

/** Test files; what is quick to fail comes first. @param {string[]} names */
function testFiles(names) {
	const order = ["test/checks", "test/unit/", "test/network/", "test/e2e/"];
	const rank = (/** @type {string} */ path) => order.findIndex((start) => path.startsWith(start));
	const all = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".test.mjs"))
		.map((name) => join("test", name))
		.sort((a, b) => rank(a) - rank(b) || a.localeCompare(b));
	if (names.length === 0) return all;
	const chosen = all.filter((path) => names.some((name) => path.includes(name)));
	if (chosen.length === 0) {
		throw new Failure(`no test file matches ${names.join(" ")}; there are: ${all.join(", ")}`);
	}
	return chosen;
}

await runMain(async () => {
	const files = testFiles(process.argv.slice(2));
	console.log("set-up");
	await setUp({ tests: true });

	// TypeScript units run with sanitizers; the end-to-end tests use the host as it ships.
	process.env.XS_SANITIZE ??= "1";
	// One file at a time: the end-to-end tests measure sound in real time on few cores.
	const results = run({
		files: files.map((file) => join(root, file)),
		concurrency: 1,
		timeout: fileTimeout,
	});
	/** @type {Record<string, string>} */
	const counts = {};
	results.on("test:diagnostic", ({ nesting, message }) => {
		const [, name, value] = /^(\w+) (\d+)/.exec(message) ?? [];
		if (nesting === 0 && name) counts[name] = value;
	});
	let failed = false;
	results.on("test:fail", ({ todo }) => {
		failed ||= !todo;
	});
	for await (const chunk of results.compose(new spec())) process.stdout.write(chunk);
	console.log(
		`\n${files.length} files: ${counts.pass} passed, ${counts.fail} failed, ${counts.skipped} skipped`,
	);
	return failed ? 1 : 0;
});
