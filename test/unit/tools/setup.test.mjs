/** What the commands are made of: steps that are done once, quiet commands, processes that end. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { beforeEach, describe, it } from "node:test";
import { Background } from "../../../tools/lib/background.mjs";
import { run } from "../../../tools/lib/command.mjs";
import { Failure } from "../../../tools/lib/failure.mjs";
import { requireNetwork } from "../../../tools/lib/network.mjs";
import { build, root } from "../../../tools/lib/paths.mjs";
import { sweepRuns } from "../../../tools/lib/simulator.mjs";
import { runStep } from "../../../tools/lib/steps.mjs";

const folder = join(build, "tests", "setup");
const file = (/** @type {string} */ name) => join(folder, name);

beforeEach(() => {
	rmSync(folder, { recursive: true, force: true });
	rmSync(join(build, "stamps", "test"), { force: true });
	mkdirSync(folder, { recursive: true });
});

describe("a step", () => {
	let runs = 0;
	const step = {
		name: "test",
		title: "a step of a test",
		inputs: [relative(root, folder)],
		values: ["1"],
		outputs: [join(build, "tests", "output")],
		async run() {
			runs++;
			writeFileSync(join(build, "tests", "output"), "");
		},
	};

	it("runs once, and again when an input, a value or the output has changed", async () => {
		runs = 0;
		writeFileSync(file("input"), "one");
		await runStep(step);
		await runStep(step);
		assert.equal(runs, 1);
		writeFileSync(file("input"), "two");
		await runStep(step);
		assert.equal(runs, 2);
		await runStep({ ...step, values: ["2"] });
		assert.equal(runs, 3);
		rmSync(join(build, "tests", "output"));
		await runStep({ ...step, values: ["2"] });
		assert.equal(runs, 4);
	});

	it("that failed runs again", async () => {
		runs = 0;
		const failing = { ...step, run: () => Promise.reject(new Failure("no")) };
		await assert.rejects(() => runStep(failing), Failure);
		await runStep(step);
		assert.equal(runs, 1);
	});
});

describe("a quiet command", () => {
	it("that fails shows the end of its log", async () => {
		const script = "for i in $(seq 100); do echo line $i; done; exit 3";
		await assert.rejects(
			() => run("sh", ["-c", script], { log: "test-fails", what: "the test" }),
			(/** @type {Failure} */ error) => {
				assert.match(error.message, /^the test failed \(exit status 3\); log: build\/log\//);
				assert.match(error.detail, /line 100/);
				assert.doesNotMatch(error.detail, /line 50\n/);
				return true;
			},
		);
	});

	it("ends when its time is over", async () => {
		const options = { log: "test-time", what: "the test", timeout: 100 };
		await assert.rejects(() => run("sleep", ["60"], options), /the test failed \(SIGTERM\)/);
	});

	it("that is not there is named", async () => {
		const options = { log: "test-missing", what: "the test" };
		await assert.rejects(() => run("no-such-command", [], options), /no-such-command/);
	});
});

describe("a background process", () => {
	/** @param {string} script */
	const start = (script) => new Background("it", ["sh", "-c", script], { log: file("log") });

	it("ends although it ignores being told so", async () => {
		const process = start("trap '' TERM; echo up; while :; do sleep 0.1; done");
		await process.ready(() => readFileSync(file("log"), "utf8").includes("up") || undefined, 5000);
		await process.stop();
		await process.stop();
		assert.notEqual(process.status, 0);
	});

	it("that ends before it is ready fails at once, with its last words", async () => {
		const process = start("echo no such luck; exit 1");
		await assert.rejects(
			() => process.ready(() => undefined, 60_000),
			(/** @type {Failure} */ error) =>
				/it ended at once/.test(error.message) && /no such luck/.test(error.detail),
		);
	});

	it("that is never ready fails when the time is over", async () => {
		const process = start("sleep 60");
		await assert.rejects(() => process.ready(() => undefined, 100), /not ready within 0.1 s/);
		await process.stop();
	});

	it("that does not end in its time is stopped, and that is said", async () => {
		assert.equal(await start("exit 3").endWithin(60_000), 3);
		await assert.rejects(
			() => start("sleep 60").endWithin(100),
			/it did not end within 0.1 s and was stopped/,
		);
	});
});

describe("a simulator's folder", () => {
	it("goes when its starter is gone, and no other does", () => {
		const { pid } = spawnSync("true");
		const kept = [`run-${process.pid}-a`, "state"];
		for (const name of [...kept, `run-${pid}-b`]) mkdirSync(file(name));
		sweepRuns(folder);
		assert.deepEqual(readdirSync(folder).sort(), kept);
	});
});

describe("the network", () => {
	const address = (/** @type {boolean} */ internal) =>
		/** @type {any} */ ({ address: "198.51.100.1", internal });

	it("must be more than loopback", () => {
		assert.throws(() => requireNetwork({ lo: [address(true)] }), /no network.* run: sudo/);
		assert.throws(() => requireNetwork({}), Failure);
		requireNetwork({ lo: [address(true)], eth0: [address(false)] });
	});
});

describe("npm start", () => {
	/** @param {string} path for PATH @param {string[]} [flags] of node */
	const startWith = (path, flags = []) => {
		const options = { cwd: root, env: { PATH: path }, encoding: /** @type {const} */ ("utf8") };
		const args = [...flags, "tools/start.mjs"];
		const { status, stderr } = spawnSync(process.execPath, args, options);
		return { status, lines: stderr.trim().split("\n") };
	};

	it("names what a system without anything lacks, in one line", () => {
		const { status, lines } = startWith(folder);
		assert.equal(status, 1);
		assert.equal(lines.length, 1);
		assert.match(lines[0], /missing: gcc, .*cmake.*libopus-dev/);
	});

	it("gives a user who is not root the line to type", () => {
		writeFileSync(file("apt-get"), "");
		const notRoot = "data:text/javascript,process.getuid=()=>1000";
		const { status, lines } = startWith(folder, ["--import", notRoot]);
		assert.equal(status, 1);
		assert.equal(lines.length, 1);
		assert.match(lines[0], /run: sudo apt-get install gcc .*libmbedtls-dev/);
	});
});
