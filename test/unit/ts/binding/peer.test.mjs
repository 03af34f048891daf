import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { runXsTest } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, "../../../..");
const out = join(root, "build/tests/out");

test("binding/peer", async (t) => {
	mkdirSync(out, { recursive: true });
	await runXsTest(t, join(here, "peer.test.ts"), {
		config: {
			speech: join(root, "test/fixtures/speech-16k.wav"),
			heard: join(out, "binding-peer.wav"),
		},
	});
});
