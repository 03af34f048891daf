/**
 * What a device needs: flash by module and library, stack by task, heap by subsystem. Native figures
 * are of the rv32 image (-Os; libraries -O2), TypeScript's of the engine's own compiler.
 */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildApp } from "../tools/app/build.mjs";
import { capture } from "../tools/lib/command.mjs";
import { Failure } from "../tools/lib/failure.mjs";
import { build, root } from "../tools/lib/paths.mjs";
import { linkMap, objects, runSelfTest, setUpSelfTest } from "../tools/rv32.mjs";
import { figure } from "./figures.mjs";

/** The app that is measured with. */
const app = "examples/minimal/main";

/** @typedef {{ text: number, data: number, bss: number }} Sizes in bytes; text includes constants */

const nothing = () => ({ text: 0, data: 0, bss: 0 });

/** @param {Map<string, Sizes>} into @param {string} name @param {Sizes} sizes */
function add(into, name, { text, data, bss }) {
	const sum = into.get(name) ?? nothing();
	into.set(name, { text: sum.text + text, data: sum.data + data, bss: sum.bss + bss });
}

/**
 * The module that an object file of ours belongs to: a folder of the core, "peer" for what is above
 * them, "binding" or "port". Undefined for the self-test's own.
 * @param {string} path
 */
function moduleOf(path) {
	const [, part, rest] =
		/webrtc-native\/(core|xs|port)\/(.*)\.c\.obj$/.exec(
			path.replace("webrtc-native.dir", "webrtc-native"),
		) ?? [];
	if (!part) return undefined;
	if (part === "xs") return "binding";
	if (part === "port") return "port";
	return rest.includes("/") ? rest.split("/")[0] : "peer";
}

/** All of our code, whether the image needed it or not. */
function ourModules() {
	const paths = readdirSync(objects, { recursive: true, encoding: "utf8" })
		.filter((path) => moduleOf(path) && !path.includes("call.dir"))
		.map((path) => join(objects, path));
	const output = capture("riscv64-unknown-elf-size", paths);
	if (output === undefined) throw new Failure("riscv64-unknown-elf-size failed");
	/** @type {Map<string, Sizes>} */
	const sizes = new Map();
	for (const line of output.trim().split("\n").slice(1)) {
		const [text, data, bss, , , path] = line.trim().split(/\s+/);
		add(sizes, moduleOf(path) ?? "", { text: +text, data: +data, bss: +bss });
	}
	return sizes;
}

/** What the linker took from each library, by its map. */
function libraries() {
	const map = readFileSync(linkMap, "utf8");
	const begin = map.indexOf("Linker script and memory map");
	const placed =
		/^ \.(s?text|s?rodata|s?data|s?bss)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) \S*\/lib(\w+)\.a\(/gm;
	/** @type {Map<string, Sizes>} */
	const sizes = new Map();
	for (const [, section, size, library] of map.slice(begin).matchAll(placed)) {
		const kind = /bss/.test(section) ? "bss" : /^s?data/.test(section) ? "data" : "text";
		add(sizes, library, { ...nothing(), [kind]: Number.parseInt(size, 16) });
	}
	sizes.delete("webrtc-native");
	return sizes;
}

/**
 * Bytes of bytecode in a device's flash, by folder of the library, for an app with this manifest of
 * ours: what the SDK's linker keeps of preloads (measure.c), with keys of two bytes and no line
 * numbers. Apps, boards and the SDK's own modules are not of it.
 * @param {string} manifest
 */
function bytecode(manifest) {
	const folder = join(build, "footprint", manifest);
	const path = join(folder, "manifest.json");
	const include = [join(root, manifest), join(root, "boards/manifest.json")];
	mkdirSync(folder, { recursive: true });
	writeFileSync(path, JSON.stringify({ include, modules: { "*": join(root, app) } }));
	const description = buildApp(path, { outDir: folder });
	const output = capture(join(build, "desktop", "xs-host"), ["--bytecode", description]);
	if (output === undefined) throw new Failure("xs-host --bytecode failed");
	/** @type {Map<string, number>} */
	const folders = new Map();
	for (const line of output.trim().split("\n")) {
		const [, source, bytes] = line.split("\t");
		const folder =
			/^src\/(\w+)\//.exec(source)?.[1] ?? (/^(src|modules)\//.test(source) && "doors");
		if (folder) folders.set(folder, (folders.get(folder) ?? 0) + Number(bytes));
	}
	return folders;
}

/** With all of the library, and with what a voice needs. */
function bytecodeFigures() {
	return Object.entries({
		"footprint.typescript.bytecode": "manifest.json",
		"footprint.typescript.voice.bytecode": "manifest_voice.json",
	}).flatMap(([name, manifest]) => {
		const folders = [...bytecode(manifest)].sort();
		const total = folders.reduce((sum, [, bytes]) => sum + bytes, 0);
		return [
			figure(name, "B", [total]),
			...folders.map(([folder, bytes]) => figure(`${name}.${folder}`, "B", [bytes])),
		];
	});
}

/** @param {string} name @param {Sizes} sizes */
const figuresOf = (name, sizes) =>
	Object.entries(sizes).map(([kind, bytes]) => figure(`${name}.${kind}`, "B", [bytes]));

/** @returns {Promise<import("./figures.mjs").Figure[]>} */
export async function footprint() {
	await setUpSelfTest();
	const { memory, stacks } = await runSelfTest();
	const modules = ourModules();
	/** @type {Map<string, Sizes>} */
	const total = new Map();
	for (const sizes of modules.values()) add(total, "native", sizes);
	return [
		...bytecodeFigures(),
		...figuresOf("footprint.native", total.get("native") ?? nothing()),
		...[...modules]
			.sort()
			.flatMap(([module, sizes]) => figuresOf(`footprint.native.${module}`, sizes)),
		...[...libraries()]
			.sort()
			.flatMap(([library, sizes]) => figuresOf(`footprint.library.${library}`, sizes)),
		...stacks.map(({ stack, bytes }) => figure(`footprint.stack.${stack}`, "B", [bytes])),
		...memory.map(({ memory: payer, peak }) => figure(`footprint.heap.${payer}`, "B", [peak])),
	];
}
