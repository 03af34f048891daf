import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));

/** Answers each line by its first word: say TEXT, fill N, reset, end. */
function serve(socket) {
	socket.on("error", () => {});
	let held = "";
	socket.on("data", (bytes) => {
		const lines = (held + bytes.toString("latin1")).split("\n");
		held = lines.pop();
		for (const line of lines) {
			const [word, argument] = line.split(" ");
			if (word === "say") socket.write(argument);
			else if (word === "fill") socket.write(Buffer.alloc(Number(argument), "x"));
			else if (word === "reset") socket.resetAndDestroy();
			else if (word === "end") socket.end("last words");
		}
	});
}

const listening = (server) =>
	new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server.address().port)));

test("binding/stream", async (t) => {
	const server = createServer(serve);
	const port = await listening(server);
	const closed = createServer();
	const nobody = await listening(closed);
	await new Promise((resolve) => closed.close(resolve));
	t.after(() => server.close());
	await runXsTest(t, join(here, "stream.test.ts"), {
		config: { port: String(port), nobody: String(nobody) },
	});
});
