/** An app in the desktop host: where the host is, and how it is started. */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { Failure } from "../lib/failure.mjs";
import { build, displayPath } from "../lib/paths.mjs";

export { BuildError, buildApp } from "./build.mjs";

/**
 * Where CMake puts the host.
 * @param {{ sanitize?: boolean, libraries?: "x86-32" | "x86-32-internal" }} [which] `libraries`: the
 *   32-bit one with a device's
 */
export function hostPath({ sanitize = false, libraries } = {}) {
	const folder = libraries ? `desktop-${libraries}` : sanitize ? "desktop-asan" : "desktop";
	return join(build, folder, "xs-host");
}

/**
 * Starts the host on a description of buildApp().
 * @param {string} description
 * @param {{ host?: string, sanitize?: boolean, state?: string, config?: Record<string, string>,
 *   args?: string[], stdio?: any, env?: object }} options `config` goes over the description's
 * @returns {import("node:child_process").ChildProcess}
 */
export function runApp(description, options = {}) {
	const host = options.host ?? hostPath(options);
	if (!existsSync(host))
		throw new Failure(`no ${displayPath(host)}: npm start or npm test builds it`);
	const state = options.state ?? join(build, "state", basename(dirname(resolve(description))));
	mkdirSync(state, { recursive: true, mode: 0o700 });
	return spawn(
		host,
		[
			...["--state", state, description],
			...Object.entries(options.config ?? {}).map(([key, value]) => `${key}=${value}`),
			...["--", ...(options.args ?? [])],
		],
		{
			stdio: options.stdio ?? "inherit",
			env: { ...process.env, UBSAN_OPTIONS: "print_stacktrace=1", ...options.env },
		},
	);
}
