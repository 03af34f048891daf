/** npm run generate, and before npm pack: the sources that are made, not kept; mcconfig needs them. */

import { runMain } from "./lib/failure.mjs";
import { generateSources } from "./setup/index.mjs";

await runMain(generateSources);
