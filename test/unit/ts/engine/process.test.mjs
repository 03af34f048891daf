/* What an app that goes wrong, ends or is ended leaves behind: status, one report, .ts lines. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { BuildError, buildApp, hostPath, runApp } from "../../../../tools/app/run.mjs";
import { execApp, sanitize } from "../run.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "../../../..");
const build = join(root, "build/tests/process");
let count = 0;

/** Writes an app of `files`, "main.ts" among them; the path of its manifest. */
function makeApp(files, manifest = {}) {
	const folder = join(build, String(count++));
	rmSync(folder, { recursive: true, force: true });
	for (const [name, text] of Object.entries(files)) {
		const path = join(folder, name);
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text);
	}
	const path = join(folder, "manifest.json");
	writeFileSync(
		path,
		JSON.stringify({
			include: [
				join(root, "boards/desktop/manifest.json"),
				"$(MODULES)/files/preference/manifest.json",
			],
			...manifest,
			modules: { "*": "./main", ...manifest.modules },
		}),
	);
	return path;
}

const describe = (manifest) => buildApp(manifest, { outDir: dirname(manifest) });
const exec = (files, { manifest, ...options } = {}) =>
	execApp(makeApp(files, manifest), { state: join(build, "state", String(count)), ...options });

function failed(result, status, ...patterns) {
	for (const pattern of patterns) assert.match(result.stderr, pattern);
	assert.equal(result.signal, null);
	assert.equal(result.status, status, result.stderr);
}

test("an app with nothing left to do ends with 0", async () => {
	const result = await exec({ "main.ts": `trace("done\\n");` });
	assert.deepEqual(result, { status: 0, signal: null, stdout: "done\n", stderr: "" });
});

test("main's default export is called", async () => {
	const result = await exec({ "main.ts": `export default function () { trace("called\\n"); }` });
	assert.equal(result.stdout, "called\n");
});

test("exit() ends at once with its status", async () => {
	const result = await exec({
		"main.ts": `import { exit } from "simulator";\nimport Timer from "timer";
Timer.repeat(() => {}, 1000);\nPromise.resolve().then(() => { exit(7); });\nawait new Promise(() => {});`,
	});
	failed(result, 7, /^$/);
});

test("arguments, and config with key=value over it", async () => {
	const result = await exec(
		{
			"main.ts": `import config from "mc/config";\nimport { args } from "simulator";
trace(JSON.stringify([{ ...config, deep: { ...config.deep } }, args()]));`,
		},
		{
			manifest: { config: { url: "ws://a", deep: { n: 1 } } },
			config: { url: "ws://b?c=d", key: "'\"\\ 😀" },
			args: ["--mic", "a b"],
		},
	);
	assert.deepEqual(JSON.parse(result.stdout), [
		{ url: "ws://b?c=d", deep: { n: 1 }, key: "'\"\\ 😀" },
		["--mic", "a b"],
	]);
});

test("preferences outlive the app, in a file only the user reads", async () => {
	const main = `import Preference from "preference";
const show = (value: any) => (value instanceof ArrayBuffer ? [...new Uint8Array(value)].join() : typeof value + value);
for (const key of Preference.keys("a").sort()) trace(key, "=", show(Preference.get("a", key)), " ");
trace(Preference.get("b", "none"), Preference.keys("b").length);
Preference.set("a", "text", "emoji 😀"); Preference.set("a", "number", 1.5); Preference.set("a", "true", true);
Preference.set("a", "bytes", Uint8Array.of(0, 255).buffer); Preference.set("a", "gone", 1); Preference.delete("a", "gone");`;
	const state = join(build, "state/kept");
	rmSync(state, { recursive: true, force: true });
	const first = await exec({ "main.ts": main }, { state });
	assert.deepEqual([first.stdout, first.stderr], ["undefined0", ""]);
	const second = await exec({ "main.ts": main }, { state });
	assert.equal(
		second.stdout,
		"bytes=0,255 number=number1.5 text=stringemoji 😀 true=booleantrue undefined0",
	);
	assert.equal(statSync(join(state, "preferences.json")).mode & 0o777, 0o600);
});

