/** clang-tidy over our C, with the checks of .clang-tidy: a folder again only when something changed. */

import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { clangTidy } from "./lib/clang.mjs";
import { capture } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { build, root } from "./lib/paths.mjs";
import { runStep } from "./lib/steps.mjs";

const commands = join(build, "desktop", "compile_commands.json");
const folders = ["modules/webrtc-native", "boards/desktop/host"];
/** Of one process: the analyzer takes a second for each. */
const filesAtOnce = 4;

/**
 * What the desktop simulator is made of, by folder. The rest (port/esp32) needs headers that are not
 * here.
 * @returns {Map<string, string[]>} paths from the repository's top
 */
export function tidyFolders() {
	if (!existsSync(commands)) {
		throw new Failure("clang-tidy needs the desktop simulator's build; run: npm start");
	}
	/** @type {{ file: string }[]} */
	const units = JSON.parse(readFileSync(commands, "utf8"));
	/** @type {Map<string, string[]>} */
	const result = new Map();
	for (const file of [...new Set(units.map(({ file }) => relative(root, file)))].sort()) {
		if (!folders.some((folder) => file.startsWith(`${folder}/`))) continue;
		result.set(dirname(file), [...(result.get(dirname(file)) ?? []), file]);
	}
	return result;
}

/** @returns {string[]} */
function headers() {
	return folders.flatMap((folder) =>
		readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
			.filter((name) => name.endsWith(".h"))
			.map((name) => join(folder, name)),
	);
}

/**
 * @param {string} folder @param {string[]} files
 * @throws {Failure} with what clang-tidy says
 */
export async function tidy(folder, files) {
	const program = clangTidy();
	if (!program) throw new Failure("no clang-tidy; run: npm run doctor");
	await runStep({
		name: `tidy-${folder.replaceAll("/", "-")}`,
		title: `clang-tidy ${folder}`,
		inputs: [".clang-tidy", "boards/desktop/CMakeLists.txt", ...headers(), ...files],
		values: [capture(program, ["--version"]) ?? ""],
		outputs: [],
		async run() {
			for (let at = 0; at < files.length; at += filesAtOnce) {
				const some = files.slice(at, at + filesAtOnce);
				try {
					await promisify(execFile)(program, ["-p", dirname(commands), "--quiet", ...some], {
						cwd: root,
						maxBuffer: 1 << 26,
					});
				} catch (error) {
					const { stdout = "", stderr = "" } = /** @type {Record<string, string>} */ (error);
					throw new Failure(`clang-tidy complains about ${folder}`, stdout || stderr);
				}
			}
		},
	});
}
