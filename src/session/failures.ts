/** Reasons in the words of the public API. */

import { ConnectionError, ConnectionErrorReason } from "../signal/ConnectionError";

export function timeoutError(this: unknown, message: string): ConnectionError {
	return new ConnectionError(message, ConnectionErrorReason.Timeout);
}

export function asConnectionError(this: unknown, error: unknown): ConnectionError {
	if (error instanceof ConnectionError) return error;
	const message = error instanceof Error ? error.message : String(error);
	return new ConnectionError(message, ConnectionErrorReason.InternalError);
}

/** Against a server on this machine, loopback addresses are the ones that work. */
export function isLoopback(this: unknown, url: string): boolean {
	const host = /^[a-z]+:\/\/(\[[^\]]*\]|[^/:?#]*)/i.exec(url)?.[1].toLowerCase() ?? "";
	return host === "localhost" || host === "[::1]" || /^127(\.\d{1,3}){3}$/.test(host);
}
