/** Clang: not every distribution's comes with libFuzzer, and few name it alike. */

import { readdirSync } from "node:fs";
import { delimiter } from "node:path";
import { capture } from "./command.mjs";

/** What is on PATH of a tool: its plain name, then NAME-NN from the newest on. @param {string} tool */
function versionsOf(tool) {
	const pattern = new RegExp(`^${tool}(?:-(\\d+))?$`);
	const version = (/** @type {string} */ name) => Number(pattern.exec(name)?.[1] ?? Infinity);
	const found = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
		try {
			return readdirSync(folder).filter((name) => pattern.test(name));
		} catch {
			return [];
		}
	});
	return [...new Set(found)].sort((a, b) => version(b) - version(a));
}

export const clangs = () => versionsOf("clang");

/** @returns {string | undefined} */
export const clangTidy = () => versionsOf("clang-tidy")[0];

/** The first clang that links a libFuzzer program with the sanitizers, if any. */
export function fuzzingCompiler() {
	const program =
		"int LLVMFuzzerTestOneInput(const char *a, unsigned long b)\n{ return !a || !b; }";
	const flags = ["-fsanitize=fuzzer,address,undefined", "-x", "c", "-o", "/dev/null", "-"];
	return clangs().find((name) => capture(name, flags, { input: program }) !== undefined);
}
