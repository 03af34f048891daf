/**
 * A network to test in: a device and a server in network namespaces of their own, and between them a
 * program of ours that delays, loses, limits and translates every packet as it is told. See
 * docs/network-laboratory.md.
 */

import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Background } from "../../tools/lib/background.mjs";
import { Failure } from "../../tools/lib/failure.mjs";
import { build } from "../../tools/lib/paths.mjs";
import { runStep } from "../../tools/lib/steps.mjs";
import { cmake } from "../../tools/setup/build.mjs";

const folder = join(build, "network");
const exitUnable = 3; // the forwarder's: the kernel does not let us
const answerTimeout = 5_000;

const addresses = Object.freeze({
	device: "10.77.0.2",
	server: "203.0.113.2",
	nat: "198.51.100.7", // what the device's packets come from when there is a NAT
});

/** The kernel refuses what the laboratory is made of. */
export class LabUnavailable extends Failure {}

/**
 * What befalls packets in one direction; what is left out does not happen.
 * @typedef {object} Impairments
 * @property {number} [delay] ms
 * @property {{ uniform: number } | { normal: number }} [jitter] ms: delay ± this, or its standard
 *   deviation; each packet draws its own, so that packets overtake each other when it is larger than
 *   their distance
 * @property {number} [loss] probability
 * @property {{ enter: number, leave: number, loss?: number }} [bursts] Gilbert-Elliott: a packet's
 *   probability to turn the link bad, and good again, and of loss (1) while it is bad; `loss` is
 *   that while it is good
 * @property {number} [duplicate] probability
 * @property {{ probability: number, by: number }} [reorder] these are held back `by` ms longer
 * @property {{ kbps: number, bucket?: number, queue?: number }} [rate] 1000 bit/s of IP packets; bytes
 *   that may leave at once after a pause (1500), bytes that may wait (50,000)
 * @property {boolean} [blackHole] nothing passes
 * @property {boolean} [blockUdp]
 * @property {number[]} [blockPorts] of UDP and TCP, either end's; at most four
 * @property {{ bytes: number, icmp?: boolean }} [mtu] larger packets are dropped, and with `icmp` their
 *   sender is told when it set DF; the router never fragments
 */

/** @param {Impairments} impairments */
function toSettings({
	delay = 0,
	jitter = { uniform: 0 },
	loss = 0,
	bursts = { enter: 0, leave: 0 },
	duplicate = 0,
	reorder = { probability: 0, by: 0 },
	rate = { kbps: 0 },
	blackHole = false,
	blockUdp = false,
	blockPorts = [],
	mtu = { bytes: 0 },
	...unknown
}) {
	const [name] = Object.keys(unknown);
	if (name) throw new TypeError(`no impairment is called ${name}`);
	if (blockPorts.length > 4) throw new RangeError("more than four blocked ports");
	const normal = "normal" in jitter;
	return {
		delay_ms: delay,
		jitter_ms: normal ? jitter.normal : jitter.uniform,
		jitter_normal: Number(normal),
		loss,
		burst_enter: bursts.enter,
		burst_leave: bursts.leave,
		burst_loss: bursts.loss ?? 1,
		duplicate,
		reorder: reorder.probability,
		reorder_ms: reorder.by,
		rate_kbps: rate.kbps,
		bucket_bytes: rate.bucket ?? 1500,
		queue_bytes: rate.queue ?? 50_000,
		black_hole: Number(blackHole),
		block_udp: Number(blockUdp),
		...Object.fromEntries([0, 1, 2, 3].map((i) => [`block_ports[${i}]`, blockPorts[i] ?? 0])),
		mtu: mtu.bytes,
		mtu_icmp: Number(mtu.icmp ?? false),
	};
}

/** One end of the path. */
class Host {
	/** What comes before a command to run it here. @type {readonly string[]} */
	within;
	/** What the others reach it by when there is no NAT. @type {string} */
	address;

