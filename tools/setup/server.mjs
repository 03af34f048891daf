/** livekit-server: the one on PATH, or the pinned version built as a Go module. */

import { join } from "node:path";
import { capture, run, which } from "../lib/command.mjs";
import { Failure } from "../lib/failure.mjs";
import { build, root } from "../lib/paths.mjs";
import { runStep } from "../lib/steps.mjs";

const built = join(build, "livekit-server", "livekit-server");

/** The program to run, once installServer() has passed. */
export const serverProgram = () => which("livekit-server") ?? built;

/** @type {import("../lib/steps.mjs").Step} */
const buildServer = {
	name: "livekit-server",
	title: "livekit-server 1.13.4, built with Go (the first time takes minutes)",
	inputs: ["tools/server/go.mod", "tools/server/go.sum"],
	outputs: [built],
	async run() {
		requireGo();
		const module = "github.com/livekit/livekit-server/cmd/server";
		const flags = ["-p", "2", "-mod=readonly", "-buildvcs=false"];
		await run("go", ["build", ...flags, "-o", built, module], {
			log: "livekit-server",
			what: "building livekit-server",
			cwd: join(root, "tools", "server"),
		});
	},
};

function requireGo() {
	const how = "install Go 1.26 or newer, or put livekit-server on PATH";
	const text = capture("go", ["version"]);
	if (text === undefined) throw new Failure(`no Go compiler found: ${how}`);
	const version = /go(\d+)\.(\d+)/.exec(text);
	// From 1.21 on, Go fetches the newer toolchain that go.mod asks for by itself.
	if (version && Number(version[1]) === 1 && Number(version[2]) < 21) {
		throw new Failure(`${version[0]} cannot build livekit-server 1.13.4: ${how}`);
	}
}

export async function installServer() {
	const found = which("livekit-server");
	if (!found) return runStep(buildServer);
	const version = capture(found, ["--version"])?.trim();
	if (!version) throw new Failure(`${found} does not run: take it off PATH, or repair it`);
	console.log(`  ${version}, from PATH`);
}
