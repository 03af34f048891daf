/** Everything between a fresh clone and a call, each step done once. */

import { Failure } from "../lib/failure.mjs";
import { runStep } from "../lib/steps.mjs";
import { desktopHost, protocolTables, sanitizedHost } from "./build.mjs";
import { installPackages } from "./debian.mjs";
import { deviceLibraries } from "./device-libraries.mjs";
import { installNpmPackages, xsSources } from "./npm.mjs";
import { installServer } from "./server.mjs";
import { deviceSources, noSources } from "./sources.mjs";

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
	await installNpmPackages();
	await runStep(xsSources);
	await runStep(protocolTables);
	await runStep(desktopHost);
	if (tests) {
		await runStep(sanitizedHost);
		await buildDeviceLibraries(["rv32"]);
	}
	if (server) await installServer();
}

/** @param {Parameters<typeof deviceLibraries>[0][]} targets */
async function buildDeviceLibraries(targets) {
	const reason = noSources();
	if (reason) {
		console.log(`  SKIPPED, and every test that needs them: ${reason}`);
		return;
	}
	await runStep(deviceSources);
	for (const target of targets) await runStep(deviceLibraries(target));
}

/** What checking the sources needs: nothing of it is compiled. */
export async function setUpChecks() {
	requireNode();
	await installPackages("checks");
	await installNpmPackages();
	await runStep(protocolTables);
}
