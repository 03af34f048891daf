/** Every example that ends by itself does what it is for. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, it } from "node:test";
import { examples, runExample } from "../../tools/example.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { outFolder } from "./lib/device.mjs";
import { disposePeers } from "./lib/peer.mjs";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	mkdirSync(outFolder, { recursive: true });
	// Most are built without servers before 1.9.
	server = await startServer({ log: "server-examples.log", old: false });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** What each prints when it worked. @type {Record<string, RegExp>} */
const prints = {
	"custom-audio": /^the chime has rung; the answer: 8[78]\d Hz, -1[23]\.\d dBFS$/m,
	data: /^temperature from peer: 21\.5 °C, Küche 🍲$/m,
	rpc: /^peer switched the lamp on$[\s\S]*^the weather: sun and 21 °C in Bern$/m,
	streams: /^peer tells: Once upon a time 🐉 there was an end\.$/m,
};

for (const name of examples) {
	it(`examples/${name}`, async () => {
		const log = join(outFolder, `example-${name}.log`);
		const status = await runExample(name, server, log);
		const output = readFileSync(log, "utf8");
		assert.equal(status, 0, output);
		assert.match(output, prints[name] ?? /^/);
	});
}
