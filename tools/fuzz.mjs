/**
 * npm run fuzz: builds the libFuzzer targets of test/fuzz and runs them one after the other.
 *   npm run fuzz -- [--seconds N] [TARGET…]
 */

import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseCommand } from "./lib/arguments.mjs";
import { fuzzingCompiler } from "./lib/clang.mjs";
import { run } from "./lib/command.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { build, logs, root } from "./lib/paths.mjs";
import { runStep } from "./lib/steps.mjs";
import { cmake } from "./setup/build.mjs";
import { installPackages } from "./setup/debian.mjs";

const tree = join(build, "fuzz");
const defaultSeconds = 60;
/** Longest that one input may take, and the most memory, before it is a finding too. */
const inputSeconds = 10;
const memoryMegabytes = 1024;
const spareSeconds = 120;

/** The targets' names, each fuzz_NAME.c. */
export const targets = readdirSync(join(root, "test", "fuzz"))
	.map((name) => /^fuzz_(\w+)\.c$/.exec(name)?.[1])
	.filter((name) => name !== undefined);

/** TypeScript in XS: the app in test/fuzz of each target. */
const xsApps = new Map([
	["messages", "messages"],
	["sdp", "signalling"],
	["candidate", "signalling"],
	["websocket", "signalling"],
	["http", "signalling"],
]);
export const xsTargets = [...xsApps.keys()];

/**
 * Runs one in the simulator with sanitizers; the same seed makes the same inputs.
 * @param {string} name @param {number} seconds @param {number} [seed]
 * @returns {Promise<string>} what it did, in one line
 */
export async function fuzzXs(name, seconds, seed = 1) {
	const { startSimulator } = await import("./lib/simulator.mjs");
	const { startServer } = await import("../test/fuzz/signalling/server.mjs");
	const server = await startServer(seed);
	mkdirSync(logs, { recursive: true });
	const log = join(logs, `fuzz-${name}.log`);
	const simulator = startSimulator(`test/fuzz/${xsApps.get(name)}`, {
		config: { target: name, seconds, seed, port: server.port },
		log,
		sanitize: true,
	});
	const status = await simulator.endWithin((seconds + spareSeconds) * 1000);
	server.close();
	const lines = readFileSync(log, "utf8").trimEnd().split("\n");
	const said = lines.filter((line) => !/^livekit |^ at /.test(line)).slice(-8);
	if (status !== 0) {
		throw new Failure(`${name}: failed with seed ${seed}; ${relative(root, log)}`, said.join("\n"));
	}
	return said.at(-1) ?? "";
}

/** Builds the targets and their seeds in build/fuzz. */
export const buildTargets = () =>
	runStep({
		name: "fuzz",
		title: "building the fuzz targets",
		inputs: ["test/fuzz", "modules/webrtc-native"],
		outputs: ["planted", ...targets.map((name) => `fuzz_${name}`)].map((name) => join(tree, name)),
		async run() {
			const compiler = fuzzingCompiler();
			if (!compiler) {
				throw new Failure("no clang that links -fsanitize=fuzzer; run: npm run doctor");
			}
			await cmake("fuzz", "test/fuzz", tree, [`-DCMAKE_C_COMPILER=${compiler}`]);
		},
	});

/** @param {string} log @param {RegExp} pattern @returns {string[]} the groups of its last match */
function lastMatch(log, pattern) {
	return [...log.matchAll(new RegExp(pattern, "g"))].at(-1)?.slice(1) ?? [];
}

/**
 * Runs one target on its seeds and on what earlier runs found interesting; on what made it fail, too,
 * so that a finding is told again until it is mended.
 * @param {string} program the target's, in build/fuzz
 * @param {number} seconds
 * @returns {Promise<string>} what it did, in one line; a crash is a Failure with the input's path
 */
export async function fuzz(program, seconds) {
	const name = program.replace("fuzz_", "");
	const [corpus, findings, seeds] = ["corpus", "findings", "seeds"].map((folder) => {
		const path = join(tree, folder, name);
		mkdirSync(path, { recursive: true });
		return path;
	});
	const committed = [join(root, "test", "fuzz", "seeds", name)].filter(existsSync);
	const log = `fuzz-${name}`;
	const limits = [
		`-max_total_time=${seconds}`,
		`-timeout=${inputSeconds}`,
		`-rss_limit_mb=${memoryMegabytes}`,
	];
	try {
		await run(
			join(tree, program),
			[
				...limits,
				`-artifact_prefix=${findings}/`,
				"-print_final_stats=1",
				corpus,
				seeds,
				findings,
				...committed,
			],
			{
				log,
				what: program,
				// The default keeps so much freed memory that most of the time goes into fetching it.
				env: { ASAN_OPTIONS: "quarantine_size_mb=16", UBSAN_OPTIONS: "print_stacktrace=1" },
				timeout: (seconds + spareSeconds) * 1000,
			},
		);
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		const output = readFileSync(join(logs, `${log}.log`), "utf8");
		const [input] = lastMatch(output, /Test unit written to (\S+)/);
		if (!input) throw error;
		const [, what = "failed"] = /(?:not so: |runtime error: |SUMMARY: )(.+)/.exec(output) ?? [];
		const path = relative(root, input);
		const replay = `replay: ${relative(root, join(tree, program))} ${path}`;
		throw new Failure(`${program}: ${what}; input: ${path}; ${replay}`, error.detail);
	}
	const output = readFileSync(join(logs, `${log}.log`), "utf8");
	const [runs = "0"] = lastMatch(output, /stat::number_of_executed_units: +(\d+)/);
	const [rate = "0"] = lastMatch(output, /stat::average_exec_per_sec: +(\d+)/);
	const [coverage = "0", features = "0", inputs = "0"] = lastMatch(
		output,
		/cov: (\d+) ft: (\d+) corp: (\d+)/,
	);
	return `${runs} runs, ${rate}/s, cov ${coverage}, ft ${features}, corpus ${inputs}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await runMain(async () => {
		const { values, positionals } = parseCommand("npm run fuzz -- [--seconds N] [TARGET…]", {
			options: { seconds: { type: "string", default: String(defaultSeconds) } },
			allowPositionals: true,
		});
		const seconds = Number(values.seconds);
		if (!Number.isInteger(seconds) || seconds < 1) {
			throw new Failure(`--seconds takes a whole number, not ${values.seconds}`);
		}
		const all = [...targets, ...xsTargets];
		const unknown = positionals.find((name) => !all.includes(name));
		if (unknown) throw new Failure(`no target ${unknown}; there are: ${all.join(", ")}`);
		const names = positionals.length > 0 ? positionals : all;
		await installPackages("tests");
		if (names.some((name) => targets.includes(name))) {
			await buildTargets();
		}
		if (names.some((name) => xsTargets.includes(name))) {
			const { setUp } = await import("./setup/index.mjs");
			await setUp({ tests: true, server: false });
		}
		let failed = 0;
		for (const name of names) {
			try {
				const what = xsTargets.includes(name)
					? await fuzzXs(name, seconds, Date.now() >>> 0)
					: await fuzz(`fuzz_${name}`, seconds);
				console.log(`${name.padEnd(10)} ${what}`);
			} catch (error) {
				if (!(error instanceof Failure)) throw error;
				console.error(`${error.detail}\n${error.message}`);
				failed++;
			}
		}
		if (failed > 0) throw new Failure(`${failed} targets found something`);
	});
}
