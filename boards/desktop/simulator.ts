/** What only the desktop has: the process around the app. Code that also runs on a board stays away. */

export interface Heap {
	/** Slots in use and their highest number, garbage included. */
	slots: number;
	slotsPeak: number;
	/** Bytes of chunks in use and their highest number, garbage included. */
	chunkBytes: number;
	chunkBytesPeak: number;
}

/** Ends the process with `status`; native objects are closed, nothing after the call runs. */
export function exit(status = 0): never {
	return native("xs_simulator_exit").call(undefined, status) as never;
}

/** Writes a line to stderr. */
export function complain(line: string): void {
	native("xs_simulator_complain").call(undefined, line);
}

/** The arguments after `--`. */
export function args(): string[] {
	return native("xs_simulator_args").call(undefined);
}

/**
 * `callback` is called at the first SIGINT or SIGTERM instead of the end of the process; the second
 * one ends it whatever happens.
 */
export function onTerminate(callback: () => void): void {
	native("xs_simulator_onTerminate").call(undefined, callback);
}

/** UTF-8 text; throws with the path and the reason. */
export function readFile(path: string): string {
	return native("xs_simulator_readFile").call(undefined, path);
}

/** Replaces the file whole. */
export function writeFile(path: string, text: string): void {
	native("xs_simulator_writeFile").call(undefined, path, text);
}

/** XS's memory; collect() first for what is really used. */
export function heap(): Heap {
	return native("xs_simulator_heap").call(undefined);
}

/** A full garbage collection. */
export function collect(): void {
	native("xs_simulator_collect").call(undefined);
}

/** Peak resident set of the process in bytes. */
export function rss(): number {
	return native("xs_simulator_rss").call(undefined);
}

/**
 * What NetworkLink says from now on, whatever is true; undefined for what is. Its watchers are told.
 * Packets go on as they can: to stop them is the test's business.
 */
export function pretendLink(up?: boolean): void {
	native("xs_simulator_pretendLink").call(undefined, up);
}
