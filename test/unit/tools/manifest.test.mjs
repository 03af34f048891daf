/* The manifest resolver against what mcconfig does with the same manifests. */

import assert from "node:assert/strict";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { ManifestError, resolveManifest } from "../../../tools/app/manifest.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");
const build = join(root, "build/tests/manifest");
let count = 0;

/** Writes `files` (objects as JSON) to a new folder; its path. */
function folder(files) {
	const path = join(build, String(count++));
	rmSync(path, { recursive: true, force: true });
	for (const [name, content] of Object.entries({ "main.ts": "", ...files })) {
		mkdirSync(dirname(join(path, name)), { recursive: true });
		writeFileSync(
			join(path, name),
			typeof content === "string" ? content : JSON.stringify(content),
		);
	}
	return path;
}

function resolved(files) {
	const path = folder(files);
	const app = resolveManifest(join(path, "manifest.json"));
	const modules = Object.fromEntries(
		[...app.modules].map(([name, file]) => [
			name,
			file.startsWith(path) ? file.slice(path.length + 1) : file,
		]),
	);
	return { ...app, modules };
}

function refused(files, pattern) {
	assert.throws(
		() => resolved(files),
		(error) => {
			assert.ok(error instanceof ManifestError, error.stack);
			assert.match(error.message, pattern);
			assert.doesNotMatch(error.message, /\n/);
			return true;
		},
	);
}

const main = { "*": "./main" };

test("module patterns", () => {
	const { modules, native } = resolved({
		"manifest.json": {
			modules: {
				"*": ["./main", "./c/*"],
				exact: "./src/one",
				"all/*": "./src/*",
				"part/*": ["./parts/a", "./parts/b.js"],
				"pre/*": "./prefixed/x-*",
				data: { source: "./data" },
			},
		},
		"c/native.c": "",
		"c/native.h": "",
		"src/one.ts": "",
		"src/two.ts": "",
		"src/two.d.ts": "",
		"src/.hidden.ts": "",
		"src/manifest.json": {},
		"src/notes.md": "",
		"parts/a.ts": "",
		"parts/b.js": "",
		"prefixed/x-y.mjs": "",
		"prefixed/z.js": "",
		"data.json": { a: 1 },
	});
	assert.deepEqual(modules, {
		main: "main.ts",
		exact: "src/one.ts",
		"all/two": "src/two.ts", // one has its name already
		"part/a": "parts/a.ts",
		"part/b": "parts/b.js",
		"pre/y": "prefixed/x-y.mjs",
		data: "data.json",
	});
	assert.deepEqual(
		native.map((file) => file.slice(-8)),
		["native.c", "native.h"],
	);
});

test("~ excludes", () => {
	const { modules } = resolved({
		"manifest.json": { modules: { "*": ["./main", "./lib/*"], "~": "./lib/b" } },
		"lib/a.ts": "",
		"lib/b.ts": "",
	});
	assert.deepEqual(modules, { main: "main.ts", a: "lib/a.ts" });
});

test("includes: relative to who includes, once, before who includes; the later config wins", () => {
	const app = resolved({
		"manifest.json": {
			include: ["./sub/manifest.json", "./other.json"],
			modules: main,
			config: { who: "main", deep: { b: 2 } },
			creation: { stack: 100 },
			preload: ["sub"],
		},
		"sub/manifest.json": {
			include: "../other.json",
			modules: { "*": "./sub" },
			config: { who: "sub", deep: { a: 1 }, list: [1] },
			creation: { stack: 50, heap: { initial: 10 } },
			defines: { audio: { rate: 16000 } },
		},
		"sub/sub.ts": "",
		"other.json": { include: "./manifest.json", config: { other: true } },
	});
	assert.deepEqual(app.config, { other: true, who: "main", deep: { a: 1, b: 2 }, list: [1] });
	assert.deepEqual(app.creation, { stack: 100, heap: { initial: 10 } });
	assert.deepEqual(app.defines, { audio: { rate: 16000 } });
	assert.deepEqual(app.modules, { main: "main.ts", sub: "sub/sub.ts" });
	assert.deepEqual(app.preload, ["sub"]);
});

