/**
 * The packed tarball in a project of somebody else: outside the repository, with nothing of it but what
 * was packed. @lane together
 */

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { build, root } from "../tools/lib/paths.mjs";
import { readWav } from "../tools/lib/wav.mjs";
import { startServer } from "../tools/server/server.mjs";
import { joinToken } from "../tools/server/token.mjs";
import { level } from "./e2e/lib/analysis.mjs";
import { disposePeers, Peer, peerRate } from "./e2e/lib/peer.mjs";
import { until } from "./e2e/lib/until.mjs";

const project = mkdtempSync(join(tmpdir(), "livekit-xs-project-"));
const inside = (/** @type {string} */ path) => join(project, path);

/** @type {import("../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-package.log" });
});
after(async () => {
	await server?.stop();
	await disposePeers();
	rmSync(project, { recursive: true, force: true });
});

/**
 * Runs a command in the project.
 * @param {string[]} command @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<{ status: number, output: string }>}
 */
function run([program, ...args], { cwd = project, env } = {}) {
	return new Promise((resolve) => {
		const options = { cwd, env: { ...process.env, ...env }, timeout: 120_000 };
		execFile(program, args, options, (error, stdout, stderr) => {
			resolve({ status: error ? Number(error.code) || 1 : 0, output: stdout + stderr });
		});
	});
}

/** The same, for what must not fail. @param {Parameters<typeof run>} command */
async function pass(...command) {
	const { status, output } = await run(...command);
	assert.equal(status, 0, output);
	return output;
}

/**
 * The simulator as the repository has built it, and what it was built from. It counts only when the
 * package has the same sources to the last byte; anything else would be built here.
 */
function lendSimulator() {
	const cache = inside("node_modules/.cache/livekit-xs");
	for (const folder of ["desktop", "stamps"]) mkdirSync(join(cache, folder), { recursive: true });
	for (const file of ["desktop/xs-host", "stamps/desktop", "stamps/xs-sources"]) {
		copyFileSync(join(build, file), join(cache, file));
	}
	symlinkSync(join(build, "xsnap"), join(cache, "xsnap"));
}

/** The README's blocks that begin with this line. @param {string} first */
function fromReadme(first) {
	const readme = readFileSync(join(root, "README.md"), "utf8");
	const begin = readme.indexOf(first);
	assert.ok(begin > 0, `README.md has no ${first}`);
	return readme.slice(begin, readme.indexOf("```", begin));
}

describe("the packed tarball", () => {
	it("installs, with what is made from other packages in it", async () => {
		const flags = ["--ignore-scripts=false", "--pack-destination", project];
		await pass(["npm", "pack", ...flags], { cwd: root });
		const [tarball] = readdirSync(project).filter((name) => name.endsWith(".tgz"));
		writeFileSync(inside("package.json"), JSON.stringify({ private: true }));
		const quiet = ["--prefer-offline", "--no-audit", "--no-fund"];
		await pass(["npm", "install", ...quiet, inside(tarball)]);
		const packed = inside("node_modules/livekit-xs");
		for (const file of ["src/protocol/generated/tables.ts", "docs/moddable.md", "boards/lin"]) {
			assert.ok(existsSync(join(packed, file)), `${file} is missing`);
		}
		assert.ok(!existsSync(join(packed, "test/e2e")));
	});

	it("has the types of an app", async () => {
		writeFileSync(inside("manifest.json"), fromReadme('{\n\t"include": ["./node_modules'));
		writeFileSync(inside("tsconfig.json"), fromReadme('{ "extends": "livekit-xs/'));
		copyFileSync(join(root, "examples/voice-agent/main.ts"), inside("main.ts"));
		writeFileSync(inside("wrong.ts"), `import { Room } from "livekit";\nnew Room().conect();\n`);
		const { output } = await run(["npx", "tsc", "-p", "."]);
		assert.match(output, /^wrong\.ts\(2,12\): [^\n]*'conect'[^\n]*\n$/);
	});

	it("builds and runs the app, which makes a call", async () => {
		lendSimulator();
		const peer = await Peer.join(server, "package", "peer");
		const say = await peer.publish(peerRate);
		const talked = until(() => peer.others.includes("device"), "the device", 60_000).then(() =>
			say(Int16Array.from({ length: 4 * peerRate }, (_, i) => 8000 * Math.sin(i / 20))),
		);
		const token = await joinToken(server, { room: "package", identity: "device" });
		const call = ["--url", server.url, "--seconds", "4"];
		const output = await pass(["npx", "livekit-xs", "run", ...call], {
			env: { LIVEKIT_TOKEN: token },
		});
		await talked;
		assert.match(output, /^joined package as device$/m);
		assert.doesNotMatch(output, /desktop simulator/, "other sources than the repository's");
		assert.ok(!output.includes(token));
		const { rate, samples } = readWav(inside("out/speaker.wav"));
		assert.ok(level(samples.subarray(-rate)) > -30, "the peer was not heard");
		assert.ok(level(peer.heard("device")) > -40, "the device was not heard");
		await peer.leave();
	});

	it("says what is wrong with an app in one line, by paths from where one is", async () => {
		writeFileSync(inside("main.ts"), "const a = ;\n");
		const { status, output } = await run(["npx", "livekit-xs", "run"]);
		assert.equal(status, 1);
		assert.match(output, /^error: main\.ts:1:11: [^\n]*\n$/);
		assert.match(
			(await run(["npx", "livekit-xs", "run", "nowhere"])).output,
			/^error: nowhere\/manifest\.json does not exist: [^\n]*\n$/,
		);
	});
});
