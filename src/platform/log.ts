export const LogLevel = { error: 0, warn: 1, info: 2, debug: 3, silent: -1 } as const;
export type LogLevel = keyof typeof LogLevel;

/** Lines to the console, from warnings on by default. Give it no tokens, passwords or keys. */
export class Log {
	constructor(
		readonly level: LogLevel = "warn",
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
		if (LogLevel[level] > LogLevel[this.level]) return;
		this.sink(`livekit ${level}: ${parts.map(String).join(" ")}`);
	}
}

/** A URL fit for logs and errors: no user name, no password, no query (it may hold a token). */
export function redactUrl(url: string): string {
	return url.replace(/\/\/[^/?#]*@/, "//").replace(/[?#].*/s, "?…");
}
