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

/** XS 13 reads the smallest one as -0. */
const INT64 = `function int64(at) {
	return (BigInt(dataView.getInt32(at)) << 32n) | BigInt(dataView.getUint32(at + 4));
}\n`;

/** What is replaced, by file; each must be there exactly once. @type {Record<string, [RegExp, string][]>} */
const changes = {
	"pack.js": [
		[/let textEncoder;\ntry \{[^}]*\} catch \(error\) \{\}\n/, TEXT("encodeUtf8")],
		[/const ByteArrayAllocate = [\s\S]*?(?=let target, keysTarget)/, ""],
		// One buffer, that every call begins anew; large ones are not kept. No records, references, bundles.
		[
			/super\(options\);\n[\s\S]*?(?=\t\tconst packArray = )/,
			`super();
		this.pack = function(value) {
			if (packing) throw new Error('packing while packing');
			packing = true;
			target ||= new Uint8Array(512);
			targetView = new DataView(target.buffer);
			safeEnd = target.length - 10;
			position = 0;
			try {
				pack(value);
				return target.subarray(0, position);
			} finally {
				packing = false;
				targetView = null;
				if (target.length > 512) target = null;
			}
		};
		const ensure = (size) => {
			if (position + size <= safeEnd) return;
			const end = position + size;
			const larger = new Uint8Array(end + Math.max(256, end >> 1));
			larger.set(target);
			target = larger;
			targetView = new DataView(target.buffer);
			safeEnd = target.length - 10;
		};
		const packUint16 = (token, value) => {
			target[position++] = token;
			targetView.setUint16(position, value);
			position += 2;
		};
		const packUint32 = (token, value) => {
			target[position++] = token;
			targetView.setUint32(position, value);
			position += 4;
		};
		const packCount = (length, few, token) => {
			if (length < 0x10) target[position++] = few | length;
			else if (length < 0x10000) packUint16(token, length);
			else packUint32(token + 1, length);
		};
		const packLength = (length, token) => {
			if (length < 0x100) {
				target[position++] = token;
				target[position++] = length;
			} else if (length < 0x10000) packUint16(token + 1, length);
			else packUint32(token + 2, length);
		};
		const packBytes = (bytes) => {
			ensure(bytes.length + 5);
			packLength(bytes.length, 0xc4);
			target.set(bytes, position);
			position += bytes.length;
		};
		const packDate = (date) => {
			const seconds = Math.floor(date.getTime() / 1000);
			const milliseconds = date.getMilliseconds();
			ensure(15);
			if (isNaN(seconds)) {
				packUint16(0xd4, 0xffff);
			} else if (seconds < 0 || seconds >= 0x100000000) {
				packUint16(0xc7, 0x0cff);
				targetView.setUint32(position, milliseconds * 1000000);
				targetView.setBigInt64(position + 4, BigInt(seconds));
				position += 12;
			} else if (milliseconds) {
				target[position++] = 0xd7;
				packUint32(0xff, milliseconds * 4000000);
				targetView.setUint32(position, seconds);
				position += 4;
			} else {
				target[position++] = 0xd6;
				packUint32(0xff, seconds);
			}
		};
`,
		],
		[COUNT("0x90", "0xdc", "for"), "packCount(length, 0x90, 0xdc);\n"],
		[COUNT("0x80", "0xde", "for"), "packCount(length, 0x80, 0xde);\n"],
		[COUNT("0x80", "0xde", "let key;"), "packCount(length, 0x80, 0xde);\n"],
		[
			/if \(position > safeEnd\)\n\t*target = makeRoom\(position\);\n(?=\n\t*var type)/,
			"ensure(0);\n",
		],
		// Header, room and bytes by what is written, not by an estimate from the string's length.
		[
			/let strLength = value\.length;\n[\s\S]*?(?=\t*\} else if \(type === 'number'\))/,
			`const bytes = encodeUtf8(value);
				length = bytes.length;
				ensure(length + 5);
				if (length < 0x20) target[position++] = 0xa0 | length;
				else packLength(length, 0xd9);
				target.set(bytes, position);
				position += length;
`,
		],
		[
			/value < 0x20 \|\| \(value < 0x80 && this\.useRecords === false\) \|\| \(value < 0x40 && !this\._writeStruct\)/,
			"value < 0x80",
		],
		[
			/\} else if \(value < 0x100\) \{\n\t*target\[position\+\+\] = 0xcc;[\s\S]*?(?=\t*\} else if \(value >> 0 === value\))/,
			"} else packLength(value, 0xcc);\n",
		],
		[
			/let useFloat32;\n[\s\S]*?(?=\t*target\[position\+\+\] = 0xcb;\n[^\n]*\n[^\n]*\n\t*\}\n\t*\} else if)/,
			"",
		],
		[/if \(referenceMap\) \{\n\t*let referee[\s\S]*?(?=\t*let constructor = value)/, ""],
		[
			/for \(let i = 0, l = extensions\.length[\s\S]*?(?=\t*\/\/ check isArray after extensions)/,
			`if (value instanceof Date) return packDate(value);
			if (value instanceof Set) value = Array.from(value);
			if (value instanceof ArrayBuffer) return packBytes(new Uint8Array(value));
			if (ArrayBuffer.isView(value)) return packBytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));\n`,
		],
		[/this\.writeFunction && this\.writeFunction\(value\)/, "undefined"],
		[
			/\/\/ overflow\n[\s\S]*?(?=\t*\}\n\t*position \+= 8;\n\t*\} else if \(type === 'undefined'\))/,
			"throw new RangeError(value + ' does not fit in 64 bits');\n",
		],
		[
			/const writeRecord = [\s\S]*?(?=\t\}\n\tuseBuffer)/,
			"const writeObject = writePlainObject;\n",
		],
		[/useBuffer\(buffer\) \{[\s\S]*$/, "}\n"],
	],
	"unpack.js": [
		[/var decoder;\ntry \{[^}]*\} catch\(error\) \{\}\n/, TEXT("decodeUtf8")],
		[/var currentUnpackr = \{\};\n/, ""],
		[
			/export class Unpackr \{[\s\S]*?(?=export function read\(\))/,
			`export class Unpackr {
				unpack(source) {
					src = source;
					srcEnd = source.length;
					position = 0;
					dataView = new DataView(source.buffer, source.byteOffset, srcEnd);
					arrayAllocationBudget = srcEnd;
					try {
						const value = read();
						if (position !== srcEnd) throw endOfMessagePackError();
						return value;
					} finally {
						src = dataView = null;
					}
				}
			}\n`,
		],
		[
			/function endOfMessagePackError\(end\) \{[\s\S]*?\n\}\n/,
			`function endOfMessagePackError() {
				return new Error('it does not end where its bytes do');
			}\n`,
		],
		[
			/function readStringJS\(length\) \{[\s\S]*?\n\}\nexport function readString\([\s\S]*?\n\}\n/,
			`function readStringJS(length) {
				const end = position + length;
				if (end > srcEnd) throw endOfMessagePackError();
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
		[/currentExtensions\[0\]\.noBuffer = true;[\s\S]*?(?=currentExtensions\[0xff\])/, INT64],
		[/const validName = [\s\S]*?(?=\nvar readFixedString)/, ""],
		[
			/if \(token < 0x40\)\n\t*return token;\n\t*else \{[\s\S]*?\} else\n\t*return token;\n\t*\}/,
			"return token;",
		],
		[
			/case 0xd4:\n[\s\S]*?(?=\t*case 0xd6:)/,
			"case 0xd4: return readExt(1);\ncase 0xd5: return readExt(2);\n",
		],
		[/if \(bundledStrings\) \{\n\t*value = read\(\);[\s\S]*?\n\t*\}\n(?=\t*return C1)/, ""],
		[
			/let end;\n\t*return currentExtensions\[type\]\([\s\S]*?\n\t\t\}\);/,
			"return currentExtensions[type](src.subarray(position, (position += length)));",
		],
		[/function saveState\(callback\)[\s\S]*$/, ""],
	],
};

/** What is never anything else, and so left out with what it guards. */
const constants = {
	currentUnpackr: {
		mapsAsObjects: false,
		freezeData: false,
		copyBuffers: false,
		useFloat32: 0,
		int64AsType: '"auto"',
	},
	this: {
		mapAsEmptyObject: false,
		encodeUndefinedAsNil: false,
		variableMapSize: true,
		coercibleKeyAsNumber: false,
		skipValues: false,
	},
	packr: { useToJSON: true },
};

/** Where pack.js writes how many there are, ahead of `next`. */
function COUNT(few, token, next) {
	return new RegExp(
		`if \\(length < 0x10\\) \\{\\n\\t*target\\[position\\+\\+\\] = ${few} \\| length;\\n\\t*\\} else if \\(length < 0x10000\\) \\{\\n\\t*target\\[position\\+\\+\\] = ${token};(?:\\n[^\\n]*){7}\\n(?=\\t*${next})`,
	);
}

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
	for (const [object, options] of Object.entries(constants)) {
		for (const [name, value] of Object.entries(options)) {
			text = text.replaceAll(`${object}.${name}`, String(value));
		}
	}
	return text
		.replaceAll("srcStringEnd >= position", "false")
		.replaceAll(/endOfMessagePackError\([^;)]+\);/g, "endOfMessagePackError();")
		.replaceAll("dataView.getBigInt64(position)", "int64(position)");
}

/** @param {string} root the project's folder */
export async function bundle(root) {
	const esbuild = createRequire(join(root, "package.json"))("esbuild");
	const folder = join(root, "node_modules/msgpackr");
	const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const result = await esbuild.build({
		stdin: {
			contents: 'export { Packr } from "msgpackr/pack";',
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
export class Packr {
	/** In a buffer that the next call may write over. */
	pack(value: unknown): Uint8Array;
	unpack(bytes: Uint8Array): unknown;
}
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(join(here, "../.."));
