/** A livekit-server of our own: on ports the system picks, ended with its starter. */

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { Background } from "../lib/background.mjs";
import { Failure } from "../lib/failure.mjs";
import { logs, root } from "../lib/paths.mjs";
import { serverProgram } from "../setup/server.mjs";

const loopback = "127.0.0.1";
const startTimeout = 15_000;
const attempts = 3;

/** A TCP port of 127.0.0.1 that was free a moment ago. @returns {Promise<number>} */
export function freeTcpPort() {
	return new Promise((resolve, reject) => {
		const server = createServer();
		server.once("error", reject).listen(0, "127.0.0.1", () => {
			const address = server.address();
			server.close(() => resolve(address && typeof address === "object" ? address.port : 0));
		});
	});
}

/** @returns {Promise<number>} */
function freeUdpPort() {
	return new Promise((resolve, reject) => {
		const socket = createSocket("udp4");
		socket.once("error", reject).bind(0, () => {
			const { port } = socket.address();
			socket.close(() => resolve(port));
		});
	});
}

async function freePorts() {
	const ports = [freeTcpPort(), freeTcpPort(), freeTcpPort(), freeUdpPort()];
	const [http, front, tcp, udp] = await Promise.all(ports);
	return { http, front, tcp, udp };
}

/**
 * @param {{ address: string, http: number, udp: number, tcp: number, key: string, secret: string,
 *   rtc: object | undefined }} options
 */
function configuration({ address, http, udp, tcp, key, secret, rtc }) {
	// JSON is YAML. No STUN and no fallback to TCP: a call must not depend on anything outside, and
	// a failed one must not change how the server treats the next (it remembers for minutes).
	return JSON.stringify({
		development: true,
		port: http,
		bind_addresses: [address],
		keys: { [key]: secret },
		logging: { level: "info", json: false },
		rtc: {
			udp_port: udp,
			tcp_port: tcp,
			node_ip: address,
			use_external_ip: false,
			enable_loopback_candidate: address === loopback,
			stun_servers: [],
			allow_tcp_fallback: false,
			...rtc,
		},
	});
}

/**
 * @typedef {object} Server
 * @property {string} url ws://ADDRESS:…, with the port the system gave; the front's if it is an old one
 * @property {string} key
 * @property {string} secret made for this run
 * @property {{ http: number, front: number, tcp: number, udp: number }} ports
 * @property {number | undefined} pid of the guard that runs it
 * @property {() => Promise<void>} stop
 * @property {() => Promise<void>} kill without a chance to say anything
 */

/** All servers are from before 1.9, where nothing else is said. */
export const oldServers = process.env.LIVEKIT_XS_OLD_SERVER === "1";

/**
 * Starts a server and waits until it answers.
 * @param {{ log: string, host?: { address: string, within: readonly string[] }, again?: Server,
 *   secret?: string, rtc?: object, old?: boolean }} options `log`: the file's name in build/log; `host`:
 *   the laboratory's, this machine's loopback if not given; `again`: one that has ended, to be started anew
 *   with its ports and keys; `secret`: another's, which takes the same tokens then; `rtc`: more of that
 *   section of its configuration; `old`: one from before 1.9, which wants two peer connections
 * @returns {Promise<Server>}
 */
export async function startServer({
	log,
	host,
	again,
	secret = again?.secret ?? randomBytes(32).toString("hex"),
	old = oldServers,
	rtc,
}) {
	const address = host?.address ?? loopback;
	const path = join(logs, log);
	const key = "devkey";
	for (let attempt = 1; ; attempt++) {
		const ports = again?.ports ?? (await freePorts());
		const server = new Background("livekit-server", [...(host?.within ?? []), serverProgram()], {
			log: path,
			// By the environment and not as an argument: those are for every user of the machine to see.
			env: { LIVEKIT_CONFIG: configuration({ address, ...ports, key, secret, rtc }) },
		});
		try {
			const at = `${address}:${ports.http}`;
			await server.ready(
				() => (host ? saysItListens(path) : answers(`http://${at}`)),
				startTimeout,
			);
			const front = old
				? await startFront({ address, within: host?.within, ports, log })
				: undefined;
			return {
				url: `ws://${front ? `${address}:${ports.front}` : at}`,
				key,
				secret,
				ports,
				pid: server.pid,
				async stop() {
					await server.stop();
					await front?.stop();
				},
				async kill() {
					await Promise.all([server.kill(), front?.kill()]);
				},
			};
		} catch (error) {
			await server.stop();
			// Someone else may have taken a port between our look and the server's bind.
			if (!(error instanceof Failure) || attempt === attempts) throw error;
		}
	}
}

/**
 * What makes the server an old one.
 * @param {{ address: string, within?: readonly string[], ports: Server["ports"], log: string }} options
 */
async function startFront({ address, within = [], ports, log }) {
	const program = [process.execPath, join(root, "tools", "server", "old.mjs")];
	const command = [...within, ...program, address, `${ports.front}`, `${ports.http}`];
	const path = join(logs, log.replace(/(\.log)?$/, "-front.log"));
	const front = new Background("the front of livekit-server", command, { log: path });
	await front.ready(
		() => readFileSync(path, "utf8").includes("listening") || undefined,
		startTimeout,
	);
	return front;
}

/** For a server that is out of our reach. @param {string} log */
function saysItListens(log) {
	return /starting LiveKit server/.test(readFileSync(log, "utf8")) || undefined;
}

/** @param {string} url */
async function answers(url) {
	try {
		// Not kept alive: the server waits for open connections when it ends.
		const headers = { connection: "close" };
		const response = await fetch(url, { headers, signal: AbortSignal.timeout(1_000) });
		return response.ok || undefined;
	} catch {
		return undefined;
	}
}
