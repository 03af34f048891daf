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

test("every module of the library is preloaded", () => {
	const { modules, preload } = JSON.parse(readFileSync(join(root, "manifest.json"), "utf8"));
	for (const [target, source] of Object.entries(modules)) {
		if (!target.endsWith("/*")) {
			assert.ok(preload.includes(target), target);
			continue;
		}
		for (const entry of readdirSync(join(root, source.slice(0, -2)), { withFileTypes: true })) {
			if (!entry.isFile() || entry.name.endsWith(".d.ts")) continue;
			const module = target.replace("*", entry.name.replace(/\.[jt]s$/, ""));
			const text = readFileSync(join(root, source.slice(0, -2), entry.name), "utf8");
			if (isCode(text)) assert.ok(preload.includes(module), module);
		}
	}
});

/** Whether something is left of a module when its types are gone. @param {string} text */
function isCode(text) {
	return /^(export )?(default |async )*(class|const|function|let)\b|^export [{*]/m.test(text);
}