test("modules: relative names, with and without extension, up and down", async () => {
	const result = await exec(
		{
			"main.ts": `import { a } from "lib/one/a";\ntrace(a);`,
			"lib/one/a.ts": `import { b } from "../two/b.js";\nimport type { T } from "./nowhere";
export const a: T = "a" + b + (await import("./c")).c;`,
			"lib/two/b.ts": `import { c } from "../one/c.ts";\nexport const b = "b" + c;`,
			"lib/one/c.js": `export const c = "c";`,
		},
		{ manifest: { modules: { "lib/one/*": "./lib/one/*", "lib/two/*": "./lib/two/*" } } },
	);
	assert.deepEqual([result.stdout, result.stderr], ["abcc", ""]);
});

test("a missing module: who imports what", async () => {
	const result = await exec({ "main.ts": `import "./nowhere";` });
	failed(result, 1, /ReferenceError: .*module "\.\/nowhere" not found, imported by .*main\.ts/);
	const late = await exec({
		"main.ts": `import Timer from "timer";\nTimer.set(() => import("no/where"), 1);`,
	});
	failed(late, 1, /unhandled rejection: .*module "no\/where" not found, imported by .*main\.ts/);
	const up = await exec({ "main.ts": `import "../main";` });
	failed(up, 1, /module "\.\.\/main" not found/);
});

test("an uncaught error: where, what and the stack in .ts lines", async () => {
	const result = await exec({
		"main.ts": `interface Long {\n\tgone: string;\n}
function inner(x: Long): never {\n\tthrow new RangeError("too far " + x.gone);\n}
export const enum Gone { A = 1 }
import Timer from "timer";\nTimer.set(() => {\n\tinner({ gone: "away" });\n}, 1);`,
	});
	failed(
		result,
		1,
		/^\S*main\.ts:5: RangeError: too far away\n at inner \(\S*main\.ts:5\)\n(?:.*\n)* at .*main\.ts:10\)/,
	);
});

test("an error at the top level, in a preload, and one that is no Error", async () => {
	failed(await exec({ "main.ts": `\nthrow new Error("top");` }), 1, /^\S*main\.ts:2: Error: top\n/);
	failed(
		await exec(
			{ "main.ts": "", "early.ts": `\n\nnull!.x;` },
			{ manifest: { modules: { early: "./early" }, preload: ["early"] } },
		),
		1,
		/^\S*early\.ts:3: TypeError: /,
	);
	failed(
		await exec(
			{ "main.ts": "", "early.ts": `import Time from "time";\nexport const start = Time.ticks;` },
			{ manifest: { modules: { early: "./early" }, preload: ["early"] } },
		),
		1,
		/native "xs_time_ticks" in a preload: (.*\n)* at .*early\.ts:2\)/,
	);
	failed(await exec({ "main.ts": `throw "text";` }), 1, /^text\n$/);
	failed(await exec({ "main.ts": `throw { toString() { throw 1; } };` }), 1, /no text/);
});

