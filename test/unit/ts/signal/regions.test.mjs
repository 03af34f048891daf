import { once } from "node:events";
import { createServer } from "node:http";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";

/** What /settings/regions says, by token. @type {Record<string, [number, string]>} */
const answers = {
	good: [
		200,
		JSON.stringify({
			regions: [
				{ region: "a", url: "ws://a.example", distance: "1" },
				{ region: "no", url: "nonsense" },
				null,
				{ region: "b", url: "wss://b.example", distance: "2" },
			],
		}),
	],
	many: [
		200,
		JSON.stringify({
			regions: Array.from({ length: 40 }, (_, i) => ({ url: `ws://${i}.example` })),
		}),
	],
	large: [200, JSON.stringify({ regions: [{ url: `ws://a.example/${"x".repeat(9000)}` }] })],
	strange: [200, '{"regions":7}'],
	broken: [200, "{"],
	missing: [404, "no"],
	refused: [401, "no"],
};

test("ts/signal/regions.test.ts", async (t) => {
	let asked = 0;
	const server = createServer((request, response) => {
		const token = request.headers.authorization?.replace("Bearer ", "") ?? "";
		if (request.url !== "/settings/regions") response.writeHead(404).end();
		else if (token === "asked") response.end(String(asked));
		else if (token !== "silent") {
			asked++;
			const [status, body] = answers[token];
			response.writeHead(status).end(body);
		}
	});
	await once(server.listen(0, "127.0.0.1"), "listening");
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	const here = dirname(fileURLToPath(import.meta.url));
	await runXsTest(t, join(here, "regions.test.ts"), { config: { port: String(port) } });
});
