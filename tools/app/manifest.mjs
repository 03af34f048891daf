/**
 * Reads Moddable manifests as mcconfig does, for the desktop host: includes, build variables,
 * platforms, modules, preload, creation, config, defines. Nothing is compiled here.
 *
 * The desktop is the platform `lin/desktop`: `platforms.lin` and `platforms["lin/*"]` apply to it,
 * and `platforms["lin/desktop"]` to it alone (Moddable's own simulator is plain `lin`). $(MODDABLE)
 * is boards/desktop/sdk, our stand-in for the SDK: same paths inside, modules of ours.
 */

import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, parse, resolve } from "node:path";
import { Failure } from "../lib/failure.mjs";
import { displayPath, root } from "../lib/paths.mjs";

export const PLATFORM = "lin/desktop";

const SDK = join(root, "boards/desktop/sdk");
const SCRIPTS = [".js", ".mjs", ".ts", ".json"];
const NATIVE = [".c", ".cc", ".cpp", ".h", ".m"];

/** What is wrong with a manifest, in one line that begins with its path. */
export class ManifestError extends Failure {
	/** @param {string} path @param {string} message */
	constructor(path, message) {
		super(`${displayPath(path)}: ${message}`);
		this.name = "ManifestError";
	}
}

/**
 * @returns {{ name: string, path: string, modules: Map<string, string>, native: string[],
 *   preload: string[], main: string, creation: object, config: object, defines: object,
 *   warnings: string[] }} `modules` maps the names imports say to source files.
 */
export function resolveManifest(file) {
	const path = resolve(file);
	const reader = new Reader(dirname(path));
	reader.read(path);
	return reader.merge(path);
}

class Reader {
	#manifests = []; // in the order they are merged: what is included comes before who includes
	#seen = new Set();
	#variables;

	constructor(mainDirectory) {
		this.#variables = {
			MODDABLE: SDK,
			MODULES: join(SDK, "modules"),
			BUILD: join(SDK, "build"),
			BUILD_SIMULATOR: join(SDK, "build/simulators"),
			MAIN_DIR: mainDirectory,
			PLATFORM: "lin",
			SUBPLATFORM: "desktop",
			FULLPLATFORM: PLATFORM,
			NAME: basename(mainDirectory),
		};
	}

	read(path) {
		const real = existsSync(path) ? realpathSync(path) : path;
		if (this.#seen.has(real)) return;
		this.#seen.add(real);
		const manifest = { path, directory: dirname(path), json: readJSON(path) };
		manifest.platform = matchPlatform(manifest.json.platforms);
		for (const part of [manifest.json, manifest.platform]) this.#readBuild(manifest, part?.build);
		for (const part of [manifest.json, manifest.platform]) {
			for (const include of list(part?.include)) this.#include(manifest, include);
		}
		this.#manifests.push(manifest);
	}

	#readBuild(manifest, build) {
		for (const [key, value] of Object.entries(build ?? {})) {
			const name = key.replace(/ \?=$/, "");
			if (typeof value !== "string") this.#variables[name] = value;
			else if (name !== key && process.env[name] !== undefined)
				this.#variables[name] = process.env[name];
			else {
				const text = this.#substitute(manifest, value);
				this.#variables[name] = text.startsWith("./") ? join(manifest.directory, text) : text;
			}
		}
	}

	#include(manifest, include) {
		if (typeof include !== "string") {
			throw new ManifestError(
				manifest.path,
				"include from git is for device builds only; include a path",
			);
		}
		const path = this.#path(manifest, include);
		if (!existsSync(path)) {
			throw new ManifestError(
				manifest.path,
				path.startsWith(SDK)
					? `the desktop has no stand-in for ${include}: add ${displayPath(path)}, or include it on device platforms only`
					: `includes ${include}, which does not exist`,
			);
		}
		this.read(path);
	}

	#substitute(manifest, text) {
		return text.replace(/\$\(([^)]+)\)/g, (whole, name) => {
			if (this.#variables[name] === undefined) {
				throw new ManifestError(manifest.path, `${whole} is not defined, in "${text}"`);
			}
			return this.#variables[name];
		});
	}

	#path(manifest, text) {
		return resolve(manifest.directory, this.#substitute(manifest, text));
	}

	merge(path) {
		const creation = {};
		const config = {};
		const defines = {};
		const warnings = [];
		const preload = [];
		const modules = new Modules();
		const parts = this.#manifests.flatMap((manifest) =>
			[manifest.json, manifest.platform].filter(Boolean).map((part) => ({ manifest, part })),
		);
		for (const { manifest, part } of parts) {
			if (part.error) throw new ManifestError(manifest.path, list(part.error).join(" "));
			for (const text of list(part.warning))
				warnings.push(`${displayPath(manifest.path)}: ${text}`);
			mergeInto(creation, part.creation);
			mergeInto(config, part.config);
			mergeInto(defines, part.defines);
			for (const name of list(part.preload)) preload.push({ manifest, name });
			for (const source of list(part.modules?.["~"])) modules.exclude(this.#path(manifest, source));
		}
		for (const { manifest, part } of parts) {
			for (const [target, sources] of Object.entries(part.modules ?? {})) {
				if (target === "~") continue;
				for (const item of list(sources)) {
					const source = typeof item === "string" ? item : item.source;
					if (!modules.add(target, this.#path(manifest, source))) {
						throw new ManifestError(manifest.path, `module "${target}": no file ${source}`);
					}
				}
			}
		}
		const main = creation.main ?? "main";
		if (!modules.scripts.has(main)) {
			throw new ManifestError(
				path,
				`no module "${main}": an app needs "modules": { "*": "./main" }`,
			);
		}
		return {
			name: this.#variables.NAME,
			path,
			modules: modules.scripts,
			native: [...modules.native],
			preload: expandPreload(preload, modules.scripts),
			main,
			creation,
			config,
			defines,
			warnings,
		};
	}
}

