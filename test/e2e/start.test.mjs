/** npm start, as a user runs it. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { root } from "../../tools/lib/paths.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { clicks, compare } from "./lib/analysis.mjs";
import { outFolder } from "./lib/device.mjs";
import { processesWith } from "./lib/processes.mjs";
import { until } from "./lib/until.mjs";

/** @param {string[]} args */
function start(args) {
	// All that it starts inherits this, so that we find what it leaves behind.
	const mark = randomUUID();
	const child = spawn(process.execPath, ["tools/start.mjs", ...args], {
		cwd: root,
		env: { ...process.env, LIVEKIT_XS_MARK: mark },
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text) => {
			output += text;
		});
	}
	const ended = new Promise((resolve) => child.once("close", resolve));
	return {
		child,
		output: () => output,
		/** @type {Promise<number | null>} */ ended,
		left: () => processesWith(mark),
	};
}

describe("npm start", () => {
	it("makes a call, plays the echo of what was said, and leaves nothing behind", async (t) => {
		const [speaker, report] = [join(outFolder, "start.wav"), join(outFolder, "start.json")];
		const run = start(["--speaker", speaker, "--report", report]);
		assert.equal(await run.ended, 0, run.output());
		assert.deepEqual(run.left(), []);

		const said = readWav(join(root, "test/fixtures/speech-16k.wav"));
		const heard = readWav(speaker);
		assert.equal(heard.rate, said.rate);
		const { likeness, speed, delay } = compare(said.samples, heard.samples, said.rate);
		t.diagnostic(
			`likeness ${likeness.toFixed(2)}, speed ${speed.toFixed(4)}, delay ${delay.toFixed(2)} s`,
		);
		assert.ok(likeness > 0.7, `likeness ${likeness}`);
		assert.ok(Math.abs(speed - 1) < 0.005, `speed ${speed}`);
		assert.ok(delay > 0.5 && delay < 3, `the echo came after ${delay} s`);
		assert.ok(
			clicks(heard.samples, heard.rate).length <= clicks(said.samples, said.rate).length,
			"clicks that were not in what was said",
		);

		const { timeline } = JSON.parse(readFileSync(report, "utf8"));
		for (const name of [
			"joined",
			"ice",
			"dtls",
			"dataReady",
			"firstPacketOut",
			"firstPacketIn",
			"firstSoundOut",
		]) {
			assert.ok(timeline[name] > 0, `${name} is missing in ${JSON.stringify(timeline)}`);
		}
	});

	it("reaches the call in under 5 s when the set-up is done", async () => {
		const begin = performance.now();
		const run = start(["--seconds", "2", "--speaker", join(outFolder, "second.wav")]);
		await until(() => /joined/i.test(run.output()), `the call; it said: ${run.output()}`, 5000);
		assert.ok(performance.now() - begin < 5000);
		await run.ended;
		assert.deepEqual(run.left(), []);
	});

	for (const signal of /** @type {const} */ (["SIGINT", "SIGKILL"])) {
		it(`leaves nothing behind after ${signal}`, async () => {
			const run = start(["--seconds", "60", "--speaker", join(outFolder, "ended.wav")]);
			await until(() => /joined/i.test(run.output()), "the call");
			assert.ok(run.left().length >= 4, "server, agent, device and itself");
			run.child.kill(signal);
			await until(() => run.left().length === 0, "the end of all processes", 8000);
			assert.notEqual(await run.ended, 0);
		});
	}

	for (const [args, expected] of /** @type {[string[], RegExp][]} */ ([
		[["--nonsense"], /--nonsense/],
		[["--mic", "no-such-file.wav"], /no-such-file\.wav/],
		[["--mic", "package.json"], /package\.json.*WAV/],
		[["--mic", "test"], /--mic test: no such file/],
		[["--speaker", "package.json/x.wav"], /--speaker .*package\.json/],
		[["--speaker", "test"], /--speaker .*test: cannot be written/],
		[["--speaker", "/proc/nobody/x.wav"], /--speaker .*x\.wav: cannot be written/],
		[["--report", "test"], /--report .*test: cannot be written/],
		[["--seconds", "0"], /--seconds 0/],
		[["--seconds", "86401"], /at most 86400/],
		[["--board", "toaster"], /toaster/],
		[["--url", "ws://127.0.0.1:1"], /--token/],
		[["--url", "ftp://u:secret@h/?access_token=secret", "--token", "secret"], /ftp:\/\/h: /],
		[["--url", "secret", "--token", "secret"], /--url: must be/],
	])) {
		it(`refuses ${args.join(" ")} in one line`, { timeout: 20_000 }, async () => {
			const run = start(args);
			assert.equal(await run.ended, 1);
			assert.match(run.output(), expected);
			assert.equal(run.output().trim().split("\n").length, 1);
			assert.doesNotMatch(run.output(), /secret/);
		});
	}
});
