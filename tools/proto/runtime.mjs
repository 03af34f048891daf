/**
 * protobufjs/minimal's Reader and Writer, without what an engine of ours never calls. As ES modules:
 * CommonJS's wrappers are functions, and one that a device's flash keeps has all of its module in it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Theirs, and ours: tools/proto/protobufjs-util.js says why. */
const UTIL = /\/util\/minimal$/;
const OUR_UTIL = fileURLToPath(new URL("./protobufjs-util.js", import.meta.url));

const THEIRS = /\/protobufjs\/src\/(reader|writer|util\/longbits)\.js$/;

/** What is replaced in each file; it must be there exactly once. @type {[RegExp, string][]} */
const CHANGES = [
	[/^module\.exports = (\w+);$/m, "export default $1;"],
	[/^var util\s*= require\((".*")\);$/m, "import * as util from $1;"],
];

/** What is never so here: Node's buffers and 64-bit integers, and bytes as arrays or as base64. */
const NEVER = /\butil\.(Buffer|Long)\b|\butil\.isString\(value\)|\bArray\.isArray\(this\.buf\)/g;

/** @param {string} path */
function asModule(path) {
	return CHANGES.reduce(
		(text, [pattern, replacement]) => {
			const changed = text.replace(pattern, replacement);
			if (changed === text) throw new Error(`${path} is another: no ${pattern}`);
			return changed;
		},
		readFileSync(path, "utf8"),
	).replace(NEVER, "null");
}

export async function bundleRuntime(root, require) {
	const esbuild = require("esbuild");
	const result = await esbuild.build({
		entryPoints: [fileURLToPath(new URL("./reader-writer.js", import.meta.url))],
		absWorkingDir: root,
		nodePaths: [`${root}/node_modules`],
		bundle: true,
		write: false,
		format: "esm",
		platform: "neutral",
		mainFields: ["main"],
		target: "es2022",
		legalComments: "none",
		minifySyntax: true,
		plugins: [
			{
				name: "modules",
				setup(build) {
					build.onResolve({ filter: UTIL }, () => ({ path: OUR_UTIL }));
					build.onLoad({ filter: THEIRS }, ({ path }) => ({ contents: asModule(path) }));
				},
			},
		],
	});
	return {
		"runtime.js": `/** Generated: protobufjs/minimal's Reader and Writer (BSD-3-Clause, Daniel Wirtz). */\n${result.outputFiles[0].text}`,
		"runtime.d.ts": TYPES,
	};
}

const TYPES = `/** Generated: the part of protobufjs' Reader and Writer that src/protocol uses. */
/** uint32() and string() are for who extends these. */
export class Reader {
	constructor(buffer: Uint8Array);
	protected buf: Uint8Array;
	pos: number;
	len: number;
	uint32(): number;
	int32(): number;
	uint64(): number;
	int64(): number;
	float(): number;
	bool(): boolean;
	bytes(): Uint8Array;
	string(): string;
	skip(length: number): this;
}
export class Writer {
	protected static alloc(size: number): Uint8Array;
	readonly len: number;
	uint32(value: number): this;
	int32(value: number): this;
	uint64(value: number): this;
	int64(value: number): this;
	float(value: number): this;
	bool(value: boolean): this;
	bytes(value: Uint8Array): this;
	string(value: string): this;
	fork(): this;
	ldelim(): this;
	finish(): Uint8Array;
}
`;
