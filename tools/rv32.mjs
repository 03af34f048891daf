/**
 * The self-test of test/rv32: the whole core for 32-bit RISC-V, two peers in one image that call each
 * other in qemu-system-riscv32. What it prints is what the benchmarks know of a device.
 */

import { spawn } from "node:child_process";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { Failure } from "./lib/failure.mjs";
import { build, root } from "./lib/paths.mjs";
import { runStep } from "./lib/steps.mjs";
import { cmake } from "./setup/build.mjs";
import { installPackages } from "./setup/debian.mjs";
import { buildDeviceLibraries } from "./setup/device-libraries.mjs";
import { xsSources } from "./setup/npm.mjs";
import { deviceSources } from "./setup/sources.mjs";

/** At idle priority it waits for all others. */
const timeout = 300_000;
const folder = join(build, "rv32");

const image = join(folder, "call");

/** Where the linker wrote what it took from where, and the folder with the object files. */
export const linkMap = join(folder, "call.map");
export const objects = folder;

/** @type {import("./lib/steps.mjs").Step} */
const rv32Image = {
	name: "rv32",
	title: "rv32 self-test",
	inputs: [
		"test/rv32",
		"test/unit/native/sim",
		"test/unit/native/peer_world.h",
		"test/fixtures/speech-16k.wav",
		"modules/webrtc-native",
		"boards/desktop/host/include",
		"test/idf-stubs",
		"tools/device-libraries",
	],
	values: deviceSources.values,
	outputs: [join(build, "rv32", "call")],
	run: () =>
		cmake("rv32", "test/rv32", folder, [
			`-DCMAKE_TOOLCHAIN_FILE=${join(root, "tools", "device-libraries", "rv32.cmake")}`,
			`-DDEVICE_LIBRARIES=${join(build, "device-libraries", "rv32", "device-libraries.cmake")}`,
			`-DXS_DIR=${join(build, "xsnap", "moddable")}`,
		]),
};

/**
 * What one run printed.
 * @typedef {object} SelfTest
 * @property {{ phase: string, owner: "nobody" | "device" | "remote", part: string, instructions: number }[]} counts
 * @property {{ memory: string, current: number, peak: number }[]} memory of one of the two peers, bytes
 * @property {{ stack: string, bytes: number }[]} stacks how deep each task's went
 */

/** @param {string} line */
function parse(line) {
	try {
		return JSON.parse(line);
	} catch {
		return undefined;
	}
}

/** What the self-test wants beyond what npm start does. */
export async function setUpSelfTest() {
	await installPackages("tests");
	await runStep(xsSources);
	const missing = await buildDeviceLibraries("rv32");
	if (missing) throw new Failure(missing);
}

/**
 * Builds the image if need be and runs it.
 * @returns {Promise<SelfTest>}
 */
export async function runSelfTest() {
	await runStep(rv32Image);
	const machine = ["-M", "virt", "-m", "64M", "-bios", "none", "-display", "none"];
	const counting = ["-semihosting", "-icount", "shift=0"];
	const child = spawn("qemu-system-riscv32", [...machine, ...counting, "-kernel", image], {
		stdio: ["ignore", "ignore", "pipe"],
	});
	const timer = setTimeout(() => child.kill(), timeout);
	// Semihosting writes to standard error.
	const [output, end] = await Promise.all([
		text(child.stderr),
		new Promise((resolve) => {
			child.once("error", (error) => resolve(error.message));
			child.once("exit", (code, signal) => resolve(code ?? signal));
		}),
	]);
	clearTimeout(timer);
	const lines = output.trim().split("\n").map(parse);
	if (end !== 0 || !lines.some((line) => line?.done)) {
		const why = child.killed ? "not over after 5 minutes" : end;
		throw new Failure(`the rv32 self-test failed (${why})`, output.slice(-2000));
	}
	return {
		counts: lines.filter((line) => line?.phase),
		memory: lines.filter((line) => line?.memory),
		stacks: lines.filter((line) => line?.stack),
	};
}
