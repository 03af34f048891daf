/** A livekit-server of our own: on loopback, on ports the system picks, ended with its starter. */

import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { join } from "node:path";
import { Background } from "../lib/background.mjs";
import { Failure } from "../lib/failure.mjs";
import { logs } from "../lib/paths.mjs";
import { serverProgram } from "../setup/server.mjs";

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

/** @param {{ http: number, udp: number, tcp: number, key: string, secret: string }} options */
function configuration({ http, udp, tcp, key, secret }) {
	// JSON is YAML. No STUN and no fallback to TCP: a call must not depend on anything outside, and
	// a failed one must not change how the server treats the next (it remembers for minutes).
	return JSON.stringify({
		development: true,
		port: http,
		bind_addresses: ["127.0.0.1"],
		keys: { [key]: secret },
		logging: { level: "info", json: false },
		rtc: {
			udp_port: udp,
			tcp_port: tcp,
			node_ip: "127.0.0.1",
			use_external_ip: false,
			enable_loopback_candidate: true,
			stun_servers: [],
			allow_tcp_fallback: false,
		},
	});
}

/**
 * @typedef {object} Server
 * @property {string} url ws://127.0.0.1:…, with the port the system gave
 * @property {string} key
 * @property {string} secret made for this run
 * @property {number | undefined} pid of the guard that runs it
 * @property {() => Promise<void>} stop
 */

/**
 * Starts a server and waits until it answers.
 * @param {{ log?: string }} [options] `log`: the file's name in build/log
 * @returns {Promise<Server>}
 */
export async function startServer({ log = "server.log" } = {}) {
	const key = "devkey";
	const secret = randomBytes(32).toString("hex");
	for (let attempt = 1; ; attempt++) {
		const [http, tcp, udp] = await Promise.all([freeTcpPort(), freeTcpPort(), freeUdpPort()]);
		const server = new Background("livekit-server", [serverProgram()], {
			log: join(logs, log),
			// By the environment and not as an argument: those are for every user of the machine to see.
			env: { LIVEKIT_CONFIG: configuration({ http, udp, tcp, key, secret }) },
		});
		try {
			await server.ready(() => answers(`http://127.0.0.1:${http}`), startTimeout);
			const url = `ws://127.0.0.1:${http}`;
			return { url, key, secret, pid: server.pid, stop: () => server.stop() };
		} catch (error) {
			await server.stop();
			// Someone else may have taken a port between our look and the server's bind.
			if (!(error instanceof Failure) || attempt === attempts) throw error;
		}
	}
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
