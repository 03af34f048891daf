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

/**
 * @param {string[]} files
 * @param {number} concurrency files at a time
 */
async function runFiles(files, concurrency) {
	const counts = { pass: 0, fail: 0, skipped: 0 };
	if (files.length === 0) return counts;
	const results = run({
		files: files.map((file) => join(root, file)),
		concurrency,
		timeout: fileTimeout,
	});
	results.on("test:diagnostic", ({ nesting, message }) => {
		const [, name, value] = /^(pass|fail|cancelled|skipped) (\d+)/.exec(message) ?? [];
		if (nesting !== 0 || !name) return;
		if (name === "pass" || name === "skipped") counts[name] += Number(value);
		else counts.fail += Number(value);
	});
	for await (const chunk of results.compose(new spec())) process.stdout.write(chunk);
	return counts;
}

await runMain(async () => {
	const files = testFiles(process.argv.slice(2));
	console.log("set-up");
	await setUp({ tests: true });

	// TypeScript units run with sanitizers; the end-to-end tests use the host as it ships.
	process.env.XS_SANITIZE ??= "1";
	const timed = files.filter((path) => /^test\/(network|e2e)\//.test(path));
	const untimed = files.filter((path) => !timed.includes(path));
	const total = { pass: 0, fail: 0, skipped: 0 };
	// What measures sound and networks in real time has the machine for itself.
	for (const [paths, concurrency] of /** @type {const} */ ([
		[untimed, 2],
		[timed, 1],
	])) {
		const counts = await runFiles(paths, concurrency);
		for (const name of /** @type {const} */ (["pass", "fail", "skipped"])) {
			total[name] += counts[name];
		}
	}
	console.log(`\ntests: ${total.pass} passed, ${total.fail} failed, ${total.skipped} skipped`);
	return total.fail > 0 ? 1 : 0;
});
