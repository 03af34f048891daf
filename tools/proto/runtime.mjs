/** protobufjs/minimal's Reader and Writer, without what an engine of ours never calls. */
import { fileURLToPath } from "node:url";

/** Theirs, and ours: tools/proto/protobufjs-util.cjs says why. */
const UTIL = /\/util\/minimal$/;
const OUR_UTIL = fileURLToPath(new URL("./protobufjs-util.cjs", import.meta.url));

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
		plugins: [
			{
				name: "util",
				setup: (build) => build.onResolve({ filter: UTIL }, () => ({ path: OUR_UTIL })),
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
