/**
 * Compiles for the boards' processors with Debian's cross compilers: the portable core, as proof that
 * it needs no more than C11 and a small libc, and what an ESP32 has of the port, against the headers of
 * ESP-IDF in test/idf-stubs. It says "compiles for", nothing about running.
 *   node tools/cross-compile.mjs
 */

import { execFile } from "node:child_process";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { capture } from "./lib/command.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { build, root } from "./lib/paths.mjs";
import { runStep } from "./lib/steps.mjs";

const native = join(root, "modules", "webrtc-native");
const core = join(native, "core");
const stubs = join(root, "test", "idf-stubs");
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

let linked = false;

/** The libraries' headers alone: the rest of the host's include folder must stay out of sight. */
function libraryHeaders() {
	const folder = join(build, "cross-include");
	if (linked) return folder;
	linked = true;
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder, { recursive: true });
	for (const name of ["mbedtls", "psa", "opus"]) {
		const path = join("/usr/include", name);
		if (existsSync(path)) symlinkSync(path, join(folder, name));
	}
	writeFileSync(join(folder, "device_config.h"), deviceConfig);
	return folder;
}

/** @param {string} folder */
function sourcesIn(folder) {
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.filter((name) => name.endsWith(".c"))
		.sort()
		.map((name) => join(folder, name));
}

/**
 * @typedef {{ name: string, sources: () => string[], flags: string[], complete: boolean }} Part
 *   `complete`: nothing of ours is missing when all its files are linked
 * @type {Record<"core" | "component", Part>}
 */
export const parts = {
	core: {
		name: "the core",
		sources: () => sourcesIn(core),
		flags: ["-std=c11"],
		complete: false,
	},
	/** What ESP-IDF's component has, in IDF's dialect: the core's branches for ESP-IDF, too. */
	component: {
		name: "the ESP32 component",
		sources: () => [
			...sourcesIn(core),
			...sourcesIn(join(native, "port", "common")),
			...sourcesIn(join(native, "port", "esp32")),
		],
		// Before the libc's own headers, of which some have the same names.
		flags: ["-std=gnu17", "-DESP_PLATFORM", "-I", stubs],
		complete: true,
	},
};

/** The functions that our headers declare. */
function declared() {
	const names = new Set();
	for (const name of readdirSync(native, { recursive: true, encoding: "utf8" })) {
		if (!name.endsWith(".h")) continue;
		const text = readFileSync(join(native, name), "utf8").replaceAll(/\/\*.*?\*\//gs, "");
		for (const [, symbol] of text.matchAll(/^(?!static)[a-z][\w *]*?\b(\w+)\(/gm))
			names.add(symbol);
	}
	return names;
}

/** @param {string} compiler @param {string[]} objects */
function missing(compiler, objects) {
	const symbols = capture(compiler.replace(/gcc$/, "nm"), ["--format=posix", ...objects]) ?? "";
	const lines = [...symbols.matchAll(/^(\w+) (\w)/gm)];
	const defined = new Set(lines.filter(([, , kind]) => kind !== "U").map(([, name]) => name));
	const ours = declared();
	return lines
		.filter(([, name, kind]) => kind === "U" && ours.has(name) && !defined.has(name))
		.map(([, name]) => name);
}

/**
 * Again only when something changed.
 * @param {typeof targets[number]} target
 * @param {Part} part
 * @returns {Promise<number>} how many files compile; throws at the first that does not
 */
export async function compilePart(target, part) {
	const { name, compiler, flags } = target;
	const headers = libraryHeaders();
	const includes = ["-I", core, "-isystem", headers, "-isystem", join(headers, "opus")];
	const config = '-DMBEDTLS_CONFIG_FILE="device_config.h"';
	const options = ["-Os", ...warnings, ...part.flags, ...flags, ...includes, config, "-c"];
	const sources = part.sources();
	const libraries = capture("dpkg-query", ["-W", "libmbedtls-dev", "libopus-dev"]) ?? "";
	await runStep({
		name: `cross-${name}-${part.name.replaceAll(" ", "-")}`,
		title: `${part.name} for ${name}`,
		inputs: ["modules/webrtc-native", "test/idf-stubs"],
		values: [...options, deviceConfig, capture(compiler, ["--version"]) ?? "", libraries],
		outputs: [],
		async run() {
			const objects = await compile(target, options, sources);
			const absent = part.complete ? missing(compiler, objects) : [];
			if (absent.length > 0)
				throw new Failure(`${part.name} lacks for ${name}: ${[...new Set(absent)].join(", ")}`);
		},
	});
	return sources.length;
}

/**
 * @param {typeof targets[number]} target
 * @param {string[]} options @param {string[]} sources
 * @returns {Promise<string[]>} the object files
 */
async function compile({ name, compiler }, options, sources) {
	const folder = join(build, "cross", name);
	mkdirSync(folder, { recursive: true });
	const objects = sources.map((source) =>
		join(folder, `${relative(native, source).replaceAll("/", "-")}.o`),
	);
	const queue = sources.entries();
	async function work() {
		for (const [i, source] of queue) {
			try {
				await promisify(execFile)(compiler, [...options, "-o", objects[i], source]);
			} catch (error) {
				const output = /** @type {{ stderr?: string }} */ (error).stderr ?? String(error);
				throw new Failure(`${relative(root, source)} does not compile for ${name}`, output);
			}
		}
	}
	await Promise.all([work(), work()]);
	return objects;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await runMain(async () => {
		for (const target of targets) {
			for (const part of Object.values(parts)) {
				const count = await compilePart(target, part);
				console.log(`${count} files of ${part.name} compile for ${target.name}`);
			}
		}
	});
}
