/** The npm packages of package-lock.json, and XS's sources, which come from npm too. */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "../lib/command.mjs";
import { Failure } from "../lib/failure.mjs";
import { build, root } from "../lib/paths.mjs";
import { progress } from "../lib/steps.mjs";

/** @param {string} path */
const readLock = (path) => JSON.parse(readFileSync(path, "utf8")).packages;

/** Whether node_modules holds what package-lock.json says, by npm's own record of what it put there. */
export function packagesAreInstalled() {
	const record = join(root, "node_modules", ".package-lock.json");
	if (!existsSync(record)) return false;
	const installed = readLock(record);
	return Object.entries(readLock(join(root, "package-lock.json"))).every(([path, wanted]) => {
		const there = installed[path];
		if (path === "") return true;
		return there ? there.integrity === wanted.integrity : wanted.optional;
	});
}

export async function installNpmPackages() {
	if (packagesAreInstalled()) return;
	await progress("npm packages", () =>
		run("npm", ["ci", "--ignore-scripts", "--no-fund", "--no-audit"], {
			log: "npm",
			what: "npm ci",
		}),
	);
}

/**
 * XS's C sources travel in this package. It is unpacked and never installed: as a dependency it
 * would bring some 200 packages and an install script.
 */
export const xsnap = {
	package: "@agoric/xsnap@0.15.0",
	integrity:
		"sha512-ZBm4DZxbtfacxMHVVdJjZi0Y8zOxN77vpu1WwI5RWfPkaRh0aHkz/dVdTGKXalDNzWfz183lljKxlxl3/h0n+A==",
};

/** Where the engine's sources are when `xsSources` has run. */
export const xsFolder = join(build, "xsnap", "moddable");

/** @type {import("../lib/steps.mjs").Step} */
export const xsSources = {
	name: "xs-sources",
	title: `XS sources (${xsnap.package})`,
	inputs: [],
	values: [xsnap.integrity],
	outputs: [join(xsFolder, "xs", "sources", "xsAll.h")],
	async run() {
		const download = join(build, "download");
		const target = join(build, "xsnap");
		for (const folder of [download, target]) {
			rmSync(folder, { recursive: true, force: true });
			mkdirSync(folder, { recursive: true });
		}
		const what = `fetching ${xsnap.package}`;
		await run("npm", ["pack", xsnap.package, "--ignore-scripts", "--pack-destination", download], {
			log: "xs-sources",
			what,
		});
		const archive = join(download, readdirSync(download)[0]);
		const digest = createHash("sha512").update(readFileSync(archive)).digest("base64");
		if (`sha512-${digest}` !== xsnap.integrity) {
			throw new Failure(`${xsnap.package}: the archive is not the pinned one (sha512-${digest})`);
		}
		await run("tar", ["-xzf", archive, "-C", target, "--strip-components=1"], {
			log: "xs-sources",
			what: `unpacking ${xsnap.package}`,
		});
		rmSync(download, { recursive: true });
	},
};
