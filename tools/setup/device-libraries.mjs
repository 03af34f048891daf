/** mbedTLS, Opus and speexdsp as a device has them, for one processor at a time. */

import { join } from "node:path";
import { build, root } from "../lib/paths.mjs";
import { runStep } from "../lib/steps.mjs";
import { cmake } from "./build.mjs";
import { deviceSources, noSources } from "./sources.mjs";

/**
 * A toolchain file in tools/device-libraries; `-internal`: with the TLS buffers of a board
 * without PSRAM.
 * @typedef {"rv32" | "x86-32" | "x86-32-internal"} Target
 */
const small = ["-DTLS_IN_BYTES=8192", "-DTLS_OUT_BYTES=1408"];

/** @param {Target} target @returns {import("../lib/steps.mjs").Step} */
const deviceLibraries = (target) => ({
	name: `device-libraries-${target}`,
	title: `device libraries for ${target}`,
	inputs: ["tools/device-libraries"],
	values: deviceSources.values,
	outputs: ["mbedtls", "opus", "speexdsp"].map((name) =>
		join(build, "device-libraries", target, `lib${name}.a`),
	),
	run: () =>
		cmake(
			`device-libraries-${target}`,
			"tools/device-libraries",
			join(build, "device-libraries", target),
			[
				`-DCMAKE_TOOLCHAIN_FILE=${join(root, "tools", "device-libraries", `${target.replace("-internal", "")}.cmake`)}`,
				`-DSOURCES=${join(build, "device-sources")}`,
				...(target.endsWith("-internal") ? small : []),
			],
		),
});

/**
 * Makes build/device-libraries/<target>, whose device-libraries.cmake other projects include.
 * @param {Target} target
 * @returns {Promise<string | undefined>} why it cannot be done on this machine, undefined when it is
 */
export async function buildDeviceLibraries(target) {
	const reason = noSources();
	if (reason) return reason;
	await runStep(deviceSources);
	await runStep(deviceLibraries(target));
	return undefined;
}
