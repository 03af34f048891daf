/** An error whose message is written for the user: what went wrong and what to do about it. */
export class Failure extends Error {
	/**
	 * @param {string} message one line
	 * @param {string} [detail] more lines, such as the end of a log
	 */
	constructor(message, detail = "") {
		super(message);
		this.name = "Failure";
		/** @type {string} */
		this.detail = detail;
		Object.defineProperty(this, "detail", { enumerable: false });
		// Where in the tools it was found says nothing to anybody; the detail does.
		this.stack = detail ? `${message}\n${detail}` : message;
	}
}

/**
 * Runs a command's main function. A Failure becomes its line on stderr and exit status 1; any other
 * error is a bug of ours and keeps its stack.
 * @param {() => Promise<number | void>} main resolves to the exit status, 0 when void
 */
export async function runMain(main) {
	try {
		process.exitCode = (await main()) ?? 0;
	} catch (error) {
		process.exitCode = 1;
		if (error instanceof Failure) {
			if (error.detail) console.error(error.detail);
			console.error(`error: ${error.message}`);
		} else {
			console.error(error);
		}
	}
}
