/** npm run bench, as a user calls it; what it measures is not judged here. @lane together */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { describe, it } from "node:test";
import { figure, median, slope } from "../../bench/figures.mjs";
import { root } from "../../tools/lib/paths.mjs";
import { processesWith } from "../e2e/lib/processes.mjs";
import { until } from "../e2e/lib/until.mjs";
import { labRefusal } from "./lab.mjs";

const skip = await labRefusal();
const program = join(root, "tools", "bench.mjs");

/** @param {string[]} args */
function bench(...args) {
	return spawnSync(process.execPath, [program, ...args], { encoding: "utf8", timeout: 10_000 });
}

describe("npm run bench", () => {
	it("lists the benchmarks", () => {
		const { status, stdout } = bench();
		assert.equal(status, 0);
		assert.match(stdout, /^join /m);
	});

	for (const args of [["no-such-thing"], ["join", "--loud"], ["join", "join"]]) {
		it(`refuses ${args.join(" ")} in one line`, () => {
			const { status, stdout, stderr } = bench(...args);
			assert.equal(status, 1);
			assert.equal(stdout, "");
			assert.match(stderr, /^error: .+\n$/);
		});
	}

	it("leaves nothing behind when it is killed", { skip }, async () => {
		const mark = randomUUID();
		const child = spawn(process.execPath, [program, "join"], {
			env: { ...process.env, LIVEKIT_XS_MARK: mark },
			stdio: "ignore",
		});
		const running = () => processesWith(mark);
		// The server, one that joins, and the forwarder between them.
		const all = ["livekit-server", "xs-host|bench/join/peer", "forwarder"];
		await until(
			() => all.every((one) => running().some((line) => line.match(one))),
			"a join in the laboratory",
		);
		child.kill("SIGKILL");
		await until(() => running().length === 0, "the end of all processes", 8000);
	});

	it("computes medians, slopes and ratios", () => {
		assert.equal(median([9, 1, 4]), 4);
		assert.equal(median([4, 1, 2, 9]), 3);
		assert.equal(slope([0, 50, 100], [20, 220, 420]), 4);
		assert.deepEqual(figure("a", "ms", [3, 1, 2], { name: "p", values: [4, 4, 5] }), {
			name: "a",
			value: 2,
			unit: "ms",
			low: 1,
			high: 3,
			runs: 3,
			peer: "p",
			peerValue: 4,
			ratio: 0.5,
			peerLow: 4,
			peerHigh: 5,
		});
		assert.deepEqual(figure("b", "RTT", [4]), { name: "b", value: 4, unit: "RTT" });
	});
});
