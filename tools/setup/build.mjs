/** What we build: the protocol tables, and the desktop host with the C core in it. */

import { join } from "node:path";
import { run } from "../lib/command.mjs";
import { build, root } from "../lib/paths.mjs";

/** @type {import("../lib/steps.mjs").Step} */
export const protocolTables = {
	name: "protocol-tables",
	title: "protocol tables",
	inputs: ["tools/proto", "package-lock.json"],
	outputs: ["src/protocol/generated/tables.ts"],
	async run() {
		await run(process.execPath, [join(root, "tools", "proto", "generate.mjs")], {
			log: "protocol-tables",
			what: "generating the protocol tables",
		});
	},
};

/** @type {import("../lib/steps.mjs").Step} */
export const desktopHost = {
	name: "desktop-host",
	title: "desktop simulator: XS and the C core",
	inputs: ["boards/desktop", "modules/webrtc-native"],
	values: [process.arch],
	outputs: ["build/desktop/xs-host"],
	run: () =>
		cmake("desktop-host", "boards/desktop", join(build, "desktop"), [
			`-DXS_DIR=${join(build, "xsnap", "moddable")}`,
		]),
};

/**
 * Configures and builds a CMake project.
 * @param {string} log
 * @param {string} source from the repository's top
 * @param {string} target the build folder
 * @param {string[]} definitions
 */
export async function cmake(log, source, target, definitions) {
	const what = `building ${source}`;
	await run("cmake", ["-S", join(root, source), "-B", target, ...definitions], { log, what });
	await run("cmake", ["--build", target, "-j2"], { log, what });
}
