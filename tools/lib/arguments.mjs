/** The command line of a tool. */

import { parseArgs } from "node:util";
import { Failure } from "./failure.mjs";

/**
 * parseArgs, but a mistake is one line that ends with how it is used. A word that belongs to no
 * option is not repeated: it may be a token.
 * @template {import("node:util").ParseArgsConfig} T
 * @param {string} usage @param {T} config
 */
export function parseCommand(usage, config) {
	try {
		return parseArgs(config);
	} catch (error) {
		const { code, message } = /** @type {NodeJS.ErrnoException} */ (error);
		const stray = code === "ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL";
		const line = stray ? "a word that belongs to no option" : message.split(/\. |\n/)[0];
		throw new Failure(`${line}; ${usage}`);
	}
}
