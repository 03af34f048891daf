/** One recovery in the laboratory: a call, a fault, and when sound passed again, seen by both ends. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pause } from "../../test/network/lib.mjs";
import { buildApp, hostPath } from "../../tools/app/run.mjs";
import { Failure } from "../../tools/lib/failure.mjs";
import { build, root } from "../../tools/lib/paths.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";

const delay = 10; // ms each way
const joinTimeout = 20_000;
/** ms after a fault until sound passes both ways; a client that takes longer has taken so long. */
const longest = 40_000;
/** ms of talk before the fault; and of sound after it, in which a client may find out that all is not well. */
const [talk, settled] = [1500, 1500];
const leaveTimeout = 3_000;

const peer = join(root, "bench", "recovery", "peer.mjs");
const clock = () => Number(process.hrtime.bigint()) / 1e6;

/**
 * @typedef {Awaited<ReturnType<typeof import("../../test/network/lab.mjs").createLab>>} Lab
 * @typedef {import("../../tools/server/server.mjs").Server} Server
 * @typedef {{ lab: Lab, server: Server, device: Client, probe: Client }} Call
 * @typedef {object} Recovery milliseconds from the end of the fault
 * @property {number} all sound passes both ways, and the client says that all is well
 * @property {number} sound packets of sound are accepted by both ends
 * @property {number | undefined} noticed from its beginning: the client says that something is lost
 * @property {boolean} anew what was published is published again: all was joined anew
 */

/** A process that says when what happens. */
class Client {
	#child;
	#ended;
	#name;
	/** @type {{ moment: string, at: number }[]} */
	said = [];
	#other = "";

