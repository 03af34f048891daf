/**
 * Writes src/data/objects/generated/msgpackr.js: msgpackr's Packr and Unpackr as one ES module, made
 * right for XS and for what strangers send. Run by the set-up; alone: `node tools/msgpack/bundle.mjs`.
 *
 * - Strings: msgpackr counts in UTF-16 units, which XS strings are not made of, and writes and reads
 *   short ones with emoji wrong. All strings go through our platform/text instead.
 * - Memory: buffers of 8 KB become small ones, and large ones are not kept.
 * - Reading knows plain MessagePack, and dates: no records (they would be compiled), no structured
 *   clones, no errors, sets, regular expressions or bundled strings of msgpackr's own. Maps become
 *   Map objects: a property name is for ever in XS, and may not come from a peer.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = "src/data/objects/generated";
export const outputs = ["msgpackr.js", "msgpackr.d.ts"].map((name) => `${target}/${name}`);

/** What is replaced, by file; each must be there exactly once. @type {Record<string, [RegExp, string][]>} */
const changes = {
	"pack.js": [
		[/let textEncoder;\ntry \{[^}]*\} catch \(error\) \{\}\n/, TEXT("encodeUtf8")],
		[/let encodeUtf8 = ByteArray[\s\S]*?: false;\n/, ""],
		// Header, room and bytes by what is written, not by an estimate from the string's length.
		[
			/let headerSize;\n[\s\S]*?if \(length < 0x20\) \{\n/,
			`let bytes = encodeUtf8(value);
				length = bytes.length;
				if (position + length + 5 > safeEnd) target = makeRoom(position + length + 5);
				if (length < 0x20) {\n`,
		],
		[/if \(headerSize < 2\) \{[^}]*\}\n/, ""],
		[/if \(headerSize < 3\) \{[^}]*\}\n/, ""],
		[/if \(headerSize < 5\) \{[^}]*\}\n/, ""],
		[
			/position \+= length;\n\t\t\t\} else if \(type === 'number'\)/,
			"target.set(bytes, position);\nposition += length;\n\t\t\t} else if (type === 'number')",
		],
		[
			/target = new ByteArrayAllocate\(8192\);\n\t\t\t\ttargetView/,
			"target = new ByteArrayAllocate(512);\n\t\t\t\ttargetView",
		],
		[/new DataView\(target\.buffer, 0, 8192\)/, "new DataView(target.buffer, 0, 512)"],
		[/if \(safeEnd - position < 0x800\)/, "if (safeEnd - position < 0x80)"],
		[
			/\/\/ don't keep large buffers around, they [^\n]*\n\t*if \(target\.length > 0x40000000\)/,
			"if (target.length > 512) targetView = null;\nif (target.length > 512)",
		],
		[/const hasNodeBuffer = typeof Buffer !== 'undefined';/, "const hasNodeBuffer = false;"],
		[/typeof Buffer !== 'undefined' \? Buffer\.prototype\.toJSON : dateToJSON/, "dateToJSON"],
		[/newSize = \(\(Math\.max[^\n]*/, "newSize = end - start + Math.max(256, (end - start) >> 1);"],
		[
			/let defaultPackr = new Packr[\s\S]*$/,
			"const REUSE_BUFFER_MODE = 512, RESERVE_START_SPACE = 2048;\nexport const RESET_BUFFER_MODE = 1024;\n",
		],
		// Records and structured clones.
		[/if \(options\.structuredClone[\s\S]*?\n\t\t\}\n/, ""],
		[/return saveState\(value, encodeOptions\);/, "throw new Error('packing while packing');"],
		[
			/structures = packr\.structures;\n\t\t\tif \(structures\) \{[\s\S]*?(?=\t\t\tif \(hasSharedUpdate\))/,
			"",
		],
		[/if \(packr\._writeStruct &&[\s\S]*?\} else\n(?=\t*pack\(value\);)/, ""],
		[
			/if \(referenceMap && referenceMap\.idsToInsert\) \{[\s\S]*?(?=\t*packr\.offset = position; )/,
			"",
		],
		[/if \(referenceMap\) \{\n\t*let referee[\s\S]*?(?=\t*let constructor = value)/, ""],
		[
			/if \(structures\) \{\n\t*resetStructures\(\);[\s\S]*?(?=\t*packing = false;\n\t*if \(target\.length > 512\) targetView)/,
			"",
		],
		[/const rebuildTransitions = [\s\S]*?(?=\t*const packArray = )/, ""],
		[
			/const writeRecord = [\s\S]*?(?=\t*const makeRoom = )/,
			"const writeObject = writePlainObject;\n",
		],
		[/const newRecord = [\s\S]*?(?=\t\}\n\tuseBuffer)/, ""],
		[/useBuffer\(buffer\) \{[\s\S]*?(?=\}\n\n\/\/ toJSON)/, ""],
		// Bundled strings.
		[/if \(packr\.bundleStrings &&[\s\S]*?bundledStrings = null;\n/, ""],
		[/if \(bundledStrings && strLength >= 4[\s\S]*?(?=\t*let bytes = encodeUtf8)/, ""],
		[
			/let lastBundle = bundledStrings;\n\t*if \(bundledStrings\)\n\t*writeBundles\(start, pack, 0\);\n/,
			"",
		],
	],
	"unpack.js": [
		[/var decoder;\ntry \{[^}]*\} catch\(error\) \{\}\n/, TEXT("decodeUtf8")],
		[
			/function readStringJS\(length\) \{[\s\S]*?\n\}\nexport function readString\([\s\S]*?\n\}\n/,
			`function readStringJS(length) {
				const end = position + length;
				if (end > srcEnd) throw endOfMessagePackError(end);
				const text = decodeUtf8(src, position, end);
				position = end;
				return text;
			}\n`,
		],
		[/export function setExtractor[\s\S]*?\n\}\n(?=function readStringJS)/, ""],
		[
			/\t\tif \(srcStringEnd == 0 && srcEnd < 140\) \{[\s\S]*?\n\t\t\}\n(?=\t\treturn readFixedString)/,
			"",
		],
		[/var fromCharCode[\s\S]*?(?=\nfunction readOnlyJSString)/, ""],
		[/function readOnlyJSString[\s\S]*?(?=\nfunction readBin)/, ""],
		[/var keyCache[\s\S]*?(?=\ncurrentExtensions\[0\] = )/, ""],
		[/currentExtensions\[0x42\][\s\S]*?(?=export const typedArrays)/, ""],
		[/let glbl = [\s\S]*?(?=currentExtensions\[0xff\])/, ""],
		[/const validName = [\s\S]*?(?=\nexport function loadStructures)/, ""],
		[
			/let structure = currentStructures\[token & 0x3f\] \|\|[\s\S]*?\} else\n\t*return token;/,
			"return token;",
		],
		[/return recordDefinition\(src\[position\+\+\] & 0x3f\);/, "throw new Error('a record');"],
		[
			/return recordDefinition\(src\[position\+\+\] & 0x3f, src\[position\+\+\]\);/,
			"throw new Error('a record');",
		],
		[/if \(bundledStrings\) \{\n\t*value = read\(\);[\s\S]*?\n\t*\}\n(?=\t*return C1)/, ""],
		// XS 13 reads the smallest one as -0.
		[
			/export const typedArrays/,
			`function int64(at) {
				return (BigInt(dataView.getInt32(at)) << 32n) | BigInt(dataView.getUint32(at + 4));
			}
			export const typedArrays`,
		],
		[
			/currentStructures = null;\n\t\t\tsrc = null;\n/,
			"currentStructures = null;\n\t\t\tsrc = dataView = null;\n",
		],
		[/let jsonView;[\s\S]*?(?=throw new Error\('Data read)/, ""],
		[/not reached ' \+ jsonView/, "not reached'"],
		[/var defaultUnpackr = [\s\S]*?(?=export const FLOAT32_OPTIONS)/, ""],
		[/export const mult10[\s\S]*?\n\}\n/, "export const mult10 = [];\n"],
	],
};

/** @param {string} name */
function TEXT(name) {
	return `import { ${name} } from "../../../platform/text";\n`;
}

/** @param {string} file @param {string} text */
function change(file, text) {
	for (const [pattern, replacement] of changes[file]) {
		const found = text.match(new RegExp(pattern, `${pattern.flags}g`));
		if (found?.length !== 1) {
			throw new Error(`msgpackr's ${file} is another: ${found?.length ?? 0} of ${pattern}`);
		}
		text = text.replace(pattern, () => replacement);
	}
	// Also options that are never anything else: what they guard is left out.
	return text
		.replaceAll("dataView.getBigInt64(position)", "int64(position)")
		.replaceAll("currentUnpackr.mapsAsObjects", "false")
		.replaceAll("currentUnpackr.freezeData", "false")
		.replaceAll("this.moreTypes", "false");
}

/** @param {string} root the project's folder */
export async function bundle(root) {
	const esbuild = createRequire(join(root, "package.json"))("esbuild");
	const folder = join(root, "node_modules/msgpackr");
	const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const result = await esbuild.build({
		stdin: {
			contents: 'export { Packr, RESET_BUFFER_MODE } from "msgpackr/pack";',
			resolveDir: root,
		},
		bundle: true,
		write: false,
		format: "esm",
		platform: "neutral",
		conditions: ["browser"],
		target: "es2022",
		legalComments: "none",
		minifySyntax: true,
		external: ["../../../platform/text"],
		plugins: [
			{
				name: "xs",
				setup: (build) =>
					build.onLoad({ filter: /\/msgpackr\/(un)?pack\.js$/ }, ({ path }) => ({
						contents: change(path.slice(path.lastIndexOf("/") + 1), readFileSync(path, "utf8")),
					})),
			},
		],
	});
	mkdirSync(join(root, target), { recursive: true });
	const head = `/** Generated from msgpackr ${version} (MIT, Kris Zyp) by tools/msgpack/bundle.mjs: not to be edited. */\n`;
	writeFileSync(join(root, outputs[0]), head + result.outputFiles[0].text);
	writeFileSync(join(root, outputs[1]), TYPES);
}

const TYPES = `/** Generated: the part of msgpackr that src/data/objects uses. */
export interface PackrOptions {
	useRecords: false;
	variableMapSize?: boolean;
	int64AsType?: "auto" | "bigint";
	copyBuffers?: boolean;
}
export class Packr {
	constructor(options: PackrOptions);
	/** In a buffer that the next call may write over. */
	pack(value: unknown, mode?: number): Uint8Array;
	unpack(bytes: Uint8Array): unknown;
}
export const RESET_BUFFER_MODE: number;
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(here, "../.."));
