/** mbedTLS, Opus and speexdsp as a device has them, for one processor at a time. */

import { join } from "node:path";
import { build, root } from "../lib/paths.mjs";
import { cmake } from "./build.mjs";
import { deviceSources } from "./sources.mjs";

/**
 * @param {"rv32" | "x86-32"} target a toolchain file in tools/device-libraries
 * @returns {import("../lib/steps.mjs").Step} makes build/device-libraries/<target>, whose
 *   device-libraries.cmake other projects include; wants deviceSources
 */
export const deviceLibraries = (target) => ({
	name: `device-libraries-${target}`,
	title: `device libraries for ${target}`,
	inputs: ["tools/device-libraries"],
	values: deviceSources.values,
	outputs: ["mbedtls", "opus", "speexdsp"].map(
		(name) => `build/device-libraries/${target}/lib${name}.a`,
	),
	run: () =>
		cmake(
			`device-libraries-${target}`,
			"tools/device-libraries",
			join(build, "device-libraries", target),
			[
				`-DCMAKE_TOOLCHAIN_FILE=${join(root, "tools", "device-libraries", `${target}.cmake`)}`,
				`-DSOURCES=${join(build, "device-sources")}`,
			],
		),
});
