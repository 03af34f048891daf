/** The agent that echoes what it hears, as npm start has it. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Background } from "../../../tools/lib/background.mjs";
import { logs, root } from "../../../tools/lib/paths.mjs";
import { joinToken } from "../../../tools/server/token.mjs";

/**
 * Starts it and waits until it is ready.
 * @param {import("../../../tools/server/server.mjs").Server} server @param {string} room
 * @param {{ within: readonly string[] }} [host] the laboratory's, this machine if not given
 */
export async function startEchoAgent(server, room, host) {
	const log = join(logs, `agent-${room}.log`);
	const script = join(root, "tools", "agent", "echo.mjs");
	const token = await joinToken(server, { room, identity: "agent", agent: true });
	const command = [...(host?.within ?? []), process.execPath, script];
	const agent = new Background("the echo agent", command, {
		log,
		env: { LIVEKIT_URL: server.url, LIVEKIT_TOKEN: token },
	});
	await agent.ready(() => /^ready$/m.test(readFileSync(log, "utf8")) || undefined, 20_000);
	return agent;
}
