/** npm run clean: removes everything that the set-up and the commands have made, packages aside. */

import { rmSync } from "node:fs";
import { join } from "node:path";
import { root } from "./lib/paths.mjs";

for (const name of ["build", "out", "src/protocol/generated", "src/data/objects/generated"]) {
	rmSync(join(root, name), { recursive: true, force: true });
	console.log(`removed ${name}/`);
}
