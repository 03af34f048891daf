/** A call through five faults by seed; `npm run soak` has a hundred. @lane together */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { complaints, runFaults } from "./faults/run.mjs";
import { labRefusal } from "./lab.mjs";

const skip = await labRefusal();

describe("a call through faults", { skip }, () => {
	it("is whole after each, with all its data once and in order, and needs no more memory", async (t) => {
		const journey = await runFaults({
			cycles: 5,
			seed: 279,
			tell: (line) => t.diagnostic(line),
		});
		assert.deepEqual(complaints(journey), []);
	});
});
