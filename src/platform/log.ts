export const LogLevel = Object.freeze({
	error: 0,
	warn: 1,
	info: 2,
	debug: 3,
	silent: -1,
} as const);
export type LogLevel = keyof typeof LogLevel;

/** Modules are in flash: the level of all logs is a property of the global object. */
interface Global {
	livekitLogLevel?: LogLevel;
}

/** How much all rooms write to the console: "warn" and worse, until this is called. */
export function setLogLevel(this: unknown, level: LogLevel): void {
	if (!(level in LogLevel)) throw new TypeError(`no such log level: ${level}`);
	(globalThis as Global).livekitLogLevel = level;
}

/** Lines to the console. Give it no tokens, passwords or keys. */
export class Log {
	constructor(
		/** Of this log alone; setLogLevel()'s when undefined. */
		readonly level?: LogLevel,
		readonly sink: (line: string) => void = (line) => trace(`${line}\n`),
	) {}

	error(...parts: unknown[]): void {
		this.#write("error", parts);
	}
	warn(...parts: unknown[]): void {
		this.#write("warn", parts);
	}
	info(...parts: unknown[]): void {
		this.#write("info", parts);
	}
	debug(...parts: unknown[]): void {
		this.#write("debug", parts);
	}

	#write(level: LogLevel, parts: unknown[]): void {
		if (LogLevel[level] > LogLevel[this.level ?? globalLevel()]) return;
		this.sink(`livekit ${level}: ${parts.map(String).join(" ")}`);
	}
}

/** Of all who have none of their own. */
export const log = new Log();

function globalLevel(this: unknown): LogLevel {
	return (globalThis as Global).livekitLogLevel ?? "warn";
}

/** A URL fit for logs and errors: no user name, no password, no query (it may hold a token). */
export function redactUrl(url: string): string {
	return url.replace(/\/\/[^/?#]*@/, "//").replace(/[?#].*/s, "?…");
}
