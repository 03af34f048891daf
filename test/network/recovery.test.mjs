/**
 * Calls whose network goes away and comes back, or becomes another one; one run of the benchmark. Each
 * has a laboratory of its own, side by side.
 */

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { broken } from "../../bench/budgets.mjs";
import { figure } from "../../bench/figures.mjs";
import { faults, measureRecovery } from "../../bench/recovery/run.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { createLab, labRefusal } from "./lab.mjs";

const skip = await labRefusal();
/** ms until the app is told: of media's path, and of what the system knows at once. */
const noticed = Object.freeze({ path: 3000, system: 300 });

describe("a call through the laboratory", { skip, concurrency: true }, () => {
	for (const fault of /** @type {(keyof typeof faults)[]} */ (Object.keys(faults))) {
		it(`is whole again after ${fault}`, async (t) => {
			const lab = await createLab({ seed: 21 });
			t.after(() => lab.close());
			let server = await startServer({ log: `server-recovery-${fault}.log`, host: lab.server });
			t.after(() => server.stop());
			const one = await measureRecovery(lab, server, "livekit-xs", fault);
			server = one.server;
			const { all, sound, noticed: after = Number.NaN, anew } = one.recovery;
			t.diagnostic(
				`noticed after ${Math.round(after)} ms, sound ${Math.round(sound)} ms and all ${Math.round(all)} ms after its end`,
			);
			const name = `recovery.${fault}`;
			assert.deepEqual(broken(name, [figure(name, "ms", [all])]), []);
			// A NAT that forgets is found out by the first check, and nothing is lost then.
			const limit = /^(blackhole|nat)/.test(fault) ? noticed.path : noticed.system;
			assert.ok(after < limit || fault === "nat_rebind", `noticed after ${after} ms`);
			assert.equal(anew, fault === "server_restart");
		});
	}
});
