/** npm run doctor, livekit-xs doctor: what this machine has, what it lacks, and the command that mends it. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { which } from "./lib/command.mjs";
import { build, isClone } from "./lib/paths.mjs";
import { missingPackages } from "./setup/debian.mjs";
import { packagesAreInstalled } from "./setup/npm.mjs";

/** @param {import("./setup/debian.mjs").Purpose} purpose */
function packages(purpose) {
	const missing = missingPackages(purpose);
	return missing.length === 0 ? undefined : `apt-get install ${missing.join(" ")}`;
}

/** @param {string} variable @param {string} file that must be under it @param {string} fix */
function sdk(variable, file, fix) {
	const folder = process.env[variable];
	return folder && existsSync(join(folder, file)) ? undefined : fix;
}

/** @typedef {{ what: string, needed: boolean, fix: string | undefined }} Finding `needed`: to run an app */

/** @type {Finding[]} */
const forApps = [
	{ what: "system packages for the simulator", needed: true, fix: packages("start") },
	{
		what: "Moddable SDK, for boards",
		needed: false,
		fix: sdk("MODDABLE", "xs/sources/xsAll.h", "set MODDABLE to a Moddable SDK 8.2"),
	},
	{
		what: "ESP-IDF, for boards",
		needed: false,
		fix: sdk("IDF_PATH", "tools/idf.py", "set IDF_PATH to an ESP-IDF 6.0"),
	},
];

/** What only a clone does: it has a server of its own, and tests. @returns {Finding[]} */
const forClones = () => [
	{
		what: "livekit-server, or Go to build it",
		needed: true,
		fix:
			which("livekit-server") || which("go") || existsSync(join(build, "livekit-server"))
				? undefined
				: "install Go 1.26 or newer, or put livekit-server on PATH",
	},
	{
		what: "npm packages",
		needed: false,
		fix: packagesAreInstalled() ? undefined : "npm start installs them",
	},
	{ what: "system packages for npm test", needed: false, fix: packages("tests") },
];

/** @returns {Promise<number>} 1 when an app cannot be run */
export async function doctor() {
	const findings = [...forApps, ...(isClone ? forClones() : [])];
	for (const { what, fix } of findings)
		console.log(fix ? `lacks  ${what}: ${fix}` : `ok     ${what}`);
	return findings.some(({ needed, fix }) => needed && fix) ? 1 : 0;
}
