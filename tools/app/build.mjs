/**
 * Makes an app's description for the desktop host: TypeScript is transpiled, one file at a time, into
 * a cache that all apps share (named by content, so that two builds never meet), JavaScript is loaded
 * from where it is.
 */

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Failure } from "../lib/failure.mjs";
import { build, displayPath } from "../lib/paths.mjs";
import { resolveManifest } from "./manifest.mjs";

const require = createRequire(import.meta.url);
const CACHE = join(build, "modules");

/** What is wrong with an app's sources; one line per fault. */
export class BuildError extends Failure {
	/** @param {string} message */
	constructor(message) {
		super(message);
		this.name = "BuildError";
	}
}

/**
 * @param {string} manifest path of the app's manifest.json
 * @param {{ outDir: string, config?: object }} options where the description goes; `config` goes over
 *   the manifests' config
 * @returns {string} path of the description to give to xs-host
 */
export function buildApp(manifest, { outDir, config = {} }) {
	const app = resolveManifest(manifest);
	for (const warning of app.warnings) console.warn(warning);
	const description = {
		name: app.name,
		main: app.main,
		modules: [...app.modules].map(([name, file]) => ({ name, ...prepare(file) })),
		preload: [...app.preload, "mc/config"],
		creation: creationOf(app.creation),
		config: { ...app.config, ...config },
		defines: app.defines,
	};
	const path = join(outDir, "app.json");
	write(path, JSON.stringify(description, null, "\t"));
	return path;
}

/** Writes whole or not at all: others may be reading. */
function write(path, text) {
	mkdirSync(dirname(path), { recursive: true });
	const beside = `${path}.${process.pid}`;
	writeFileSync(beside, text);
	renameSync(beside, path);
}

function prepare(file) {
	const source = displayPath(file);
	if (file.endsWith(".ts")) return { ...transpile(file, source), source };
	if (file.endsWith(".json"))
		return { path: cached(`export default ${readFileSync(file, "utf8")};`), source };
	return { path: file, source };
}

function cached(text) {
	const path = cachePath(text);
	if (!existsSync(path)) write(path, text);
	return path;
}

function cachePath(content) {
	return join(CACHE, `${createHash("sha256").update(content).digest("hex").slice(0, 24)}.js`);
}

/** What makes the output besides the source: the compiler and this file with its options. */
const compiler =
	require("typescript/package.json").version + readFileSync(new URL(import.meta.url), "utf8");

function transpile(file, source) {
	const text = readFileSync(file, "utf8");
	const path = cachePath(`${compiler}\0${source}\0${text}`);
	const map = `${path}.map`;
	if (!existsSync(path)) {
		const result = compile(text, source);
		write(map, result.sourceMapText);
		write(path, result.outputText);
	}
	return { path, map };
}

function compile(text, source) {
	const ts = require("typescript"); // 300 ms: only when something changed
	const result = ts.transpileModule(text, {
		fileName: source,
		reportDiagnostics: true,
		compilerOptions: {
			target: ts.ScriptTarget.ES2022,
			module: ts.ModuleKind.ESNext,
			sourceMap: true,
			verbatimModuleSyntax: true,
			isolatedModules: true,
			moduleDetection: ts.ModuleDetectionKind.Force,
		},
	});
	const faults = (result.diagnostics ?? []).map(({ file, start = 0, messageText }) => {
		const at = file?.getLineAndCharacterOfPosition(start);
		const position = at ? `:${at.line + 1}:${at.character + 1}` : "";
		return `${source}${position}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
	});
	if (faults.length > 0) throw new BuildError(faults.join("\n"));
	return result;
}

/*
 * The manifest's creation in the units of XS: chunk in bytes, heap and stack in slots, keys in
 * number. What it leaves out is generous here: on a device the engine's own objects are in flash,
 * here they are in the heap (4,000 slots and 11 KB) with the bytecode of all modules. `static` limits
 * chunks and slots together, so that an app that leaks ends before the machine does.
 */
function creationOf(creation) {
	const { chunk = {}, heap = {}, keys = {} } = creation;
	return {
		initialChunkSize: chunk.initial ?? 1024 * 1024,
		incrementalChunkSize: chunk.incremental ?? 1024 * 1024,
		initialHeapCount: heap.initial ?? 32 * 1024,
		incrementalHeapCount: heap.incremental ?? 16 * 1024,
		stackCount: creation.stack ?? 4096,
		initialKeyCount: Math.max(keys.initial ?? 0, 2048),
		incrementalKeyCount: keys.incremental ?? 512,
		nameModulo: Math.max(keys.name ?? 0, 127),
		symbolModulo: Math.max(keys.symbol ?? 0, 127),
		parserBufferSize: 1024 * 1024, // one token of a bundle
		parserTableModulo: 1993,
		staticSize: creation.static ?? 64 * 1024 * 1024,
	};
}
