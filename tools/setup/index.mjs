/** Everything between a fresh clone and a call, each step done once. */

import { Failure } from "../lib/failure.mjs";
import { isClone } from "../lib/paths.mjs";
import { runStep } from "../lib/steps.mjs";
import {
	desktopHost,
	deviceHost,
	objectCodec,
	protocolTables,
	sanitizedHost,
	testNatives,
} from "./build.mjs";
import { installPackages } from "./debian.mjs";
import { buildDeviceLibraries } from "./device-libraries.mjs";
import { installNpmPackages, xsSources } from "./npm.mjs";
import { installServer } from "./server.mjs";

const minimumNode = 20;

function requireNode() {
	const major = Number(process.versions.node.split(".")[0]);
	if (major < minimumNode) {
		throw new Failure(
			`Node ${process.versions.node} is too old: install Node ${minimumNode} or newer`,
		);
	}
}

/**
 * @param {{ tests?: boolean, server?: boolean }} [options] `tests`: also what only the tests need;
 *   `server`: also a local livekit-server, true by default
 */
export async function setUp({ tests = false, server = true } = {}) {
	requireNode();
	await installPackages(tests ? "tests" : "start");
	await generateSources();
	await runStep(xsSources);
	await runStep(desktopHost);
	if (tests) {
		await runStep(sanitizedHost);
		await runStep(testNatives);
		const missing =
			(await buildDeviceLibraries("rv32")) ??
			(await buildDeviceHost("x86-32")) ??
			(await buildDeviceHost("x86-32-internal"));
		if (missing) console.log(`  SKIPPED, with the tests that need them: ${missing}`);
	}
	if (server) await installServer();
}

/** What checking the sources needs: nothing of it is compiled. */
export async function setUpChecks() {
	requireNode();
	await installPackages("checks");
	await generateSources();
}

/** The sources that are made from npm packages, which all builds need. An installed package has them. */
export async function generateSources() {
	requireNode();
	if (!isClone) return;
	await installNpmPackages();
	await runStep(protocolTables);
	await runStep(objectCodec);
}

/**
 * The 32-bit host with a device's libraries: build/desktop-<libraries>/xs-host.
 * @param {"x86-32" | "x86-32-internal"} libraries
 * @returns {Promise<string | undefined>} why it cannot be done on this machine, undefined when it is
 */
export async function buildDeviceHost(libraries) {
	if (process.arch !== "x64") return "the 32-bit host needs an x86-64 machine";
	const missing = await buildDeviceLibraries(libraries);
	if (missing) return missing;
	await runStep(deviceHost(libraries));
	return undefined;
}

/** The same, with the system packages for it; fails when it cannot be done. @param {"x86-32" | "x86-32-internal"} libraries */
export async function requireDeviceHost(libraries) {
	await installPackages("device");
	const missing = await buildDeviceHost(libraries);
	if (missing) throw new Failure(missing);
}
