#!/usr/bin/env node
/**
 * Builds an app and runs it in the desktop host.
 *   node tools/app/run.mjs MANIFEST [--host PATH] [--sanitize] [--state DIR] [key=value …] [-- argument …]
 */

import { spawn } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { constants } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BuildError, buildApp } from "./build.mjs";
import { displayPath, ManifestError, root } from "./manifest.mjs";

export { BuildError, buildApp, ManifestError };

/**
 * Where CMake puts the host.
 * @param {{ sanitize?: boolean, libraries?: "x86-32" | "x86-32-internal" }} [which] `libraries`: the
 *   32-bit one with a device's
 */
export function hostPath({ sanitize = false, libraries } = {}) {
	const folder = libraries ? `desktop-${libraries}` : sanitize ? "desktop-asan" : "desktop";
	return join(root, "build", folder, "xs-host");
}

export class HostError extends Error {
	constructor(host) {
		const folder = displayPath(dirname(host));
		super(
			`no ${displayPath(host)}: build it with: cmake -S boards/desktop -B ${folder} -DXS_DIR=build/xsnap/moddable` +
				`${folder.endsWith("-asan") ? " -DSANITIZE=ON" : ""} && cmake --build ${folder} -j2`,
		);
		this.name = "HostError";
	}
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
	if (!existsSync(host)) throw new HostError(host);
	const state = options.state ?? join(root, "build/state", basename(dirname(resolve(description))));
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

function parse(argv) {
	const options = { config: {}, args: [] };
	let manifest;
	for (let i = 0; i < argv.length; i++) {
		const argument = argv[i];
		if (argument === "--") {
			options.args = argv.slice(i + 1);
			break;
		}
		if (argument === "--sanitize") options.sanitize = true;
		else if (argument === "--host" || argument === "--state") {
			if (argv[i + 1] === undefined) throw new BuildError(`${argument} needs a path`);
			options[argument.slice(2)] = resolve(argv[++i]);
		} else if (/^[^-=][^=]*=/.test(argument)) {
			const equals = argument.indexOf("=");
			options.config[argument.slice(0, equals)] = argument.slice(equals + 1);
		} else if (manifest === undefined && !argument.startsWith("-")) manifest = argument;
		else throw new BuildError(`what is ${argument}?`);
	}
	if (manifest === undefined) {
		throw new BuildError(
			"usage: run.mjs MANIFEST [--host PATH] [--sanitize] [--state DIR] [key=value …] [-- argument …]",
		);
	}
	return { manifest, options };
}

function main() {
	const { manifest, options } = parse(process.argv.slice(2));
	const child = runApp(buildApp(manifest), options);
	process.on("SIGTERM", () => child.kill("SIGTERM"));
	process.on("SIGINT", () => {
		if (!process.stdin.isTTY) child.kill("SIGINT"); // a terminal has told the child too
	});
	child.on("exit", (code, signal) => {
		process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
		process.removeAllListeners("SIGINT").removeAllListeners("SIGTERM");
	});
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	try {
		main();
	} catch (error) {
		if (
			!(error instanceof BuildError || error instanceof ManifestError || error instanceof HostError)
		)
			throw error;
		console.error(error.message);
		process.exitCode = 1;
	}
}
