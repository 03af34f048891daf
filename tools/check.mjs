/** npm run check: types, lint, format, layers. */

import { checks } from "./checks.mjs";
import { Failure, runMain } from "./lib/failure.mjs";
import { progress } from "./lib/steps.mjs";
import { setUpChecks } from "./setup/index.mjs";

await runMain(async () => {
	await setUpChecks();
	let failed = 0;
	for (const { name, run } of checks) {
		try {
			await progress(name, run);
		} catch (error) {
			if (!(error instanceof Failure)) throw error;
			console.error(error.detail);
			failed++;
		}
	}
	if (failed > 0) throw new Failure(`${failed} of ${checks.length} checks failed`);
});
