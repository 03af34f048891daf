/**
 * The core on 32-bit RISC-V: the image of test/rv32 checks itself, its figures are held to budgets.
 * @lane idle
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { broken } from "../bench/budgets.mjs";
import { footprint } from "../bench/footprint.mjs";
import { instructions } from "../bench/instructions.mjs";
import { runSelfTest } from "../tools/rv32.mjs";
import { noSources } from "../tools/setup/sources.mjs";

describe("two peers on rv32", { skip: noSources(), timeout: 540_000 }, () => {
	it("connect, exchange messages and sound", async () => {
		const { counts, memory, stacks } = await runSelfTest();
		// Every part of the core took part.
		const parts = new Set(counts.filter(({ owner }) => owner === "device").map(({ part }) => part));
		for (const part of ["ice", "dtls", "srtp", "sctp", "jitter", "level", "opus"]) {
			assert.ok(parts.has(part), part);
		}
		assert.ok(memory.length > 0 && stacks.every(({ bytes }) => bytes > 0));
	});

	it("cost a device no more instructions than budgeted", async () => {
		assert.deepEqual(broken("instructions.", await instructions()), []);
	});

	it("need no more flash and stack than budgeted", async () => {
		assert.deepEqual(broken("footprint.", await footprint()), []);
	});
});
