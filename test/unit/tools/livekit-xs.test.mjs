/** `npx livekit-xs` in a clone; test/package.test.mjs has it installed. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { before, describe, it } from "node:test";
import { build as buildFolder, logs, root } from "../../../tools/lib/paths.mjs";

const folder = join(buildFolder, "tests", "livekit-xs");

/** No SDK of this machine's; a test gives its own. @type {NodeJS.ProcessEnv} */
const sdk = {};

/** @param {string[]} args */
function livekitXs(...args) {
	const command = [join(root, "tools", "livekit-xs.mjs"), ...args];
	const env = { ...process.env, LIVEKIT_TOKEN: "", MODDABLE: "", IDF_PATH: "", ...sdk };
	return spawnSync(process.execPath, command, { cwd: folder, encoding: "utf8", env });
}

/** @param {ReturnType<typeof livekitXs>} ended @param {RegExp} expected what its one line says */
function assertRefused({ status, stdout, stderr }, expected) {
	assert.equal(status, 1);
	assert.equal(stdout, "");
	assert.match(stderr.trimEnd(), expected);
	assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
	assert.doesNotMatch(stderr, /secret/);
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
		[["build"], /which --board/],
		[["build", "--board", "lin"], /^error: manifest\.json does not exist/],
		[["build", "app", "--board", "toaster"], /no board "toaster"/],
		[["build", "app", "--board", "lin", "token=secret"], /no Moddable SDK: get version 8\.2/],
		[["flash", "app", "--board", "esp32/m5stack_cores3"], /no Moddable SDK/],
		[["flash", "app", "--board", "lin"], /lin is no board to flash/],
		[["run", "app", "--profile", "huge"], /no memory profile "huge": there are psram and internal/],
	])) {
		it(`refuses "${args.join(" ")}" in one line`, () => {
			assertRefused(livekitXs(...args), expected);
		});
	}
});

/** A stand-in for the SDK's tools, to see what they are asked for: the real ones are run by hand. */
describe("livekit-xs build, with an SDK", () => {
	const [moddable, idf] = [join(folder, "sdk"), join(folder, "idf")];
	const tools = join(
		moddable,
		"build/bin",
		process.platform === "darwin" ? "mac" : "lin",
		"release",
	);
	const log = join(folder, "asked");
	const build = (/** @type {string[]} */ ...more) => livekitXs("build", "app", ...more);

	/** @param {string} path @param {string} [text] of a program */
	function put(path, text) {
		mkdirSync(dirname(path), { recursive: true });
		writeFileSync(path, text ? `#!/bin/sh\n${text}\n` : "", { mode: 0o700 });
	}

	it("says what is missing, one thing after the other", () => {
		sdk.MODDABLE = moddable;
		put(join(moddable, "xs/sources/xsAll.h"));
		assertRefused(build("--board", "lin"), /tools are not built; run: make -C .*sdk\/build/);
		put(join(tools, "mcconfig"), "exit 0");
		assertRefused(build("--board", "esp32/kettle"), /has no board "kettle"/);
		put(join(moddable, "build/devices/esp32/targets/kettle/manifest.json"));
		assertRefused(build("--board", "esp32/kettle"), /no ESP-IDF: install version 6\.0/);
		sdk.IDF_PATH = idf;
		put(join(idf, "tools/idf.py"));
		assertRefused(build("--board", "esp32/kettle"), /not on PATH; run: \. .*idf\/export\.sh/);
	});

	it("fails when nothing was built, whatever the tools say", () => {
		const { status, stderr } = build("--board", "lin");
		assert.equal(status, 1);
		assert.match(stderr, /^error: mcconfig made no mc\.so; log: /m);
	});

	it("has the tools build in the app's folder, and keeps config out of the log", () => {
		put(
			join(tools, "mcconfig"),
			`{ pwd; tsc --version; echo "$@"; } >${log}
while [ "$1" != -o ]; do shift; done
mkdir -p "$2/bin/lin/mc/release/app" && touch "$2/bin/lin/mc/release/app/mc.so"`,
		);
		const { status, stdout, stderr } = build("--board", "lin", "token=secret");
		assert.equal(status, 0, stderr);
		assert.match(stdout, /moddable\/lin\/bin\/lin\/mc\/release\/app\/mc\.so\n$/);
		const [place, compiler, asked] = readFileSync(log, "utf8").split("\n");
		assert.equal(place, join(folder, "app"));
		assert.match(compiler, /6\.0/);
		assert.match(asked, /^-m -p lin -t build -o \S+ token=secret$/);
		assert.doesNotMatch(readFileSync(join(logs, "mcconfig-build.log"), "utf8"), /secret/);
	});
});
