/** Checks that read the sources and run nothing: `npm run check`, and the first tests of `npm test`. */

import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { Failure } from "./lib/failure.mjs";
import { root } from "./lib/paths.mjs";

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

/** @returns {string[]} our C files */
function cFiles() {
	const folders = ["modules", "boards", "test/unit/native", "test/network", "test/fuzz"];
	return folders.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
			.filter((name) => /\.[ch]$/.test(name))
			.map((name) => join(folder, name)),
	);
}

export const checks = [
	{ name: "types of the library and apps", run: () => pass(bin("tsc"), ["-p", "."]) },
	{ name: "types of the tools", run: () => pass(bin("tsc"), ["-p", "tools"]) },
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
