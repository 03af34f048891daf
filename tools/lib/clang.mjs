/** Clang: not every distribution's comes with libFuzzer, and few name it alike. */

import { readdirSync } from "node:fs";
import { delimiter } from "node:path";
import { capture } from "./command.mjs";

/** The clangs on PATH: plain `clang`, then clang-NN from the newest on. */
export function clangs() {
	const version = (/** @type {string} */ name) => Number(name.split("-")[1] ?? Infinity);
	const found = (process.env.PATH ?? "").split(delimiter).flatMap((folder) => {
		try {
			return readdirSync(folder).filter((name) => /^clang(-\d+)?$/.test(name));
		} catch {
			return [];
		}
	});
	return [...new Set(found)].sort((a, b) => version(b) - version(a));
}

/** The first clang that links a libFuzzer program with the sanitizers, if any. */
export function fuzzingCompiler() {
	const program =
		"int LLVMFuzzerTestOneInput(const char *a, unsigned long b)\n{ return !a || !b; }";
	const flags = ["-fsanitize=fuzzer,address,undefined", "-x", "c", "-o", "/dev/null", "-"];
	return clangs().find((name) => capture(name, flags, { input: program }) !== undefined);
}
