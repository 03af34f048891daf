/** Work that is done once: a step runs again only when what it was made from has changed. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build, root } from "./paths.mjs";

/**
 * @typedef {object} Step
 * @property {string} name names the stamp
 * @property {string} title what the progress line says
 * @property {string[]} inputs files and folders, from the package's top, whose contents count
 * @property {string[]} [values] anything else that counts: versions, flags
 * @property {string[]} outputs paths of files that must be there when the step has been done
 * @property {() => Promise<void>} run
 */

/** @param {string} path @returns {string[]} */
function filesUnder(path) {
	if (!existsSync(path)) return [];
	if (!statSync(path).isDirectory()) return [path];
	return readdirSync(path)
		.sort()
		.flatMap((name) => filesUnder(join(path, name)));
}

/** @param {Step} step */
function hashInputs({ inputs, values = [] }) {
	const hash = createHash("sha256").update(JSON.stringify(values));
	for (const path of inputs.flatMap((input) => filesUnder(join(root, input)))) {
		hash.update(path.slice(root.length)).update("\0").update(readFileSync(path)).update("\0");
	}
	return hash.digest("hex");
}

/**
 * Runs `work` behind a progress line with its duration.
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 */
export async function progress(title, work) {
	const begin = performance.now();
	process.stdout.write(`  ${title} … `);
	try {
		const result = await work();
		console.log(`${((performance.now() - begin) / 1000).toFixed(1)} s`);
		return result;
	} catch (error) {
		console.log("failed");
		throw error;
	}
}

/** @param {Step} step */
export async function runStep(step) {
	const stamp = join(build, "stamps", step.name);
	const hash = hashInputs(step);
	const done =
		existsSync(stamp) &&
		readFileSync(stamp, "utf8") === hash &&
		step.outputs.every((output) => existsSync(output));
	if (done) return;
	await progress(step.title, step.run);
	mkdirSync(join(build, "stamps"), { recursive: true });
	writeFileSync(stamp, hash);
}
