import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";
import { startFakeLiveKit } from "./fake-livekit.mjs";

test("ts/signal/SignalClient.test.ts", async (t) => {
	const server = await startFakeLiveKit();
	t.after(() => server.close());
	const file = join(dirname(fileURLToPath(import.meta.url)), "SignalClient.test.ts");
	await runXsTest(t, file, { config: { port: server.port } });
});