	/** @param {number} pid the forwarder's @param {number} namespace its descriptor @param {string} address */
	constructor(pid, namespace, address) {
		this.within = [join(folder, "enter"), String(pid), String(namespace)];
		this.address = address;
	}

	/**
	 * Starts a command that ends with us at the latest.
	 * @param {string} name @param {string[]} command
	 * @param {{ log?: string, env?: NodeJS.ProcessEnv }} [options]
	 */
	spawn(name, command, options = {}) {
		return new Background(name, [...this.within, ...command], options);
	}

	/** Runs a short command to its end; gives what it prints. @param {string[]} command */
	async run(...command) {
		const [enter, ...args] = [...this.within, ...command];
		return (await promisify(execFile)(enter, args, { timeout: 10_000 })).stdout;
	}

	/**
	 * What the kernel has counted, by interface.
	 * @returns {Promise<Record<string, Record<"received" | "sent", { bytes: number, packets: number, dropped: number }>>>}
	 */
	async interfaces() {
		const text = await this.run("cat", "/proc/self/net/dev");
		const lines = text.trim().split("\n").slice(2);
		return Object.fromEntries(
			lines.map((line) => {
				const [name, ...words] = line.trim().split(/[:\s]+/);
				const n = words.map(Number);
				return [
					name,
					{
						received: { bytes: n[0], packets: n[1], dropped: n[3] },
						sent: { bytes: n[8], packets: n[9], dropped: n[11] },
					},
				];
			}),
		);
	}
}

/**
 * @typedef {{ packets: number, bytes: number }} Tally
 * @typedef {object} Counters of one direction; carried (over a reset) + received + duplicated =
 *   forwarded + drops + pending
 * @property {Tally} received @property {Tally} forwarded
 * @property {number} carried @property {number} duplicated @property {number} reordered
 * @property {number} pending @property {number} icmp
 * @property {Record<string, number>} drops by reason
 * @property {Record<string, number>} kinds what was received: syn, tcp, stun, dtls, dtlsData, rtp, …
 * @property {Record<string, number>} first when the first of a kind came: ms on process.hrtime's clock
 *
 * @typedef {{ direction: "up" | "down", kind: string, at: number }} First
 */

/** Starts the forwarder; resolves when both namespaces are there. @param {number} seed */
async function startForwarder(seed) {
	const { device, server, nat } = addresses;
	const child = spawn(join(folder, "forwarder"), [String(seed), device, server, nat], {
		stdio: ["pipe", "pipe", "pipe"],
	});
	child.stdin.on("error", () => {}); // it has ended, which its answers' absence will tell
	let errors = "";
	child.stderr.setEncoding("utf8").on("data", (text) => {
		errors += text;
	});
	const ended = once(child, "close");
	const lines = createInterface(child.stdout);
	const [first] = await Promise.race([once(lines, "line"), ended]);
	if (typeof first !== "string") {
		const why = errors.trim() || `the forwarder ended with ${first}`;
		throw first === exitUnable ? new LabUnavailable(why) : new Failure(why);
	}
	return { child, lines, ended, ready: JSON.parse(first), errors: () => errors };
}

class Lab {
	#forwarder;
	#id = 0;
	/** @type {Map<number, (answer: any) => void>} */
	#waiting = new Map();
	/** @type {(event: First) => void} */
	#onFirst = () => {};

	/** @param {Awaited<ReturnType<typeof startForwarder>>} forwarder */
	constructor(forwarder) {
		this.#forwarder = forwarder;
		const { pid, device, server } = forwarder.ready;
		this.device = new Host(pid, device, addresses.device);
		this.server = new Host(pid, server, addresses.server);
		forwarder.lines.on("line", (line) => {
			const answer = JSON.parse(line);
			if (answer.event === "first") this.#onFirst(answer);
			else this.#waiting.get(answer.id)?.(answer);
		});
	}

