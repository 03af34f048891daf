/**
 * Compiles the portable core for the boards' processors with Debian's cross compilers: proof that
 * it needs no more than C11 and a small libc. It says "compiles for", nothing about running.
 *   node tools/cross-compile.mjs
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { capture } from "./lib/command.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { build, root } from "./lib/paths.mjs";

const core = join(root, "modules", "webrtc-native", "core");
const warnings = ["-Wall", "-Wextra", "-Werror", "-Wshadow", "-Wstrict-prototypes"];

/** Debian has no libc for Xtensa; picolibc's headers do not depend on the processor. */
export const targets = [
	{
		name: "rv32imac",
		compiler: "riscv64-unknown-elf-gcc",
		flags: ["-march=rv32imac", "-mabi=ilp32", "--specs=picolibc.specs"],
	},
	{
		name: "xtensa",
		compiler: "xtensa-lx106-elf-gcc",
		flags: ["-mlongcalls", "-isystem", join(picolibc(), "include")],
	},
];

function picolibc() {
	const flags = ["--specs=picolibc.specs", "-march=rv32imac", "-mabi=ilp32"];
	const search = capture("riscv64-unknown-elf-gcc", [...flags, "-E", "-M", "-"], {
		input: "#include <string.h>\n",
	});
	const header = search?.split(/\s+/).find((word) => word.endsWith("/include/string.h"));
	return header ? dirname(dirname(header)) : "";
}

/** Debian configures mbedTLS with what a board does not have. */
const deviceConfig = `
#if __has_include(<mbedtls/mbedtls_config.h>)
#include <mbedtls/mbedtls_config.h>
#else
#include <mbedtls/config.h>
#endif
#undef MBEDTLS_THREADING_C
#undef MBEDTLS_THREADING_PTHREAD
#undef MBEDTLS_NET_C
#undef MBEDTLS_TIMING_C
#undef MBEDTLS_FS_IO
`;

/** The libraries' headers alone: the rest of the host's include folder must stay out of sight. */
function libraryHeaders() {
	const folder = join(build, "cross-include");
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	for (const name of ["mbedtls", "psa", "opus"]) {
		const path = join("/usr/include", name);
		if (existsSync(path)) symlinkSync(path, join(folder, name));
	}
	writeFileSync(join(folder, "device_config.h"), deviceConfig);
	return folder;
}

/** @returns {string[]} */
function coreSources() {
	return readdirSync(core, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".c"))
		.sort()
		.map((name) => join(core, name));
}

/**
 * @param {typeof targets[number]} target
 * @returns {Promise<number>} how many files were compiled; throws at the first that does not compile
 */
export async function compileCore({ name, compiler, flags }) {
	const config = '-DMBEDTLS_CONFIG_FILE="device_config.h"';
	const libraries = libraryHeaders();
	const includes = ["-I", core, "-isystem", libraries, "-isystem", join(libraries, "opus")];
	const options = [
		"-std=c11",
		"-Os",
		...warnings,
		...flags,
		...includes,
		config,
		"-c",
		"-o",
		"/dev/null",
	];
	const sources = coreSources();
	for (const source of sources) {
		try {
			await promisify(execFile)(compiler, [...options, source]);
		} catch (error) {
			const output = /** @type {{ stderr?: string }} */ (error).stderr ?? String(error);
			throw new Failure(`${relative(root, source)} does not compile for ${name}`, output);
		}
	}
	return sources.length;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await runMain(async () => {
		for (const target of targets) {
			console.log(`${await compileCore(target)} files of the core compile for ${target.name}`);
		}
	});
}
