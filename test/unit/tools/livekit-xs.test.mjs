/** `npx livekit-xs run` in a clone; test/package.test.mjs has it installed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { build, root } from "../../../tools/lib/paths.mjs";

const folder = join(build, "tests", "livekit-xs");

/** @param {string[]} args */
function livekitXs(...args) {
	const command = [join(root, "tools", "livekit-xs.mjs"), ...args];
	const env = { ...process.env, LIVEKIT_TOKEN: "" };
	return spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8", env });
}

before(() => {
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(join(folder, "app"), { recursive: true });
	const manifest = {
		include: [join(root, "boards/desktop/manifest.json")],
		modules: { "*": "./main" },
	};
	writeFileSync(join(folder, "app", "manifest.json"), JSON.stringify(manifest));
	writeFileSync(
		join(folder, "app", "main.ts"),
		`import config from "mc/config";
import { exit } from "simulator";
const { colour, url, token, mic, seconds } = config;
trace(JSON.stringify({ colour, url, token, mic, seconds }), "\\n");
exit(3);`,
	);
});

describe("livekit-xs", () => {
	it("runs an app with the config of its line; the exit status is the app's", () => {
		const mic = join(root, "test/fixtures/speech-16k.wav");
		const call = ["--url", "ws://127.0.0.1:1", "--token", "secret", "--seconds", "2"];
		const { status, stdout, stderr } = livekitXs("run", "app", ...call, "colour=red=green");
		assert.equal(stderr, "");
		assert.deepEqual(JSON.parse(stdout), {
			colour: "red=green",
			url: "ws://127.0.0.1:1",
			token: "secret",
			mic,
			seconds: 2,
		});
		assert.equal(status, 3);
	});

	it("keeps the app's settings in a folder when it is given one", () => {
		assert.equal(livekitXs("run", "app", "--state", "kept").status, 3);
		assert.ok(existsSync(join(folder, "kept")));
	});

	for (const [args, expected] of /** @type {[string[], RegExp][]} */ ([
		[[], /needs a command: run, /],
		[["secret"], /needs a command: run, /],
		[["run"], /^error: manifest\.json does not exist: give the app's folder$/],
		[["run", "nowhere"], /nowhere\/manifest\.json does not exist/],
		[["run", "app", "secret"], /more than one folder/],
		[["run", "app", "--wat"], /--wat.*--help/],
		[["run", "app", "--url", "ws://127.0.0.1:1"], /--token/],
		[["run", "app", "--mic", "no-such-file.wav"], /no-such-file\.wav/],
		[["run", "app", "--profile", "huge"], /--profile huge: must be psram or internal/],
	])) {
		it(`refuses "${args.join(" ")}" in one line`, () => {
			const { status, stdout, stderr } = livekitXs(...args);
			assert.equal(status, 1);
			assert.equal(stdout, "");
			assert.match(stderr.trimEnd(), expected);
			assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
			assert.doesNotMatch(stderr, /secret/);
		});
	}
});