	/** @param {(string | number)[]} words */
	#ask(...words) {
		const id = ++this.#id;
		return new Promise((resolve, reject) => {
			const timer = setTimeout(
				() => reject(new Error(`the forwarder does not answer; ${this.#forwarder.errors()}`)),
				answerTimeout,
			);
			this.#waiting.set(id, (answer) => {
				clearTimeout(timer);
				this.#waiting.delete(id);
				if (answer.error) reject(new RangeError(`${answer.error} (${words.join(" ")})`));
				else resolve(answer);
			});
			this.#forwarder.child.stdin.write(`${id} ${words.join(" ")}\n`);
		});
	}

	/**
	 * From now on this befalls packets, and nothing of what befell them before. Packets on their way
	 * stay there.
	 * @param {Impairments | { up?: Impairments, down?: Impairments }} impairments both directions
	 *   alike, or each: up is from the device, down from the server
	 */
	async set(impairments = {}) {
		const each = "up" in impairments || "down" in impairments;
		const { up, down } = each
			? { up: {}, down: {}, .../** @type {object} */ (impairments) }
			: { up: impairments, down: impairments };
		await this.#ask("set", "up", ...Object.entries(toSettings(up)).flat());
		await this.#ask("set", "down", ...Object.entries(toSettings(down)).flat());
	}

	/**
	 * Puts a NAT before the device, or takes it away. It has no mappings yet.
	 * @param {"none" | "full-cone" | "port-restricted" | "symmetric"} mode
	 */
	async nat(mode) {
		await this.#ask("nat", mode);
	}

	/**
	 * The NAT forgets its mappings: the next packets come from new ports, and from `address` if given.
	 * @param {{ tcp?: boolean, address?: string }} [options] `tcp`: those of TCP as well, which ends
	 *   the connections
	 */
	async rebind({ tcp = false, address } = {}) {
		await this.#ask("rebind", tcp ? "all" : "udp", ...(address ? [address] : []));
	}

	/** Gives the device another address, as when it changes networks. @param {string} address */
	async moveDevice(address) {
		await this.#ask("address", "device", address);
		this.device.address = address;
	}

	/** @returns {Promise<{ up: Counters, down: Counters, natFlows: number }>} */
	stats() {
		return this.#ask("stats");
	}

	/** Counters to 0, and firsts are to come. */
	async reset() {
		await this.#ask("reset");
	}

	/**
	 * Calls back at once when a kind of packet comes for the first time since the last reset; one
	 * listener at a time.
	 * @param {(event: First) => void} listener
	 */
	onFirst(listener) {
		this.#onFirst = listener;
	}

	/** Ends it. What still runs in the namespaces keeps them, without a network. */
	async close() {
		this.#forwarder.child.stdin.end();
		const [status] = await this.#forwarder.ended;
		if (status !== 0) throw new Failure(`the forwarder ended badly: ${this.#forwarder.errors()}`);
	}
}

/** @type {import("../../tools/lib/steps.mjs").Step} */
const programs = {
	name: "network",
	title: "the network laboratory",
	inputs: ["test/network/forwarder"],
	outputs: [join(build, "network", "forwarder"), join(build, "network", "enter")],
	run: () => cmake("network", "test/network/forwarder", folder, []),
};

/**
 * Makes a laboratory; a perfect network at first.
 * @param {{ seed?: number }} [options] the same seed and the same packets meet the same fate
 * @throws {LabUnavailable}
 */
export async function createLab({ seed = 1 } = {}) {
	if (process.platform !== "linux") throw new LabUnavailable("the laboratory needs Linux");
	await runStep(programs);
	return new Lab(await startForwarder(seed));
}

/** Why there can be no laboratory on this machine, to skip tests with; undefined when there can. */
export async function labRefusal() {
	try {
		await (await createLab()).close();
	} catch (error) {
		if (!(error instanceof LabUnavailable)) throw error;
		const why = `no network laboratory here: ${error.message}`;
		console.error(`SKIPPED: ${why}`);
		return why;
	}
}
