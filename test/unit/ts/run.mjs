/** Runs a test module inside XS and turns its TAP into subtests of a node:test test. */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { buildApp, runApp } from "../../../tools/app/run.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const build = join(here, "../../../build/tests");

/** XS_SANITIZE=1 runs all in the host with sanitizers. */
export const sanitize = process.env.XS_SANITIZE === "1";

/**
 * @param {import("node:test").TestContext} t
 * @param {string} file the *.test.ts
 * @param {{ manifest?: string, config?: Record<string, string>, timeout?: number }} options
 *   `manifest` is what the test includes: by default the nearest manifest.json from the file upwards
 * @returns {Promise<{ stdout: string }>} what it printed
 */
export async function runXsTest(t, file, options = {}) {
	const { status, stdout, stderr } = await execApp(testManifest(file, options.manifest), options);
	const results = parseTAP(stdout);
	for (const result of results.tests) {
		await t.test(result.name, () => {
			if (!result.ok) throw new XsTestFailure(result.text);
		});
	}
	const failed = results.tests.some((result) => !result.ok);
	const complete = results.planned > 0 && results.tests.length === results.planned;
	if (!complete || (status !== 0 && !failed) || stderr !== "") {
		throw new XsTestFailure(
			`${results.tests.length} of ${results.planned} tests ended, host status ${status}\n${stderr}`,
		);
	}
	return { stdout };
}

/** Failure text comes from XS: node's own stack says nothing. */
class XsTestFailure extends Error {
	constructor(text) {
		super(text);
		this.name = "XsTestFailure";
		this.stack = text;
	}
}

/** Writes the manifest of an app that runs one test module; its path. */
function testManifest(file, manifest) {
	const name = relative(here, file)
		.replace(/\.test\.ts$/, "")
		.replaceAll("/", "-");
	const folder = join(build, name);
	const path = join(folder, "manifest.json");
	mkdirSync(folder, { recursive: true });
	writeFileSync(
		path,
		JSON.stringify({ include: [manifest ?? nearestManifest(file)], modules: { test: file } }),
	);
	return path;
}

function nearestManifest(file) {
	let folder = dirname(file);
	while (!existsSync(join(folder, "manifest.json"))) folder = dirname(folder);
	return join(folder, "manifest.json");
}

/**
 * Builds and runs an app to its end, at most `timeout` milliseconds (30,000).
 * @returns {Promise<{ status: number | null, signal: string | null, stdout: string, stderr: string }>}
 */
export function execApp(manifest, { timeout = 30_000, ...options } = {}) {
	const outDir = options.outDir ?? dirname(manifest);
	const child = runApp(buildApp(manifest, { outDir }), {
		sanitize,
		...options,
		stdio: ["ignore", "pipe", "pipe"],
	});
	const timer = setTimeout(() => child.kill("SIGKILL"), timeout);
	const output = { stdout: "", stderr: "" };
	for (const name of ["stdout", "stderr"]) {
		child[name].setEncoding("utf8").on("data", (text) => {
			output[name] += text;
		});
	}
	return new Promise((resolve, reject) => {
		child.on("error", reject);
		child.on("close", (status, signal) => {
			clearTimeout(timer);
			resolve({ status, signal, ...output });
		});
	});
}

function parseTAP(text) {
	const tests = [];
	let planned;
	for (const line of text.split("\n")) {
		const plan = /^1\.\.(\d+)$/.exec(line);
		const result = /^(not )?ok \d+ - (.*)$/.exec(line);
		if (plan) planned = Number(plan[1]);
		else if (result) tests.push({ ok: !result[1], name: result[2], text: "" });
		else if (line.startsWith("# ") && tests.length > 0) tests.at(-1).text += `${line.slice(2)}\n`;
	}
	return { planned, tests };
}
