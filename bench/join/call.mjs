/** One join through the laboratory, measured from outside: what left the device's namespace when. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildApp, hostPath } from "../../tools/app/run.mjs";
import { Failure } from "../../tools/lib/failure.mjs";
import { build, root } from "../../tools/lib/paths.mjs";

const joinTimeout = 20_000;
const leaveTimeout = 5_000;

/**
 * @typedef {object} Join milliseconds
 * @property {number} fromConnect from the call of connect() to the first RTP packet on the wire
 * @property {number} fromSyn from the first packet at all
 * @property {number} connected from the call of connect() to its resolution
 * @property {number} compute processor time of the client from connect() to the first RTP packet
 * @property {Record<string, number>} wire when the first of each kind of packet left, from connect()
 */

/** @param {string} folder @param {{ url: string, token: string }} room */
function ourCommand(folder, { url, token }) {
	const mic = join(root, "test/fixtures/speech-16k.wav");
	const description = buildApp(join(root, "bench/join/device/manifest.json"), {
		outDir: folder,
		config: { url, token, mic, speaker: join(folder, "speaker.wav") },
	});
	return [hostPath(), "--state", join(folder, "state"), description];
}

/** Who joins, by the name in the figures. */
export const clients = Object.freeze({
	"livekit-xs": ourCommand,
	"rtc-node": () => [process.execPath, join(root, "bench", "join", "peer.mjs")],
});

/**
 * Processor time of a process's living threads in ms; 0 when it has none, or the kernel does not tell.
 * @param {number} pid
 */
function processorTime(pid) {
	const tasks = `/proc/${pid}/task`;
	const nanoseconds = (existsSync(tasks) ? readdirSync(tasks) : []).map((task) => {
		try {
			return Number(readFileSync(join(tasks, task, "schedstat"), "utf8").split(" ")[0]);
		} catch {
			return 0; // it has just ended
		}
	});
	return nanoseconds.reduce((sum, time) => sum + time, 0) / 1e6;
}

/**
 * @param {Awaited<ReturnType<typeof import("../../test/network/lab.mjs").createLab>>} lab
 * @param {keyof typeof clients} client @param {{ url: string, token: string }} room
 * @returns {Promise<Join>}
 */
export async function measureJoin(lab, client, room) {
	if (processorTime(process.pid) === 0) throw new Failure("/proc/PID/task/*/schedstat is missing");
	await lab.reset();
	const folder = mkdtempSync(join(build, "bench-"));
	const [enter, ...args] = [...lab.device.within, ...clients[client](folder, room)];
	// enter ties it to us, and becomes it: this is the client's own process id.
	const child = spawn(enter, args, {
		cwd: root,
		stdio: ["ignore", "pipe", "pipe"],
		env: { ...process.env, LIVEKIT_URL: room.url, LIVEKIT_TOKEN: room.token },
	});
	const ended = once(child, "close");
	const pid = child.pid;
	if (!pid) throw new Failure(`${client} did not start`);
	let said = "";
	child.stderr.setEncoding("utf8").on("data", (text) => {
		said += text;
	});
	const timeout = setTimeout(() => child.kill("SIGKILL"), joinTimeout);
	try {
		let [computeBefore, compute] = [Number.NaN, Number.NaN];
		const rtp = new Promise((resolve) => {
			lab.onFirst(({ direction, kind }) => {
				if (direction !== "up" || kind !== "rtp") return;
				compute = processorTime(pid) - computeBefore;
				resolve(true);
			});
		});
		/** @type {Record<string, number>} */
		const moments = {};
		const connected = new Promise((resolve) => {
			createInterface(child.stdout).on("line", (line) => {
				const [, moment, at] = /^(connect|connected) ([\d.]+)$/.exec(line) ?? [];
				if (moment) moments[moment] = Number(at);
				else said += `${line}\n`;
				if (moment === "connect") computeBefore = processorTime(pid);
				if (moment === "connected") resolve(true);
			});
		});
		const joined = Promise.all([rtp, connected]).then(() => true);
		if (!(await Promise.race([joined, ended.then(() => false)]))) {
			throw new Failure(`${client} did not join with sound; it said:`, said);
		}
		const { connect } = moments;
		const { first } = (await lab.stats()).up;
		const wire = Object.fromEntries(
			Object.entries(first).map(([kind, at]) => [kind, at - connect]),
		);
		return {
			fromConnect: wire.rtp,
			fromSyn: first.rtp - first.syn,
			connected: moments.connected - connect,
			compute,
			wire,
		};
	} finally {
		clearTimeout(timeout);
		child.kill("SIGTERM");
		const late = setTimeout(() => child.kill("SIGKILL"), leaveTimeout);
		await ended;
		clearTimeout(late);
		rmSync(folder, { recursive: true, force: true });
	}
}
