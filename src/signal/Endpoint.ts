/** Where a LiveKit server is: read from a URL once, so that nothing else parses URLs. */
export interface Endpoint {
	secure: boolean;
	/** A name or an address, IPv6 without brackets. */
	host: string;
	port: number;
	/** What goes into the Host header: with brackets, and with the port where it is not the default. */
	authority: string;
	/** The path prefix without a slash at its end: "" or "/some/where". */
	path: string;
}

const SERVER_URL = /^(wss?|https?):\/\/([^/?#]*)([^?#]*)/i;
const AUTHORITY = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([\w.-]{1,253}))(?::(\d{1,5}))?$/i;

/** Reads a ws, wss, http or https URL; its query and fragment are left out. Throws SyntaxError. */
export function parseEndpoint(url: string): Endpoint {
	const parts = SERVER_URL.exec(url.trim());
	const authority = parts && AUTHORITY.exec(parts[2]);
	if (!parts || !authority)
		throw new SyntaxError(`${quote(url)} is not a server URL such as wss://example.livekit.cloud`);
	const scheme = parts[1].toLowerCase();
	const secure = scheme === "wss" || scheme === "https";
	const host = authority[1] ?? authority[2];
	const standard = secure ? 443 : 80;
	const port = authority[3] ? Number(authority[3]) : standard;
	if (port < 1 || port > 65535) throw new SyntaxError(`${quote(url)} has no valid port`);
	if (/[^!-~]/.test(parts[3])) throw new SyntaxError(`${quote(url)} has an unescaped path`);
	const bracketed = authority[1] ? `[${host}]` : host;
	return {
		secure,
		host,
		port,
		authority: port === standard ? bracketed : `${bracketed}:${port}`,
		path: parts[3].replace(/\/+$/, ""),
	};
}

/** Without what may be secret. */
function quote(url: string): string {
	return JSON.stringify(url.replace(/\/\/[^/?#]*@/, "//").replace(/[?#].*/s, ""));
}
