/** livekit-xs build, flash: an app through the Moddable SDK's mcconfig, for a board or for Moddable's simulator. */

import { existsSync, mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { parseCommand } from "./lib/arguments.mjs";
import { run, tail, which } from "./lib/command.mjs";
import { Failure } from "./lib/failure.mjs";
import { build as buildFolder, displayPath, logs } from "./lib/paths.mjs";
import { progress } from "./lib/steps.mjs";
import { generateSources } from "./setup/index.mjs";

const help = `npx livekit-xs build|flash [FOLDER] --board NAME [key=value …]: an app through the Moddable SDK

FOLDER has the app's manifest.json (default: this folder). flash builds, too, and writes to the board.

  --board NAME   a platform of the Moddable SDK: esp32/m5stack_cores3, …; lin is its simulator on Linux
  key=value      goes into "mc/config": url, token, for Wi-Fi ssid and password. It is compiled in, and
                 arguments are for all users of the machine to see
  --help         this text

Needed: MODDABLE, a Moddable SDK 8.2 with its tools built; for boards ESP-IDF 6.0, its export.sh sourced.`;

const buildTimeout = 60 * 60_000; // milliseconds: mcconfig runs tsc once a file, and IDF compiles for minutes

/**
 * @typedef {object} Request
 * @property {string} folder the app's @property {string} board @property {string[]} config key=value
 */

/** @param {string[]} args @returns {Request | undefined} nothing when help was asked for */
function readLine(args) {
	const usage = "npx livekit-xs build --help says how";
	const { values, positionals } = parseCommand(usage, {
		args,
		options: { board: { type: "string" }, help: { type: "boolean" } },
		allowPositionals: true,
	});
	if (values.help) return undefined;
	const config = positionals.filter((word) => /^[\w.-]+=/.test(word));
	const [folder = ".", ...rest] = positionals.filter((word) => !config.includes(word));
	if (rest.length > 0) throw new Failure(`more than one folder; ${usage}`);
	if (!values.board)
		throw new Failure(`which --board? For instance esp32/m5stack_cores3; ${usage}`);
	if (!existsSync(join(folder, "manifest.json"))) {
		throw new Failure(`${join(folder, "manifest.json")} does not exist: give the app's folder`);
	}
	return { folder: resolve(folder), board: values.board, config };
}

/**
 * What must be there to build for `board`.
 * @param {string} board
 * @returns {string} the folder of the SDK's tools
 */
function requireTools(board) {
	const [family, target] = board.split("/");
	if (board !== "lin" && !(family === "esp32" && target)) {
		throw new Failure(`no board "${board}": there are lin, and those of the SDK, esp32/NAME`);
	}
	const sdk = process.env.MODDABLE;
	if (!sdk || !existsSync(join(sdk, "xs", "sources", "xsAll.h"))) {
		throw new Failure(
			"no Moddable SDK: get version 8.2 (moddable.com), and set MODDABLE to its folder",
		);
	}
	const system = process.platform === "darwin" ? "mac" : "lin";
	const tools = join(sdk, "build", "bin", system, "release");
	if (!existsSync(join(tools, "mcconfig"))) {
		throw new Failure(
			`the SDK's tools are not built; run: make -C ${sdk}/build/makefiles/${system}`,
		);
	}
	if (family !== "esp32") return tools;
	if (!existsSync(join(sdk, "build", "devices", "esp32", "targets", target))) {
		throw new Failure(`the Moddable SDK has no board "${target}" in build/devices/esp32/targets`);
	}
	const idf = process.env.IDF_PATH;
	if (!idf || !existsSync(join(idf, "tools", "idf.py"))) {
		throw new Failure(
			"no ESP-IDF: install version 6.0 (docs.espressif.com), and set IDF_PATH to its folder",
		);
	}
	if (!which("idf.py"))
		throw new Failure(`ESP-IDF's tools are not on PATH; run: . ${idf}/export.sh`);
	return tools;
}

/** @param {Request} request @param {string} tools @param {string} target of mcconfig */
async function mcconfig({ folder, board, config }, tools, target) {
	const out = join(buildFolder, "moddable", board);
	mkdirSync(out, { recursive: true });
	// The package's own compiler: older ones do not know the SDK's settings.
	const tsc = join(
		dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
		"bin",
	);
	await run("mcconfig", ["-m", "-p", board, "-t", target, "-o", out], {
		log: `mcconfig-${target}`,
		what: `mcconfig for ${board}`,
		secrets: config,
		cwd: folder,
		env: { PATH: [tools, tsc, process.env.PATH].join(delimiter) },
		timeout: buildTimeout,
	});
}

/** @param {Request} request @returns {Promise<string>} the folder of the SDK's tools */
async function make(request) {
	const { folder, board } = request;
	const tools = requireTools(board);
	await generateSources();
	const product = join(
		...[buildFolder, "moddable", board, "bin", board === "lin" ? "lin/mc" : board, "release"],
		...[basename(folder), board === "lin" ? "mc.so" : "xs_esp32.bin"],
	);
	// Its own exit status says nothing about IDF's half of the build: what must be there in the end does.
	rmSync(product, { force: true });
	await progress(`${basename(folder)} for ${board} (the first time takes minutes)`, async () => {
		await mcconfig(request, tools, "build");
		if (!existsSync(product)) {
			const log = join(logs, "mcconfig-build.log");
			throw new Failure(
				`mcconfig made no ${basename(product)}; log: ${displayPath(log)}`,
				tail(log),
			);
		}
	});
	console.log(displayPath(product));
	return tools;
}

/** @param {string[]} args */
export async function build(args) {
	const request = readLine(args);
	if (request) await make(request);
	else console.log(help);
}

/** @param {string[]} args */
export async function flash(args) {
	const request = readLine(args);
	if (!request) {
		console.log(help);
		return;
	}
	if (request.board === "lin") {
		throw new Failure(
			"lin is no board to flash: livekit-xs build makes what Moddable's mcsim runs",
		);
	}
	const tools = await make(request);
	await progress(`flashing ${request.board}`, () => mcconfig(request, tools, "deploy"));
}
