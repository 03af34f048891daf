/** The system packages: found by what they provide, so that any distribution's will do. */

import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clangs, clangTidy, fuzzingCompiler } from "../lib/clang.mjs";
import { capture, run, which } from "../lib/command.mjs";
import { Failure } from "../lib/failure.mjs";
import { displayPath, logs } from "../lib/paths.mjs";
import { progress } from "../lib/steps.mjs";

/**
 * @typedef {object} Package
 * @property {string} name Debian's name
 * @property {string} [command] provides this command
 * @property {string} [header] or this C header
 * @property {() => boolean} [present] or passes this check
 */

/** @type {Package[]} */
const forStart = [
	{ name: "gcc", command: "cc" },
	{ name: "libc6-dev", header: "stdlib.h" },
	{ name: "make", command: "make" },
	{ name: "cmake", command: "cmake" },
	{ name: "libmbedtls-dev", header: "mbedtls/ssl.h" },
	{ name: "libopus-dev", header: "opus/opus.h" },
	{ name: "libasound2-dev", header: "alsa/asoundlib.h" },
];

/** @type {Package[]} */
const forChecks = [{ name: "clang-format", command: "clang-format" }];

/** For the simulator with a device's memory. @type {Package[]} */
const forDevice = [
	...forStart,
	{ name: "gcc-multilib", present: multilibIsThere },
	{ name: "dpkg-dev", command: "dpkg-source" },
];

/** @type {Package[]} */
const forTests = [
	...forDevice,
	...forChecks,
	{ name: "pkg-config", command: "pkg-config" },
	{ name: "libcmocka-dev", header: "cmocka.h" },
	{ name: "libsrtp2-dev", header: "srtp2/srtp.h" },
	{ name: "libusrsctp-dev", header: "usrsctp.h" },
	{ name: "openssl", command: "openssl" },
	{ name: "clang", present: () => clangs().length > 0 },
	{ name: "clang-tidy", present: () => clangTidy() !== undefined },
	// libFuzzer: some distributions' clang brings it along, so this is known once clang is there.
	{ name: "libclang-rt-dev", present: () => clangs().length === 0 || !!fuzzingCompiler() },
	{ name: "gcc-riscv64-unknown-elf", command: "riscv64-unknown-elf-gcc" },
	{ name: "picolibc-riscv64-unknown-elf", present: picolibcIsThere },
	{ name: "gcc-xtensa-lx106", command: "xtensa-lx106-elf-gcc" },
	{ name: "qemu-system-misc", command: "qemu-system-riscv32" },
	{ name: "coturn", command: "turnserver" },
	{ name: "iproute2", command: "ip" },
	{ name: "chromium-headless-shell", present: () => browser() !== undefined },
];

/** Debian's command is a script that waits for this one, which would outlive it. */
const headlessShell = "/usr/lib/chromium/chromium-headless-shell";

/** A Chromium that needs no screen. */
export const browser = () =>
	existsSync(headlessShell)
		? headlessShell
		: ["chromium", "google-chrome"].find((name) => which(name));

/** For the 32-bit host; other processors' compilers have no such mode. */
function multilibIsThere() {
	return (
		process.arch !== "x64" ||
		capture("cc", ["-m32", "-E", "-"], { input: "#include <stdlib.h>\n" }) !== undefined
	);
}

function picolibcIsThere() {
	const specs = capture("riscv64-unknown-elf-gcc", ["-print-file-name=picolibc.specs"]);
	return specs !== undefined && existsSync(specs.trim());
}

/** The C headers among `headers` that the compiler does not find. @param {string[]} headers */
function missingHeaders(headers) {
	const probe = headers.map((header) => `#if !__has_include(<${header}>)\n${header}\n#endif\n`);
	const output = capture("cc", ["-E", "-P", "-"], { input: probe.join("") });
	return output === undefined ? headers : headers.filter((header) => output.includes(header));
}

/** @typedef {"start" | "device" | "tests" | "checks"} Purpose `tests` includes the others */

/** @param {Purpose} purpose @returns {string[]} names */
export function missingPackages(purpose) {
	const packages = { start: forStart, device: forDevice, tests: forTests, checks: forChecks }[
		purpose
	];
	const headers = missingHeaders(packages.flatMap(({ header }) => header ?? []));
	return packages
		.filter(({ command, header, present }) => {
			if (command) return !which(command);
			return header ? headers.includes(header) : !present?.();
		})
		.map(({ name }) => name);
}

/** Programs are what we want, not services: Debian starts those at once unless it is told not to. */
const policy = "/usr/sbin/policy-rc.d";

/** @param {() => Promise<void>} work */
async function withoutServices(work) {
	if (existsSync(policy)) return work();
	writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
	try {
		await work();
	} finally {
		rmSync(policy, { force: true });
	}
}

/** @param {string[]} names */
async function aptInstall(names) {
	const options = {
		log: "apt",
		what: "installing Debian packages",
		env: { DEBIAN_FRONTEND: "noninteractive" },
	};
	await run("apt-get", ["update"], options);
	await withoutServices(() =>
		run("apt-get", ["install", "-y", "--no-install-recommends", ...names], options),
	);
	// Nor when the machine starts the next time.
	if (names.includes("coturn") && which("systemctl")) {
		await run("systemctl", ["disable", "coturn"], { ...options, what: "no service of coturn" });
	}
}

/** Installs what is missing when it may, else fails with the line to type. @param {Purpose} purpose */
export async function installPackages(purpose) {
	let missing = missingPackages(purpose);
	// Twice: what is missing can depend on a package that came first.
	for (let round = 0; missing.length > 0 && round < 2; round++) {
		if (!which("apt-get")) {
			throw new Failure(
				`missing: ${missing.join(", ")} (Debian's names); install your system's equivalents`,
			);
		}
		if (process.getuid?.() !== 0) {
			throw new Failure(`missing system packages; run: sudo apt-get install ${missing.join(" ")}`);
		}
		await progress(`Debian packages: ${missing.join(", ")}`, () => aptInstall(missing));
		missing = missingPackages(purpose);
	}
	if (missing.length > 0) {
		throw new Failure(
			`installed, but still not usable: ${missing.join(", ")}; log: ${displayPath(join(logs, "apt.log"))}`,
		);
	}
}