test("an unhandled rejection is reported, one that is handled in time is not", async () => {
	failed(
		await exec({
			"main.ts": `async function f() {\n\tthrow new Error("late");\n}\nf();\nawait null;`,
		}),
		1,
		/^\S*main\.ts:2: unhandled rejection: Error: late\n at f \(/,
	);
	const handled = await exec({
		"main.ts": `const p = Promise.reject(1);\nawait null;\np.catch(() => trace("caught"));`,
	});
	assert.deepEqual(handled, { status: 0, signal: null, stdout: "caught", stderr: "" });
});

test("main that awaits for ever is an error, not a silent end", async () => {
	failed(
		await exec({ "main.ts": "await new Promise(() => {});" }),
		1,
		/^main awaits what nothing is left to bring\n$/,
	);
});

test("a syntax error: in TypeScript when it is built, in JavaScript when it is loaded", async () => {
	assert.throws(
		() => describe(makeApp({ "main.ts": "const a = 1;\nconst = 2;" })),
		(error) => error instanceof BuildError && /main\.ts:2:7: /.test(error.message),
	);
	failed(
		await exec({ "main.js": "const a = 1;\n\nlet a = 2;" }),
		1,
		/SyntaxError: .*main\.js:3: duplicate variable/,
	);
	failed(
		await exec({ "main.ts": `import { nope } from "time";\nnope();` }),
		1,
		/SyntaxError: .*import nope not found/,
	);
});

test("memory full: one report with the line", async () => {
	const creation = { heap: { initial: 20000, incremental: 0 } };
	const main = `const all: object[] = [];\nfor (;;)\n\tall.push({ a: {} });`;
	failed(
		await exec({ "main.ts": main }, { manifest: { creation } }),
		70,
		/^\S*main\.ts:3: memory full: \d+ slots/,
	);
	failed(
		await exec(
			{ "main.ts": `let text = "x";\nfor (;;)\n\ttext += text;` },
			{ manifest: { creation: { static: 8000000 } } },
		),
		70,
		/main\.ts:3: memory full/,
	);
});

test("stack overflow", async () => {
	failed(
		await exec({ "main.ts": `function f(): number {\n\treturn 1 + f();\n}\nf();` }),
		70,
		/main\.ts:2: stack overflow/,
	);
	failed(await exec({ "main.ts": `JSON.parse("[".repeat(1e6));` }), 70, /stack overflow/);
});

test("a native that does not exist is an error where it is used", async () => {
	const main = `class A extends Native("xs_absent_destructor") {}\ntrace("imported\\n");\nnew A();`;
	const result = await exec({ "main.ts": main });
	assert.equal(result.stdout, "imported\n");
	failed(result, 1, /main\.ts:1: ReferenceError: .*"xs_absent_destructor"/);
});

function start(main) {
	const child = runApp(describe(makeApp({ "main.ts": main })), {
		sanitize,
		stdio: ["ignore", "pipe", "inherit"],
	});
	const ended = new Promise((resolve) =>
		child.on("exit", (status, signal) => resolve({ status, signal })),
	);
	const ready = new Promise((resolve) => child.stdout.once("data", resolve));
	return { child, ended, ready };
}

test("a signal ends the app as shells expect, and sleeping costs nothing", async () => {
	const app = start(`import Timer from "timer";\nTimer.set(() => {}, 60000);\ntrace("ready");`);
	await app.ready;
	app.child.kill("SIGTERM");
	assert.deepEqual(await app.ended, { status: 128 + 15, signal: null });
});

test("onTerminate hears the first signal, the second ends all", async () => {
	const polite = start(`import Timer from "timer";\nimport { exit, onTerminate } from "simulator";
onTerminate(() => Timer.set(() => exit(3), 5));\nTimer.set(() => {}, 60000);\ntrace("ready");`);
	await polite.ready;
	polite.child.kill("SIGINT");
	assert.deepEqual(await polite.ended, { status: 3, signal: null });

	const deaf = start(`import Timer from "timer";\nimport { onTerminate } from "simulator";
onTerminate(() => trace("heard"));\nTimer.set(() => {}, 60000);\ntrace("ready");`);
	await deaf.ready;
	const heard = new Promise((resolve) => deaf.child.stdout.once("data", resolve));
	deaf.child.kill("SIGTERM");
	await heard;
	deaf.child.kill("SIGTERM");
	assert.deepEqual(await deaf.ended, { status: 128 + 15, signal: null });
});

test("files, heap figures and peak RSS", async () => {
	const path = join(build, "written.txt");
	const result = await exec(
		{
			"main.ts": `import config from "mc/config";\nimport { collect, heap, readFile, rss, writeFile } from "simulator";
const kept = "k".repeat(100);\nwriteFile(config.path, "a 😀\\n");\ncollect();\nconst { slots, slotsPeak, chunkBytes, chunkBytesPeak } = heap();
trace(readFile(config.path), slots > 20 && slots <= slotsPeak, chunkBytes > kept.length && chunkBytes <= chunkBytesPeak, rss() > 1e6);
readFile("/nowhere/at all");`,
		},
		{ config: { path } },
	);
	assert.equal(result.stdout, "a 😀\ntruetruetrue");
	failed(result, 1, /\/nowhere\/at all: No such file/);
});

test("the host by hand: what it does not understand is one clear line", () => {
	const run = (...args) => spawnSync(hostPath({ sanitize }), args, { encoding: "utf8" });
	const broken = join(build, "broken.json");
	writeFileSync(broken, `{ "modules": [{}] }`);
	for (const [args, pattern] of [
		[[], /^usage: xs-host/],
		[["/nowhere.json"], /^\/nowhere\.json: No such file/],
		[[broken], /^\S*broken\.json: not an app description: /],
		[[broken, "word"], /^"word" is not key=value/],
	]) {
		const { status, stderr } = run(...args);
		assert.match(stderr, pattern);
		assert.equal(status, 2);
	}
	writeFileSync(broken, "{");
	assert.match(run(broken).stderr, /not an app description: SyntaxError/);
});