test("one platform entry applies: the most specific, then the first", () => {
	const config = (platforms) =>
		resolved({ "manifest.json": { modules: main, platforms } }).config.p;
	const entry = (p) => ({ config: { p } });
	assert.equal(config({ esp32: entry(1), lin: entry(2), "...": entry(3) }), 2);
	assert.equal(config({ "...": entry(3), lin: entry(2) }), 2);
	assert.equal(config({ lin: entry(1), "lin/*": entry(2) }), 2);
	assert.equal(config({ "lin/*": entry(1), "lin/desktop": entry(2) }), 1);
	assert.equal(config({ "*/desktop": entry(1), lin: entry(2) }), 1);
	assert.equal(
		config({ esp32: entry(1), "esp32/*": entry(1), "lin/moddable_two": entry(1), "...": entry(3) }),
		3,
	);
	assert.equal(config({ mac: entry(1) }), undefined);
});

test("a platform's includes, modules, preload and errors count", () => {
	const app = resolved({
		"manifest.json": {
			modules: main,
			platforms: { lin: { include: "./lin.json", modules: { only: "./only" }, preload: "only" } },
		},
		"lin.json": { config: { lin: true } },
		"only.ts": "",
	});
	assert.deepEqual(
		[app.config, app.preload, Object.keys(app.modules)],
		[{ lin: true }, ["only"], ["main", "only"]],
	);
	refused(
		{ "manifest.json": { modules: main, platforms: { lin: { error: "no microphone here" } } } },
		/manifest\.json: no microphone here$/,
	);
});

test("build variables", () => {
	const app = resolved({
		"manifest.json": {
			build: { HERE: "./lib", DEEP: "$(HERE)/deep", "SURELY_UNSET_X ?=": "$(DEEP)" },
			modules: { "*": ["$(MAIN_DIR)/main", "$(HERE)/a", "$(SURELY_UNSET_X)/b"] },
		},
		"lib/a.ts": "",
		"lib/deep/b.ts": "",
	});
	assert.deepEqual(app.modules, { main: "main.ts", a: "lib/a.ts", b: "lib/deep/b.ts" });
	refused(
		{ "manifest.json": { modules: { "*": "$(NOWHERE)/x" } } },
		/\$\(NOWHERE\) is not defined/,
	);
});

test("the SDK's manifests are our stand-ins; one that we have not is named", () => {
	const app = resolved({
		"manifest.json": {
			include: [
				"$(MODDABLE)/examples/manifest_base.json",
				"$(MODDABLE)/examples/manifest_typings.json",
				"$(MODULES)/data/base64/manifest.json",
				"$(MODULES)/data/text/encoder/manifest.json",
				"$(MODULES)/data/text/decoder/manifest.json",
				"$(MODULES)/files/preference/manifest.json",
			],
			modules: main,
			preload: ["mc/config"],
		},
	});
	for (const name of ["timer", "time", "base64", "text/encoder", "text/decoder", "preference"]) {
		assert.ok(name in app.modules, name);
		assert.ok(app.preload.includes(name), name);
	}
	refused(
		{ "manifest.json": { include: "$(MODULES)/drivers/x/manifest.json", modules: main } },
		/manifest\.json: the desktop has no stand-in for \$\(MODULES\)\/drivers\/x\/manifest\.json: add boards\/desktop\/sdk/,
	);
});

test("preload: a name that is no module, a wildcard that sees no JavaScript", () => {
	refused(
		{ "manifest.json": { modules: main, preload: ["mian"] } },
		/preload "mian" is not a module/,
	);
	const files = { "lib/a.js": "", "lib/b.ts": "" };
	const modules = { ...main, "lib/*": "./lib/*" };
	assert.deepEqual(resolved({ ...files, "manifest.json": { modules, preload: "lib/*" } }).preload, [
		"lib/a",
	]);
	refused({ "manifest.json": { modules: main, preload: "m*" } }, /wildcards skip TypeScript/);
});

test("mistakes: one line with the manifest's path", () => {
	refused(
		{ "manifest.json": '{\n\t"modules": {\n\t\t"*": "./main",\n\t}\n}' },
		/manifest\.json:4: not JSON/,
	);
	refused({ "manifest.json": "[]" }, /a manifest is a JSON object/);
	refused(
		{ "manifest.json": { include: "./gone.json", modules: main } },
		/includes \.\/gone\.json, which does not exist/,
	);
	refused(
		{ "manifest.json": { modules: { ...main, a: "./gone" } } },
		/module "a": no file \.\/gone/,
	);
	refused({ "manifest.json": { modules: { other: "./main" } } }, /no module "main"/);
	refused({ "manifest.json": { include: { git: "x" }, modules: main } }, /device builds only/);
	assert.throws(
		() => resolveManifest("/nowhere/manifest.json"),
		/^ManifestError: \/nowhere\/manifest\.json: does not exist$/,
	);
});
