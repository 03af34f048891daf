/** Checks that read the sources and run nothing: `npm run check`, and the first tests of `npm test`. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "./lib/failure.mjs";
import { build, root } from "./lib/paths.mjs";

const bin = (/** @type {string} */ name) => join(root, "node_modules", ".bin", name);

/** @param {string} command @param {string[]} args fails with the command's output */
async function pass(command, args) {
	try {
		await promisify(execFile)(command, args, { cwd: root, maxBuffer: 1 << 26 });
	} catch (error) {
		const { stdout = "", stderr = "" } = /** @type {Record<string, string>} */ (error);
		throw new Failure(`${command.slice(command.lastIndexOf("/") + 1)} complains`, stdout + stderr);
	}
}

/** Only what has changed since the last time is read again. @param {string} project @param {string} name */
function types(project, name) {
	const info = join(build, "types", `${name}.tsbuildinfo`);
	return pass(bin("tsc"), ["-p", project, "--incremental", "--tsBuildInfoFile", info]);
}

/** @returns {string[]} our C files */
function cFiles() {
	return ["modules", "boards", "test"].flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
			.filter((name) => /\.[ch]$/.test(name))
			.map((name) => join(folder, name)),
	);
}

export const checks = [
	{ name: "types of the library and apps", run: () => types(".", "library") },
	{ name: "types of the tools", run: () => types("tools", "tools") },
	{ name: "lint and format", run: () => pass(bin("biome"), ["check", "--error-on-warnings"]) },
	{
		name: "format of C",
		run: () => pass("clang-format", ["--dry-run", "-Werror", ...cFiles()]),
	},
	{
		name: "layers",
		run: () =>
			pass(bin("depcruise"), ["--config", ".dependency-cruiser.cjs", "src", "modules", "examples"]),
	},
];
