/**
 * Test files side by side. Each runs in a process and a session of its own, and prints when it has
 * ended. What it needs of the machine is said by its folder, or by `@lane NAME` in its first comment.
 */

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { Background } from "./background.mjs";
import { capture, which } from "./command.mjs";
import { Failure } from "./failure.mjs";
import { logs, root } from "./paths.mjs";

const fileTimeout = 10 * 60_000;
const reporter = join(root, "tools", "lib", "reporter.mjs");

/**
 * `width` files of each lane run at the same time, all from the start but `together`.
 *
 * units     keeps cores busy, is over soon
 * alone     measures sound, pacing or a network in real time: goes before all else at the processors,
 *           where the system lets us, else after `units`
 * together  real processes in real time, of which none has to be punctual to some 100 ms: when `units`
 *           are over; one more at a time when `alone` is
 * idle      computes for long, and waits for nobody: takes only what the others leave of the machine,
 *           and what has not begun when they have ended, all of it
 *
 * What fails is run once more when all else is over, and that counts.
 */
const width = {
	units: 3,
	alone: 1,
	together: 2,
	idle: 2,
};

/** @typedef {keyof typeof width} Lane @typedef {import("./reporter.mjs").Counts} Counts */

const folder = join(logs, "tests");

/** @param {string} file @param {"log" | "json" | "seconds"} extension */
const record = (file, extension) =>
	join(folder, `${file.replaceAll("/", "-").replace(/\.test\.mjs$/, "")}.${extension}`);

/** How long it took the last time; endless when that is not known. @param {string} file */
function lastSeconds(file) {
	const path = record(file, "seconds");
	return existsSync(path) ? Number(readFileSync(path, "utf8")) : Number.MAX_VALUE;
}

/**
 * What its folder says, if the file itself says nothing. @returns {Lane}
 * @param {string} file from the repository's top
 */
function laneOf(file) {
	const [, name] = /@lane (\w+)/.exec(readFileSync(join(root, file), "utf8").slice(0, 1_000)) ?? [];
	if (!name) {
		if (file.startsWith("test/unit/")) return "units";
		return file.startsWith("test/network/") ? "alone" : "together";
	}
	if (Object.hasOwn(width, name)) return /** @type {Lane} */ (name);
	throw new Failure(`${file}: no lane ${name}; there are: ${Object.keys(width).join(", ")}`);
}

/**
 * The command that gives another the machine's idle time only. The kernel shares by sessions before it
 * looks at processes (sched_autogroup), so the session steps back, too.
 */
function idle() {
	const lower = which("chrt") ? "chrt -i 0" : "nice -n 19";
	const script = `echo 19 2>/dev/null >/proc/self/autogroup; exec ${lower} "$@"`;
	return ["sh", "-c", script, "sh"];
}

/**
 * The command that puts another before all that is not punctual: what others compute must not hold up
 * a device's audio thread, nor the peer's that measures it. Root may; empty for others. The kernel
 * keeps a twentieth of each second for the rest, should a test spin. What is `more` urgent goes before
 * these, too: among themselves they take turns of a tenth of a second.
 */
export function ahead(more = false) {
	const first = ["chrt", "-r", more ? "2" : "1"];
	return which("chrt") && capture(first[0], [...first.slice(1), "true"]) !== undefined ? first : [];
}

/** @type {Partial<Record<Lane, () => string[]>>} */
const priorities = { alone: ahead, idle };

/**
 * @param {string} file @param {Lane} lane
 * @param {readonly string[]} [priority] a command in front of the test's
 * @returns {Promise<Counts>}
 */
async function runFile(file, lane, priority = priorities[lane]?.() ?? []) {
	const [log, result] = [record(file, "log"), record(file, "json")];
	mkdirSync(folder, { recursive: true });
	rmSync(result, { force: true });
	const begin = performance.now();
	const command = [process.execPath, `--test-reporter=${reporter}`, join(root, file)];
	const child = new Background(file, [...priority, ...command], {
		log,
		env: { LIVEKIT_XS_TEST_COUNTS: result },
	});
	/** @type {string | undefined} */
	let wrong;
	try {
		const status = await child.endWithin(fileTimeout);
		if (status !== 0) wrong = `exit status ${status}`;
	} catch (error) {
		wrong = error.message;
	}
	const seconds = ((performance.now() - begin) / 1000).toFixed(1);
	writeFileSync(record(file, "seconds"), seconds);
	process.stdout.write(`\n${file} (${lane}, ${seconds} s)\n${readFileSync(log, "utf8")}`);
	/** @type {Counts} */
	const counts = existsSync(result)
		? JSON.parse(readFileSync(result, "utf8"))
		: { passed: 0, failed: 0, skipped: 0, failures: [] };
	if (wrong && counts.failed === 0) {
		counts.failed = 1;
		counts.failures.push(`${wrong}; log: ${relative(root, log)}`);
	}
	counts.failures = counts.failures.map((failure) => `${file}: ${failure}`);
	return counts;
}

/**
 * @param {string[]} files from the repository's top
 * @returns {Promise<Counts>}
 */
export async function runInLanes(files) {
	/** @type {Counts} */
	const total = { passed: 0, failed: 0, skipped: 0, failures: [] };
	/** @type {Map<Lane, string[]>} */
	const queues = new Map();
	// What took longest the last time begins first, so that nothing is left for the end alone.
	for (const file of [...files].sort((one, other) => lastSeconds(other) - lastSeconds(one))) {
		const lane = laneOf(file);
		queues.set(lane, [...(queues.get(lane) ?? []), file]);
	}

	/** @param {Counts} counts */
	function add(counts) {
		for (const name of /** @type {const} */ (["passed", "failed", "skipped"])) {
			total[name] += counts[name];
		}
		total.failures.push(...counts.failures);
	}

	let punctual = 0; // files of the other lanes that are running
	/** @type {string[]} */
	const again = [];
	/** @param {Lane} lane */
	async function work(lane) {
		const queue = queues.get(lane) ?? [];
		for (let file = queue.shift(); file; file = queue.shift()) {
			const first = lane !== "idle";
			if (first) punctual++;
			// When nobody is left who could be disturbed, what computes may have all of the machine.
			const counts = await runFile(file, lane, !first && punctual === 0 ? [] : undefined);
			if (first) punctual--;
			if (counts.failed > 0) again.push(file);
			else add(counts);
		}
	}

	const run = (/** @type {Lane} */ lane) =>
		Promise.all(Array.from({ length: width[lane] }, () => work(lane)));
	const units = run("units");
	const quiet = ahead().length > 0 ? undefined : units; // what nothing puts before them waits for them
	await Promise.all([
		units.then(() => run("together")),
		Promise.resolve(quiet)
			.then(() => run("alone"))
			.then(() => work("together")),
		run("idle"),
	]);
	// A machine that is busy with something else disturbs sound and deadlines, and starves what takes
	// what is left. A fault fails without, too.
	for (const file of again) {
		console.log(`\n${file} failed beside others: once more, with nothing beside it`);
		const computes = ["units", "idle"].includes(laneOf(file));
		add(await runFile(file, "alone", computes ? [] : undefined));
	}
	return total;
}
