/**
 * Sends and receives in a namespace what a test wants. Packets say their number and when they left,
 * on the clock that all processes of the machine share.
 */

import { fork } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { fileURLToPath } from "node:url";

const self = fileURLToPath(import.meta.url);
const headerBytes = 12;

/**
 * @typedef {object} Arrival
 * @property {number} number as it was sent
 * @property {number} delay ms from send() to the receiver's event
 * @property {number} at ms
 * @property {number} bytes
 * @property {string} from address:port
 */

/** Starts a probe on a host of the laboratory. @param {{ within: readonly string[] }} host */
export async function startProbe({ within }) {
	const [enter, ...args] = within;
	const child = fork(self, ["probe"], {
		execPath: enter,
		execArgv: [...args, process.execPath],
		serialization: "advanced",
	});
	let id = 0;
	/** @type {Map<number, (answer: any) => void>} */
	const waiting = new Map();
	child.on("message", (/** @type {any} */ answer) => waiting.get(answer.id)?.(answer));
	/** @param {string} command @param {object} options @returns {Promise<any>} */
	const ask = (command, options) =>
		new Promise((resolve, reject) => {
			const mine = ++id;
			waiting.set(mine, ({ error, value }) => {
				waiting.delete(mine);
				if (error) reject(new Error(error));
				else resolve(value);
			});
			child.send({ id: mine, command, options });
		});
	return {
		/** Opens a UDP socket; with `echo` it sends back what comes. @param {{ port: number, echo?: boolean }} options */
		open: (options) => ask("open", options),
		/**
		 * Sends `count` packets of `size` bytes (UDP payload, 12 at least) from the socket at `port`, one
		 * every `interval` ms, numbered from `first` on.
		 * @param {{ port: number, to: string, toPort: number, first?: number, count?: number,
		 *   interval?: number, size?: number }} options
		 */
		send: (options) => ask("send", options),
		/** What has come to the socket since the last time. @param {number} port @returns {Promise<Arrival[]>} */
		take: (port) => ask("take", { port }),
		/** Counts the bytes of TCP connections to `port`, and answers each with their number when it ends. */
		serve: (/** @type {number} */ port) => ask("serve", { port }),
		/**
		 * Sends `bytes` over TCP; gives how many the other end has counted and how long it took, in ms.
		 * @param {{ to: string, toPort: number, bytes?: number, timeout?: number }} options
		 * @returns {Promise<{ counted: number, ms: number }>}
		 */
		transfer: (options) => ask("transfer", options),
		async stop() {
			const ended = once(child, "exit");
			child.disconnect();
			await ended;
		},
	};
}

function answer() {
	/** @type {Map<number, { socket: import("node:dgram").Socket, arrivals: Arrival[] }>} */
	const sockets = new Map();
	const socketAt = (/** @type {number} */ port) => {
		const found = sockets.get(port);
		if (!found) throw new Error(`no socket at ${port}`);
		return found;
	};
	const clock = () => Number(process.hrtime.bigint()) / 1e6;

	/** @type {Record<string, (options: any) => any>} */
	const commands = {
		async open({ port, echo = false }) {
			const socket = createSocket("udp4");
			/** @type {Arrival[]} */
			const arrivals = [];
			socket.on("error", () => {}); // ICMP: what is refused is lost
			socket.on("message", (message, { address, port: from }) => {
				const at = clock();
				const number = message.readUInt32BE(0);
				const delay = at - message.readDoubleBE(4);
				arrivals.push({ number, delay, at, bytes: message.length, from: `${address}:${from}` });
				if (echo) socket.send(message, from, address);
			});
			await once(socket.bind(port), "listening");
			sockets.set(port, { socket, arrivals });
		},
		async send({ port, to, toPort, first = 0, count = 1, interval = 1, size = headerBytes }) {
			const { socket } = socketAt(port);
			const begin = clock();
			for (let i = 0; i < count; i++) {
				// On a schedule, so that a late timer does not make all that follow late.
				const wait = begin + i * interval - clock();
				if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
				const message = Buffer.alloc(size);
				message.writeUInt32BE(first + i, 0);
				message.writeDoubleBE(clock(), 4);
				socket.send(message, toPort, to, () => {}); // an error is a loss like others
			}
		},
		take: ({ port }) => socketAt(port).arrivals.splice(0),
		async serve({ port }) {
			const server = createServer({ allowHalfOpen: true }, (socket) => {
				let bytes = 0;
				socket.on("data", (data) => {
					bytes += data.length;
				});
				socket.on("end", () => socket.end(String(bytes))).on("error", () => {});
			});
			await once(server.listen(port), "listening");
		},
		async transfer({ to, toPort, bytes = 0, timeout = 10_000 }) {
			const begin = clock();
			const socket = connect({ host: to, port: toPort, allowHalfOpen: true });
			const timer = setTimeout(() => socket.destroy(new Error("timeout")), timeout);
			try {
				await once(socket, "connect");
				socket.end(Buffer.alloc(bytes));
				let text = "";
				for await (const data of socket) text += data;
				return { counted: Number(text), ms: clock() - begin };
			} finally {
				clearTimeout(timer);
				socket.destroy();
			}
		},
	};
	process.on("message", async (/** @type {any} */ { id, command, options }) => {
		try {
			process.send?.({ id, value: await commands[command](options) });
		} catch (error) {
			process.send?.({ id, error: error.message });
		}
	});
	process.once("disconnect", () => process.exit());
}

if (process.argv[2] === "probe" && process.send) answer();
