/* The natives of this test are in a library of its own that the host preloads. */

import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { hostPath } from "../../../../tools/app/run.mjs";
import { runXsTest, sanitize } from "../run.mjs";

const here = dirname(fileURLToPath(import.meta.url));

test("ts/engine/native", (t) =>
	runXsTest(t, join(here, "native.test.ts"), {
		env: {
			LD_PRELOAD: join(dirname(hostPath({ sanitize })), "libxs-fixture.so"),
			ASAN_OPTIONS: "verify_asan_link_order=0",
		},
	}));
