/* What the Moddable SDK's tools ask of the library's sources beyond our own; mcconfig only warns. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../..");

test("native() is called so that xsc makes a host function of it", () => {
	const folder = join(root, "modules/webrtc-native");
	for (const name of readdirSync(folder).filter((name) => name.endsWith(".ts"))) {
		const text = readFileSync(join(folder, name), "utf8");
		const calls = text.match(/native\("[^"]*"\)[^(]*\([^,)]*/g) ?? [];
		assert.ok(calls.length > 0, name);
		for (const call of calls) assert.match(call, /\.call\(this$/, name);
	}
});

const manifests = readdirSync(root)
	.filter((name) => /^manifest_\w+\.json$/.test(name))
	.map((name) => ({ name, ...JSON.parse(readFileSync(join(root, name), "utf8")) }));
const parts = manifests.filter(({ name }) => name !== "manifest_voice.json");
const voice = manifests.find(({ name }) => name === "manifest_voice.json");

test("every module of the library is preloaded", () => {
	const preloads = manifests.flatMap(({ preload }) => preload);
	for (const [target, source] of manifests.flatMap(({ modules }) => Object.entries(modules))) {
		if (target === "~") continue;
		if (!target.endsWith("/*")) {
			assert.ok(preloads.includes(target), target);
			continue;
		}
		for (const entry of readdirSync(join(root, source.slice(0, -2)), { withFileTypes: true })) {
			if (!entry.isFile() || entry.name.endsWith(".d.ts")) continue;
			const module = target.replace("*", entry.name.replace(/\.[jt]s$/, ""));
			const text = readFileSync(join(root, source.slice(0, -2), entry.name), "utf8");
			if (isCode(text)) assert.ok(preloads.includes(module), module);
		}
	}
});

test("manifest.json has all parts", () => {
	const { include } = JSON.parse(readFileSync(join(root, "manifest.json"), "utf8"));
	assert.deepEqual(include.sort(), manifests.map(({ name }) => `./${name}`).sort());
});

/** What a module has when it runs. @param {string} path from the top, without its extension */
function exportsOf(path) {
	const text = readFileSync(join(root, `${path}.ts`), "utf8");
	const declared = text.matchAll(/^export (?:async )?(?:class|const|function) (\w+)/gm);
	const handedOn = [...text.matchAll(/^export \{([^}]*)\}/gm)]
		.flatMap(([, names]) => names.split(","))
		.map((name) => name.trim())
		.filter((name) => name && !name.startsWith("type "));
	return [...Array.from(declared, ([, name]) => name), ...handedOn];
}

for (const part of parts) {
	test(`${part.name} takes the place of what stands for it`, () => {
		for (const standIn of [part.modules["~"]].flat()) {
			const [[module] = []] = Object.entries(voice.modules).filter(([, file]) => file === standIn);
			assert.match(module, /^livekit\//, standIn);
			const known = exportsOf(module.replace("livekit/", "src/"));
			for (const name of exportsOf(standIn))
				assert.ok(known.includes(name), `${name} of ${standIn}`);
		}
	});
}

/** Whether something is left of a module when its types are gone. @param {string} text */
function isCode(text) {
	return /^(export )?(default |async )*(class|const|function|let)\b|^export [{*]/m.test(text);
}