	/** @param {string} name @param {string[]} command @param {NodeJS.ProcessEnv} env */
	constructor(name, [program, ...args], env) {
		this.#name = name;
		// enter ties it to us, and becomes it.
		this.#child = spawn(program, args, { cwd: root, env: { ...process.env, ...env } });
		this.#ended = once(this.#child, "close");
		this.#child.stderr.setEncoding("utf8").on("data", (text) => {
			this.#other += text;
		});
		createInterface(this.#child.stdout).on("line", (line) => {
			const [, moment, at] = /^(\w+) ([\d.]+)$/.exec(line) ?? [];
			if (moment) this.said.push({ moment, at: Number(at) });
			else this.#other += `${line}\n`;
		});
	}

	/** @param {string} command */
	tell(command) {
		this.#child.stdin.write(`${command}\n`);
	}

	/** When it first said so after `since`. @param {string} moment @param {number} [since] */
	when(moment, since = 0) {
		return this.said.find((one) => one.moment === moment && one.at >= since)?.at;
	}

	/** @param {string} moment @param {number} within ms @param {number} [since] */
	async until(moment, within, since) {
		const limit = clock() + within;
		for (;;) {
			const at = this.when(moment, since);
			if (at !== undefined) return at;
			if (this.#child.exitCode !== null || clock() > limit) {
				throw new Failure(`${this.#name} does not say "${moment}"; it said:`, this.#other);
			}
			await pause(10);
		}
	}

	async end() {
		this.#child.kill("SIGTERM");
		const late = setTimeout(() => this.#child.kill("SIGKILL"), leaveTimeout);
		await this.#ended;
		clearTimeout(late);
	}
}

/** @param {string} folder @param {string} url @param {string} token */
function ourCommand(folder, url, token) {
	const mic = join(root, "test/fixtures/speech-16k.wav");
	const description = buildApp(join(root, "bench/recovery/device/manifest.json"), {
		outDir: folder,
		config: { url, token, mic, loop: true, speaker: join(folder, "speaker.wav") },
	});
	return [hostPath(), "--state", join(folder, "state"), description];
}

/** Who has the fault, by the name in the figures. */
export const clients = Object.freeze({
	"livekit-xs": ourCommand,
	"rtc-node": () => [process.execPath, peer],
});

/** @param {number} seconds @returns {(call: Call) => Promise<number>} */
const blackHole =
	(seconds) =>
	async ({ lab }) => {
		await lab.set({ blackHole: true });
		await pause(seconds * 1000);
		await lab.set({ delay });
		return clock();
	};

/** So that nothing is on its way that was sent before. @param {Lab} lab */
async function drain(lab) {
	await lab.set({ blackHole: true });
	await pause(4 * delay);
}

/** What befalls a call; each resolves to the moment when it was over. */
export const faults = Object.freeze({
	/** The signalling connection is reset. @param {Call} call */
	async signal_drop({ probe }) {
		const at = clock();
		probe.tell("cut");
		return at;
	},
	blackhole_2s: blackHole(2),
	blackhole_10s: blackHole(10),
	/** The device leaves a network and is in another one at once. @param {Call} call */
	async ip_change({ lab }) {
		await drain(lab);
		const address = lab.device.address === "10.77.0.2" ? "10.77.0.9" : "10.77.0.2";
		// At once: a SYN is out some ms later, and one that is lost costs its sender a third of a second.
		await Promise.all([lab.moveDevice(address), lab.set({ delay })]);
		return clock();
	},
	/** The NAT forgets what it had for UDP, and what comes next leaves it from other ports. @param {Call} call */
	async nat_rebind({ lab }) {
		await drain(lab);
		await lab.rebind();
		await lab.set({ delay });
		return clock();
	},
	/** Killed, and started again at once. @param {Call} call */
	async server_restart(call) {
		const at = clock();
		await call.server.kill();
		call.probe.tell("killed");
		call.server = await startServer({
			log: "server-bench-recovery.log",
			host: call.lab.server,
			again: call.server,
		});
		return call.probe.until("up", 10_000, at);
	},
});

/**
 * @param {Lab} lab @param {Server} server
 * @param {keyof typeof clients} client @param {keyof typeof faults} fault
 * @returns {Promise<{ recovery: Recovery, server: Server }>} `server` is the one that runs now
 */
export async function measureRecovery(lab, server, client, fault) {
	const folder = mkdtempSync(join(build, "bench-"));
	await lab.nat(fault === "nat_rebind" ? "port-restricted" : "none");
	await lab.set({ delay });
	const room = `recovery-${fault}-${client}-${Math.round(clock())}`;
	const token = (/** @type {string} */ identity) => joinToken(server, { room, identity });
	/** @type {Client[]} */
	const running = [];
	/** @param {string} name @param {readonly string[]} command @param {NodeJS.ProcessEnv} env */
	const start = (name, command, env) => {
		const started = new Client(name, [...command], env);
		running.push(started);
		return started;
	};
	/** @type {Call | undefined} */
	let call;
	try {
		const probe = start("the probe", [...lab.server.within, process.execPath, peer], {
			LIVEKIT_URL: server.url,
			LIVEKIT_TOKEN: await token("probe"),
			PROBE: "1",
		});
		await probe.until("proxy", joinTimeout);
		const url = new URL(server.url);
		if (fault === "signal_drop") url.port = String(probe.when("proxy"));
		const mine = await token(client);
		const device = start(
			client,
			[...lab.device.within, ...clients[client](folder, url.href.replace(/\/$/, ""), mine)],
			{ LIVEKIT_URL: url.href, LIVEKIT_TOKEN: mine },
		);
		await device.until("connected", joinTimeout);
		await Promise.all([device.until("in", joinTimeout), probe.until("in", joinTimeout)]);
		await pause(talk);
		call = { lab, server, device, probe };
		const begin = clock();
		const over = await faults[fault](call);
		return { recovery: await recovered(call, begin, over), server: call.server };
	} finally {
		await Promise.all(running.map((one) => one.end()));
		rmSync(folder, { recursive: true, force: true });
	}
}

/** @param {Call} call @param {number} begin @param {number} over */
async function recovered({ device, probe }, begin, over) {
	try {
		const heard = await Promise.all([device, probe].map((one) => one.until("in", longest, over)));
		const sound = Math.max(...heard);
		await pause(settled);
		const lost = device.when("reconnecting", begin);
		const well = lost === undefined ? sound : await device.until("reconnected", longest, lost);
		return {
			all: Math.max(sound, well) - over,
			sound: sound - over,
			noticed: lost && lost - begin,
			anew: device.when("unpublished", begin) !== undefined,
		};
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		return { all: longest, sound: longest, noticed: undefined, anew: false };
	}
}