class Modules {
	scripts = new Map();
	native = new Set();
	#taken = new Set(); // files that have a module's name or are excluded

	exclude(pattern) {
		for (const { file } of filesOf(pattern)) this.#taken.add(file);
	}

	/** False when the pattern names one file and there is none. */
	add(target, pattern) {
		const star = target.indexOf("*");
		let found = pattern.includes("*");
		for (const { file, name, extension } of filesOf(pattern)) {
			found = true;
			if (NATIVE.includes(extension)) this.native.add(file);
			if (!SCRIPTS.includes(extension) || this.#taken.has(file)) continue;
			this.#taken.add(file);
			const module = star < 0 ? target : target.slice(0, star) + name + target.slice(star + 1);
			/* The first one stays, as with mcconfig. */
			if (!this.scripts.has(module)) this.scripts.set(module, file);
		}
		return found;
	}
}

/** The files "dir/name", "dir/name.ext" or "dir/prefix*" stand for; `name` is what "*" becomes. */
function filesOf(pattern) {
	const directory = dirname(pattern);
	const wanted = basename(pattern);
	const star = wanted.indexOf("*");
	const files = [];
	if (!existsSync(directory)) return files;
	for (const entry of readdirSync(directory).sort()) {
		if (entry.startsWith(".") || entry.endsWith(".d.ts")) continue;
		const { name, ext: extension } = parse(entry);
		const prefix = star < 0 ? undefined : wanted.slice(0, star);
		if (prefix === undefined ? wanted !== name && wanted !== entry : !name.startsWith(prefix))
			continue;
		if (extension === ".json" && name.startsWith("manifest")) continue;
		const file = join(directory, entry);
		if (!statSync(file).isFile()) continue;
		files.push({
			file,
			name: prefix === undefined ? parse(wanted).name : name.slice(prefix.length),
			extension,
		});
	}
	return files;
}

function expandPreload(preload, scripts) {
	const names = new Set();
	for (const { manifest, name } of preload) {
		if (!name.includes("*")) {
			if (name === "mc/config") continue; // the host makes it, and it is always there
			if (!scripts.has(name))
				throw new ManifestError(manifest.path, `preload "${name}" is not a module`);
			names.add(name);
			continue;
		}
		/* mcconfig's wildcards see JavaScript only; what works here must work there. */
		const prefix = name.slice(0, name.indexOf("*"));
		const found = [...scripts].filter(
			([module, file]) => module.startsWith(prefix) && !file.endsWith(".ts"),
		);
		if (found.length === 0) {
			throw new ManifestError(
				manifest.path,
				`preload "${name}" matches nothing; wildcards skip TypeScript: list each module`,
			);
		}
		for (const [module] of found) names.add(module);
	}
	return [...names];
}

function readJSON(path) {
	let text;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
		throw new ManifestError(path, code === "ENOENT" ? "does not exist" : message);
	}
	let json;
	try {
		json = JSON.parse(text);
	} catch (error) {
		const { message } = /** @type {Error} */ (error);
		const at = /position (\d+)/.exec(message);
		const line = at ? text.slice(0, Number(at[1])).split("\n").length : text.split("\n").length;
		throw new ManifestError(`${path}:${line}`, `not JSON: ${message}`);
	}
	if (typeof json !== "object" || json === null || Array.isArray(json)) {
		throw new ManifestError(path, "a manifest is a JSON object");
	}
	return json;
}

/** The one entry that applies: the most specific name first, within it the order of the JSON. */
function matchPlatform(platforms) {
	const parts = PLATFORM.split("/");
	for (; parts.length > 0; parts.pop()) {
		const name = parts.join("/");
		for (const [pattern, value] of Object.entries(platforms ?? {})) {
			if (pattern.endsWith("/*") ? name.startsWith(pattern.slice(0, -1)) : pattern === name)
				return value;
			if (pattern.startsWith("*/") && name.endsWith(pattern.slice(1))) return value;
		}
	}
	return platforms?.["..."];
}

function list(value) {
	return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

/** Objects merge, everything else replaces. */
function mergeInto(target, source) {
	for (const [key, value] of Object.entries(source ?? {})) {
		if (typeof value === "object" && value !== null && !Array.isArray(value)) {
			if (typeof target[key] !== "object" || target[key] === null) target[key] = {};
			mergeInto(target[key], value);
		} else target[key] = value;
	}
}
