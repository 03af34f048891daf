/** modules/webrtc-native as ESP-IDF sees it first: its CMakeLists.txt included in script mode. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { root } from "../../../tools/lib/paths.mjs";

const component = join(root, "modules", "webrtc-native");

/** What idf_component_register() is called with, by keyword. @param {string} folder */
function registered(folder) {
	const out = join(folder, "registered.txt");
	const script = join(folder, "script.cmake");
	writeFileSync(
		script,
		`set(ESP_PLATFORM 1)
set(CMAKE_BUILD_EARLY_EXPANSION 1)
function(idf_component_register)
	cmake_parse_arguments(given "" "" "SRCS;INCLUDE_DIRS;REQUIRES" \${ARGN})
	foreach(keyword SRCS INCLUDE_DIRS REQUIRES UNPARSED_ARGUMENTS)
		file(APPEND "${out}" "\${keyword}=\${given_\${keyword}}\\n")
	endforeach()
endfunction()
include("${component}/CMakeLists.txt")
`,
	);
	execFileSync("cmake", ["-P", script], { stdio: ["ignore", "pipe", "pipe"] });
	const lines = readFileSync(out, "utf8").trimEnd().split("\n");
	return Object.fromEntries(
		lines.map((line) => {
			const [keyword, values = ""] = line.split("=", 2);
			return [keyword, values.split(";").filter(Boolean)];
		}),
	);
}

test("the native module registers as an ESP-IDF component", () => {
	const folder = mkdtempSync(join(tmpdir(), "idf-component-"));
	try {
		const { SRCS, INCLUDE_DIRS, REQUIRES, UNPARSED_ARGUMENTS } = registered(folder);
		assert.deepEqual(UNPARSED_ARGUMENTS, []);
		assert.ok(SRCS.includes(join(component, "core", "peer.c")), SRCS.join("\n"));
		for (const source of SRCS) {
			assert.ok(existsSync(source), source);
			assert.doesNotMatch(source, /\/posix\//);
		}
		// Each seam of the port has the desktop's side or the device's, and what is shared is there.
		for (const file of ["common/loop.c", "esp32/platform.c", "esp32/audio_i2s.c"])
			assert.ok(SRCS.includes(join(component, "port", file)), file);
		for (const include of INCLUDE_DIRS) assert.ok(existsSync(join(component, include)), include);
		assert.ok(REQUIRES.includes("mbedtls"), REQUIRES.join(" "));
		// What comes from the registry is required by the name it gets there, and pinned.
		const manifest = readFileSync(join(component, "idf_component.yml"), "utf8");
		const fetched = [...manifest.matchAll(/^ {2}(\w+)\/([\w-]+): "==\d+\.\d+\.\d+"$/gm)];
		assert.deepEqual(
			REQUIRES.filter((name) => name.includes("__")),
			fetched.map(([, owner, name]) => `${owner}__${name}`),
		);
		assert.match(REQUIRES.join(" "), /opus/);
	} finally {
		rmSync(folder, { recursive: true });
	}
});

/** All that a file of the binding includes of ours, and mbedTLS if that is among it. @param {string} file */
function* included(file, seen = new Set()) {
	for (const [, quoted, name] of readFileSync(file, "utf8").matchAll(
		/^#include (["<])([^">]+)/gm,
	)) {
		const path = join(dirname(file), name);
		if (/^(mbedtls|psa)\//.test(name)) yield name;
		if (quoted !== '"' || seen.has(path) || !existsSync(path)) continue;
		seen.add(path);
		yield* included(path, seen);
	}
}

test("the XS binding includes no mbedTLS, whose structures IDF lays out by its own options", () => {
	const folder = join(component, "xs");
	const files = readdirSync(folder).filter((name) => name.endsWith(".c"));
	assert.ok(files.length > 5);
	for (const name of files) assert.deepEqual([...included(join(folder, name))], [], name);
	// The search itself: crypto's own files do.
	const own = included(join(component, "core", "crypto", "tls_setup.c"));
	assert.ok([...own].includes("mbedtls/ssl.h"));
});
