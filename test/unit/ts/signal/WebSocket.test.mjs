import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";
import { startServers } from "./websocket-servers.mjs";

test("ts/signal/WebSocket.test.ts", async (t) => {
	const servers = await startServers();
	t.after(() => servers.close());
	const file = join(dirname(fileURLToPath(import.meta.url)), "WebSocket.test.ts");
	await runXsTest(t, file, { config: servers.ports });
});
