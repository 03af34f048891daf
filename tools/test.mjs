/**
 * npm test: set-up, then every test through node:test. `npm test -- NAME…` runs the files whose path
 * contains one of the names; `--profile psram` or `internal` gives the simulated devices among them that
 * memory.
 */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { parseCommand } from "./lib/arguments.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { runInLanes } from "./lib/lanes.mjs";
import { deviceMemory, profileVariable } from "./lib/memory.mjs";
import { root } from "./lib/paths.mjs";
import { requireDeviceHost, setUp } from "./setup/index.mjs";

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
	const usage = "npm test -- [--profile psram|internal] [NAME…]";
	const { values, positionals } = parseCommand(usage, {
		args: process.argv.slice(2),
		options: { profile: { type: "string" } },
		allowPositionals: true,
	});
	const files = testFiles(positionals);
	const memory = values.profile ? deviceMemory(values.profile) : undefined;
	console.log("set-up");
	await setUp({ tests: true });
	if (memory) {
		await requireDeviceHost(memory.libraries);
		process.env[profileVariable] = memory.profile;
	}

	// TypeScript units run with sanitizers; the end-to-end tests use the host as it ships.
	process.env.XS_SANITIZE ??= "1";
	const { passed, failed, skipped, failures } = await runInLanes(files);
	if (failures.length > 0)
		console.log(`\nfailed:\n${failures.map((one) => `  ${one}`).join("\n")}`);
	console.log(`\ntests: ${passed} passed, ${failed} failed, ${skipped} skipped`);
	return failed > 0 ? 1 : 0;
});
