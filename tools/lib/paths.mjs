import { existsSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's top folder: a clone's, or node_modules/livekit-xs of a project that has installed it. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Whether it is a clone: there some sources are made, which the package brings along. */
export const isClone = existsSync(join(root, "package-lock.json"));

/**
 * Everything that is generated; deleting it loses nothing but time. Of a project that has installed the
 * package it is beside it, for the next `npm install` replaces the package's own folder.
 */
export const build =
	basename(dirname(root)) === "node_modules"
		? join(dirname(root), ".cache", basename(root))
		: join(root, "build");

/** Logs of quiet commands and of background processes. */
export const logs = join(build, "log");

/** A path as people and stacks say it: from where they are, when it is in there. @param {string} path */
export function displayPath(path) {
	const inside = relative(process.cwd(), path);
	return inside === "" || inside.startsWith("..") ? path : inside;
}
