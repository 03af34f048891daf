/** Turns what went wrong while connecting into one line that says what to do. */

import { redactUrl } from "../platform/log";
import { ConnectionError, ConnectionErrorReason } from "./ConnectionError";
import type { Endpoint } from "./Endpoint";
import type { WebSocketEnd } from "./WebSocket";

const {
	InternalError,
	NotAllowed,
	ServerUnreachable,
	ServiceNotFound,
	Timeout,
	WebSocket: WebSocketFailed,
} = ConnectionErrorReason;

/**
 * By what ended the stream; `detail` is what it says, with the host's name.
 * `reset` is not here: the server was reached, so it can be asked.
 */
const NETWORK: {
	readonly [cause in WebSocketEnd["cause"] & string]?: readonly [
		ConnectionErrorReason,
		(server: string, detail: string) => string,
	];
} = {
	dns: [ServerUnreachable, (_, detail) => `${detail}; check the URL and the network`],
	refused: [
		ServerUnreachable,
		(server) => `nothing listens at ${server}: start the server or check the URL's port`,
	],
	unreachable: [
		ServerUnreachable,
		(server, detail) => `cannot reach ${server} (${detail}): check the network`,
	],
	timeout: [
		Timeout,
		(server, detail) => `no answer from ${server} (${detail}): check the URL and the network`,
	],
	tls: [ServerUnreachable, (_, detail) => `${detail}; check the URL and the TLS options`],
	certificate: [ServerUnreachable, (_, detail) => `${detail}; give its CA, or fix the server`],
	memory: [InternalError, (server, detail) => `cannot connect to ${server}: ${detail}`],
};

/** An error when the network explains it all; undefined when the server was reached. */
export function networkFailure(endpoint: Endpoint, end: WebSocketEnd): ConnectionError | undefined {
	const entry = end.cause && NETWORK[end.cause];
	return entry && new ConnectionError(entry[1](endpoint.authority, end.message), entry[0]);
}

/** What livekit-server says to a token it does not accept, and what we do. */
const REFUSALS: readonly [RegExp, string][] = [
	[/expired/, "the token has expired: make a new one"],
	[/not valid yet|issued in the future/, "the token is not valid yet: check the clocks"],
	[
		/invalid API key/,
		"the server does not know the token's API key: make the token with one of its keys",
	],
	[
		/cryptographic primitive|signature/,
		"the token's signature is wrong: make it with the secret of its API key on this server",
	],
	[/invalid authorization token/, "the token is malformed: give a LiveKit access token (a JWT)"],
	[/permissions? denied/, "the token does not allow to join: it needs the roomJoin grant"],
	[/no room name/, "the token names no room: make one with the room to join"],
	[
		/room does not exist/,
		"the room does not exist, and this server makes none on joining: create it first",
	],
];

/**
 * After a WebSocket that failed although the server was reached: `end` is how, `answer` what
 * `/validate` said (undefined when it gave no answer).
 */
export function refusal(
	endpoint: Endpoint,
	token: string,
	end: WebSocketEnd,
	answer: { status: number; body: string } | undefined,
): ConnectionError {
	const server = endpoint.authority + endpoint.path;
	if (end.location)
		return new ConnectionError(
			`${server} redirects to ${redactUrl(end.location).slice(0, 200)}: connect there`,
			WebSocketFailed,
			{ status: end.status },
		);
	if (!answer)
		return new ConnectionError(
			`${server} broke off: ${end.message}; is it a LiveKit server? If so, see its log`,
			end.status ? InternalError : ServerUnreachable,
			{ status: end.status },
		);
	const { status, body } = answer;
	const words = status === 200 ? said(end.body, token) : said(body, token);
	const known = REFUSALS.find((refusal) => refusal[0].test(body));
	if (status === 401 || status === 403 || (status < 500 && known))
		return new ConnectionError(
			known?.[1] ?? `the server refuses the token (HTTP ${status}${words}): make a new one`,
			NotAllowed,
			{ status },
		);
	if (status === 404)
		return new ConnectionError(
			`no LiveKit server at ${server} (HTTP 404): check the URL's path`,
			ServiceNotFound,
			{ status },
		);
	if (status === 200)
		return new ConnectionError(
			`${server} accepts the token but not the WebSocket: ${end.message}${words}; does a proxy stop it?`,
			end.status && end.status >= 500 ? InternalError : WebSocketFailed,
			{ status: end.status },
		);
	const what = `${server} refuses to connect: HTTP ${status}${words}; see its log, or try again later`;
	return new ConnectionError(what, InternalError, { status });
}

/** A server's words for an error line; livekit-server repeats the token in them. */
function said(body: string | undefined, token: string): string {
	const line = (body ?? "")
		.replaceAll(token, "…")
		.replace(/[\0-\x20]+/g, " ")
		.trim();
	return line ? `, "${line.slice(0, 200)}"` : "";
}

/** The name of an enum's value, or the number itself. */
export function nameOf(
	this: unknown,
	names: Readonly<Record<string, number>>,
	value: number,
): string {
	return Object.keys(names).find((name) => names[name] === value) ?? `${value}`;
}
