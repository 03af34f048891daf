/**
 * npm run example -- NAME: a local server, a peer in Node where the example needs one, and the
 * example in the simulator. Ends by itself; the exit status is 0 only when the example says so.
 */

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseCommand } from "./lib/arguments.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { root } from "./lib/paths.mjs";
import { startSimulator } from "./lib/simulator.mjs";
import { setUp } from "./setup/index.mjs";

/** @typedef {(room: import("@livekit/rtc-node").Room, me: import("@livekit/rtc-node").LocalParticipant) => void} ExamplePeer */

const peers = join(root, "tools", "example-peers");
const longest = 30_000; // milliseconds

/** Examples that end by themselves: those with a peer here. */
export const examples = readdirSync(peers).map((name) => name.replace(/\.mjs$/, ""));

/**
 * Runs one beside its peer, in a room of its own.
 * @param {string} name
 * @param {import("./server/server.mjs").Server} server
 * @param {string} [log] the file for its output; ours when absent
 * @returns {Promise<number>} its exit status
 */
export async function runExample(name, server, log) {
	const { Room } = await import("@livekit/rtc-node");
	const { joinToken } = await import("./server/token.mjs");
	const token = (/** @type {string} */ identity) =>
		joinToken(server, { room: `example-${name}`, identity });
	const peer = new Room();
	await peer.connect(server.url, await token("peer"), { autoSubscribe: true, dynacast: false });
	if (!peer.localParticipant) throw new Failure("the peer is not in the room");
	const { default: start } = await import(pathToFileURL(join(peers, `${name}.mjs`)).href);
	start(peer, peer.localParticipant);
	const config = { url: server.url, token: await token("device"), speaker: "none" };
	const device = startSimulator(`examples/${name}`, { config, log });
	try {
		return await device.endWithin(longest);
	} finally {
		await device.stop();
		await peer.disconnect();
	}
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
	await runMain(async () => {
		const usage = `npm run example -- NAME, one of: ${examples.join(", ")}`;
		const { positionals } = parseCommand(usage, {
			args: process.argv.slice(2),
			options: {},
			allowPositionals: true,
		});
		const [name] = positionals;
		if (positionals.length !== 1 || !existsSync(join(peers, `${name}.mjs`))) {
			throw new Failure(usage);
		}
		console.log("set-up");
		await setUp();
		const { startServer } = await import("./server/server.mjs");
		const { dispose } = await import("@livekit/rtc-node");
		const server = await startServer({ log: "server-example.log" });
		try {
			return await runExample(name, server);
		} finally {
			await server.stop();
			await dispose();
		}
	});
}
