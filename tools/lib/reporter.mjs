/**
 * The reporter of npm test's files: what `spec` prints, without its sums; those go as JSON to the file
 * that LIVEKIT_XS_TEST_COUNTS names.
 */

import { writeFileSync } from "node:fs";
import { spec } from "node:test/reporters";

/** @typedef {{ passed: number, failed: number, skipped: number, failures: string[] }} Counts */

const sums = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/** @param {AsyncIterable<import("node:test/reporters").TestEvent>} source */
export default async function* report(source) {
	/** @type {Counts} */
	const counts = { passed: 0, failed: 0, skipped: 0, failures: [] };
	async function* kept() {
		for await (const event of source) {
			const { type, data } = event;
			if (type === "test:diagnostic" && data.nesting === 0) {
				const [, name, value] = /^(pass|fail|cancelled|skipped) (\d+)$/.exec(data.message) ?? [];
				if (name === "pass") counts.passed = Number(value);
				else if (name === "skipped") counts.skipped = Number(value);
				else if (name) counts.failed += Number(value);
				if (sums.test(data.message)) continue;
			}
			// Not the ones that fail only because a test in them did.
			if (type === "test:fail" && !data.skip && !data.todo) {
				const { failureType } = /** @type {any} */ (data.details.error);
				if (failureType !== "subtestsFailed") counts.failures.push(data.name);
			}
			yield event;
		}
	}
	const printer = new spec();
	const feeding = (async () => {
		for await (const event of kept()) printer.write(event);
		printer.end();
	})();
	for await (const text of printer) yield text;
	await feeding;
	const path = process.env.LIVEKIT_XS_TEST_COUNTS;
	if (path) writeFileSync(path, JSON.stringify(counts));
}
