import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's top folder. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

/** Everything that is generated; deleting it loses nothing but time. */
export const build = join(root, "build");

/** Logs of quiet commands and of background processes. */
export const logs = join(build, "log");
