/** What we build: the protocol tables, and the desktop host with the C core in it. */

import { join } from "node:path";
import { run } from "../lib/command.mjs";
import { build, root } from "../lib/paths.mjs";
import { xsFolder, xsnap } from "./npm.mjs";
import { deviceSources } from "./sources.mjs";

/** @type {import("../lib/steps.mjs").Step} */
export const protocolTables = {
	name: "protocol-tables",
	title: "protocol tables",
	inputs: ["tools/proto", "package-lock.json"],
	outputs: ["tables.ts", "types.ts", "enums.ts", "runtime.js", "runtime.d.ts"].map((name) =>
		join(root, "src/protocol/generated", name),
	),
	async run() {
		await run(process.execPath, [join(root, "tools", "proto", "generate.mjs")], {
			log: "protocol-tables",
			what: "generating the protocol tables",
		});
	},
};

/** @type {import("../lib/steps.mjs").Step} */
export const objectCodec = {
	name: "msgpackr",
	title: "msgpackr for XS",
	inputs: ["tools/msgpack", "package-lock.json"],
	outputs: ["msgpackr.js", "msgpackr.d.ts"].map((name) =>
		join(root, "src/data/objects/generated", name),
	),
	async run() {
		await run(process.execPath, [join(root, "tools", "msgpack", "bundle.mjs")], {
			log: "msgpackr",
			what: "bundling msgpackr",
		});
	},
};

/**
 * @param {string} folder in build/
 * @param {string} title
 * @param {string[]} definitions for CMake
 * @returns {import("../lib/steps.mjs").Step}
 */
const host = (folder, title, definitions) => ({
	name: folder,
	title,
	inputs: [
		"boards/desktop/CMakeLists.txt",
		"boards/desktop/xs-settings.cmake",
		"boards/desktop/host",
		"modules/webrtc-native",
	],
	values: [process.arch, xsnap.integrity, ...definitions],
	outputs: [join(build, folder, "xs-host")],
	run: () =>
		cmake(folder, "boards/desktop", join(build, folder), [`-DXS_DIR=${xsFolder}`, ...definitions]),
});

export const desktopHost = host("desktop", "desktop simulator: XS and the C core", []);
/**
 * With a device's pointers and libraries, which buildDeviceLibraries() has made.
 * @param {"x86-32" | "x86-32-internal"} libraries
 */
export const deviceHost = (libraries) => {
	const step = host(
		`desktop-${libraries}`,
		`desktop simulator with a device's memory (${libraries})`,
		[
			`-DCMAKE_TOOLCHAIN_FILE=${join(root, "tools/device-libraries/x86-32.cmake")}`,
			`-DDEVICE_LIBRARIES=${join(build, "device-libraries", libraries, "device-libraries.cmake")}`,
			`-DLKXS_SMALL=${libraries === "x86-32-internal" ? "ON" : "OFF"}`,
		],
	);
	return {
		...step,
		inputs: [...step.inputs, "tools/device-libraries"],
		values: [...(step.values ?? []), ...(deviceSources.values ?? [])],
	};
};
export const sanitizedHost = host("desktop-asan", "the same with sanitizers", ["-DSANITIZE=ON"]);

/** Natives for the engine's own tests, in a library that a host preloads. @type {import("../lib/steps.mjs").Step} */
export const testNatives = {
	name: "xs-fixture",
	title: "natives of the engine's tests",
	inputs: ["test/unit/ts/engine", "boards/desktop/xs-settings.cmake", "boards/desktop/host"],
	values: [process.arch, xsnap.integrity],
	outputs: [join(build, "xs-fixture", "libxs-fixture.so")],
	run: () =>
		cmake("xs-fixture", "test/unit/ts/engine", join(build, "xs-fixture"), [`-DXS_DIR=${xsFolder}`]),
};

/**
 * Configures and builds a CMake project.
 * @param {string} log
 * @param {string} source from the package's top
 * @param {string} target the build folder
 * @param {string[]} definitions
 */
export async function cmake(log, source, target, definitions) {
	const what = `building ${source}`;
	await run("cmake", ["-S", join(root, source), "-B", target, ...definitions], { log, what });
	await run("cmake", ["--build", target, "-j2"], { log, what });
}
