/** npm run bench: lists the benchmarks; npm run bench -- NAME [--json] runs one. */

import { parseCommand } from "./lib/arguments.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { setUp } from "./setup/index.mjs";

/** @type {Record<string, { what: string, load: () => Promise<() => Promise<import("../bench/figures.mjs").Figure[]>> }>} */
const benchmarks = {
	join: {
		what: "connect() to first sound on the wire, at 0, 50 and 100 ms of round trip",
		load: async () => (await import("../bench/join.mjs")).join,
	},
	memory: {
		what: "what a call needs of a device's memory: the engine's heap, native code, stacks",
		load: async () => (await import("../bench/memory.mjs")).memory,
	},
	footprint: {
		what: "flash by module and library, stack by task, heap by subsystem of a device",
		load: async () => (await import("../bench/footprint.mjs")).footprint,
	},
	room: {
		what: "what a participant costs, and a call of a remote method, there and back",
		load: async () => (await import("../bench/room.mjs")).room,
	},
	recovery: {
		what: "from the end of a fault in the network until sound passes both ways again",
		load: async () => (await import("../bench/recovery.mjs")).recovery,
	},
	instructions: {
		what: "what a call and its beginning cost a device, counted on 32-bit RISC-V",
		load: async () => (await import("../bench/instructions.mjs")).instructions,
	},
};

const list = () =>
	Object.entries(benchmarks)
		.map(([name, { what }]) => `${name.padEnd(14)}${what}`)
		.join("\n");

/** @param {string[]} args */
function readArguments(args) {
	const options = /** @type {const} */ ({ json: { type: "boolean", default: false } });
	const { values, positionals } = parseCommand("npm run bench -- NAME [--json]", {
		args,
		options,
		allowPositionals: true,
	});
	return { json: values.json, names: positionals };
}

/** @param {import("../bench/figures.mjs").Figure} figure */
function toText({ name, value, unit, low, high, peer, peerValue, peerLow, peerHigh, ratio }) {
	const range = (/** @type {number | undefined} */ from, /** @type {number | undefined} */ to) =>
		from === undefined ? "" : ` (${from}–${to})`;
	const ours = `${value} ${unit}${range(low, high)}`;
	const theirs = peer ? `${peer} ${peerValue}${range(peerLow, peerHigh)}, ratio ${ratio}` : "";
	return `${name.padEnd(38)} ${ours.padEnd(28)} ${theirs}`.trimEnd();
}

await runMain(async () => {
	const { json, names } = readArguments(process.argv.slice(2));
	if (names.length === 0) {
		console.log(list());
		return;
	}
	const [name, extra] = names;
	if (extra !== undefined) throw new Failure("one benchmark at a time");
	if (!Object.hasOwn(benchmarks, name)) {
		throw new Failure(`no benchmark "${name}"; there is: ${Object.keys(benchmarks).join(", ")}`);
	}
	// Standard output is for the figures: whoever reads them must not have to sort.
	const write = process.stdout.write;
	process.stdout.write = process.stderr.write.bind(process.stderr);
	let figures;
	try {
		await setUp();
		figures = await (await benchmarks[name].load())();
	} finally {
		process.stdout.write = write;
	}
	for (const one of figures) console.log(json ? JSON.stringify(one) : toText(one));
});
