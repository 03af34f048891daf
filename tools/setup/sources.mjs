/**
 * Sources of the libraries that a device compiles for itself: pinned Debian source packages, from the
 * mirror that this machine's apt uses already. apt's own sources stay as they are: all state is in
 * build/, and so it needs no root.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { capture, run } from "../lib/command.mjs";
import { Failure } from "../lib/failure.mjs";
import { build } from "../lib/paths.mjs";

/**
 * `sha256`: of the .dsc file, which in turn has the hashes of all others.
 * @typedef {{ release: string, version: string, sha256: string }} Pinned
 * @typedef {Pinned & { name: string, header: string, instead?: Pinned }} Package
 */

/** @type {Package[]} */
const packages = [
	{
		name: "mbedtls",
		release: "bookworm",
		version: "2.28.3-1",
		sha256: "a8bf91b5ffb40654efb0ebe0c962ac1e87b8eed5e104880982eaa70dd4bb33e3",
		header: "include/mbedtls/ssl.h",
	},
	{
		name: "opus",
		// What boards have, by esphome/micro-opus 0.5.0. Debian's testing release replaces it some day.
		release: "forky",
		version: "1.6.1-1",
		sha256: "41d4a0cec7ee0abd138291090ccb896c4b521efa565ef4ca7795232fe92ce30f",
		instead: {
			release: "bookworm",
			version: "1.3.1-3",
			sha256: "c373ac82a1afb824819618c12e279ee47b6ac2fa18083b9ef2bb9e8e9e588419",
		},
		header: "include/opus.h",
	},
	{
		name: "speexdsp",
		release: "bookworm",
		version: "1.2.1-1",
		sha256: "f3c258d56638cd30a7c1d158355df407a906f3069d70e10e9a6ad9b2c8806b06",
		header: "include/speex/speex_echo.h",
	},
];

const target = join(build, "device-sources");
const download = join(build, "download-sources");
const log = "device-sources";

/** Where this machine gets Debian's packages from, undefined when apt knows no such place. */
function debianMirror() {
	const format = [
		"--format",
		"$(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)",
		"Created-By: Packages",
	];
	const lines = capture("apt-get", ["indextargets", ...format])?.split("\n") ?? [];
	return lines
		.map((line) => /^Debian Debian main (\S+)$/.exec(line)?.[1])
		.find((uri) => uri && !uri.startsWith("cdrom:"));
}

/** Why there can be no device libraries on this machine, undefined when there can. */
export function noSources() {
	if (existsSync(join(build, "stamps", deviceSources.name)) || debianMirror()) return undefined;
	return (
		"device libraries are built from Debian's source packages, and apt here knows no Debian mirror " +
		"(on Debian: run apt-get update)"
	);
}

/** Of a call's memory: why figures and bounds here are not a board's; undefined when they are. */
export function otherThanBoards() {
	const header = join(target, "opus", "include", "opus_defines.h");
	if (existsSync(header) && readFileSync(header, "utf8").includes("APPLICATION_RESTRICTED_SILK"))
		return undefined;
	return "this is not the Opus that boards have: its encoder takes 15 KB more";
}

/** apt that knows one release, with state of its own. @param {string} release */
async function privateApt(release) {
	const folder = join(download, release);
	const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";
	const signed = existsSync(keyring) ? `[signed-by=${keyring}] ` : "";
	const list = join(folder, "sources.list");
	const settings = Object.entries({
		"Dir::Etc::sourcelist": list,
		"Dir::Etc::sourceparts": "-",
		"Dir::State::lists": join(folder, "lists"),
		"Dir::Cache": join(folder, "cache"),
		// Root would become another user, who cannot write here.
		"APT::Sandbox::User": "root",
	}).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
	if (existsSync(list)) return settings;
	for (const name of ["lists/partial", "cache/archives/partial"]) {
		mkdirSync(join(folder, name), { recursive: true });
	}
	writeFileSync(list, `deb-src ${signed}${debianMirror()} ${release} main\n`);
	await run("apt-get", [...settings, "update"], {
		log,
		what: "asking Debian's mirror for sources",
	});
	return settings;
}

/** @param {string} name @param {Pinned} pinned */
async function fetchSource(name, { release, version, sha256 }) {
	const apt = await privateApt(release);
	const args = ["source", "--download-only", `${name}=${version}`];
	const what = `fetching Debian's source package ${name} ${version} (${release})`;
	await run("apt-get", [...apt, ...args], { log, what, cwd: download });
	const description = join(download, `${name}_${version}.dsc`);
	const digest = createHash("sha256").update(readFileSync(description)).digest("hex");
	if (digest !== sha256) {
		throw new Failure(`${name} ${version}: the source package is not the pinned one (${digest})`);
	}
	// Compares the archives with the hashes in the description, and applies Debian's patches.
	await run("dpkg-source", ["--no-check", "--no-copy", "-x", description, join(target, name)], {
		log,
		what: `unpacking ${name} ${version}`,
	});
}

/** @type {import("../lib/steps.mjs").Step} */
export const deviceSources = {
	name: "device-sources",
	title: `sources of ${packages.map(({ name, version }) => `${name} ${version}`).join(", ")}`,
	inputs: [],
	values: packages.map(({ sha256 }) => sha256),
	outputs: packages.map(({ name, header }) => join(target, name, header)),
	async run() {
		for (const folder of [target, download]) rmSync(folder, { recursive: true, force: true });
		mkdirSync(target, { recursive: true });
		for (const { name, instead, ...pinned } of packages) {
			try {
				await fetchSource(name, pinned);
			} catch (error) {
				if (!instead) throw error;
				console.log(`    no ${name} ${pinned.version} here: ${name} ${instead.version} instead`);
				await fetchSource(name, instead);
			}
		}
		// The files are as old as their release: make would not see that they are others now.
		await run("find", [target, "-type", "f", "-exec", "touch", "{}", "+"], {
			log,
			what: "touching",
		});
		rmSync(download, { recursive: true });
	},
};
