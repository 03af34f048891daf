/** What runs on this machine. */

import { readdirSync, readFileSync } from "node:fs";

/** Command lines of processes that have `mark` in their environment. @param {string} mark */
export function processesWith(mark) {
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => {
			try {
				if (!readFileSync(`/proc/${pid}/environ`, "latin1").includes(mark)) return [];
				return [readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ")];
			} catch {
				return []; // gone, or not ours
			}
		});
}
