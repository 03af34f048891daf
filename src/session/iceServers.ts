/** STUN and TURN servers: RTCIceServer (W3C WebRTC) with the URLs of RFC 7064 and RFC 7065. */

import type { IceServer } from "webrtc-native/webrtc";

export interface RTCIceServer {
	urls: string | readonly string[];
	username?: string;
	credential?: string;
}

/** The members of RTCConfiguration that a device has. */
export interface RTCConfiguration {
	/** Instead of those that the server names. */
	iceServers?: readonly RTCIceServer[];
	/** "relay": media goes by TURN servers only; "all" by default. */
	iceTransportPolicy?: "all" | "relay";
}

/** Each costs a look-up and a few packets; one room's servers are fewer. */
const MAX = 6;
const MAX_TEXT = 256;

const URL =
	/^(stuns?|turns?):(\[[0-9A-Fa-f:.]+\]|[^:?[\]/@#\s]+)(?::([0-9]{1,5}))?(?:\?transport=(udp|tcp))?$/i;

/** What can be used of them, in their order; `onSkip` is told why another URL is not. */
export function parseIceServers(
	this: unknown,
	servers: readonly RTCIceServer[],
	onSkip: (reason: string) => void,
): IceServer[] {
	const out: IceServer[] = [];
	servers.forEach(({ urls, username = "", credential = "" }) => {
		const list = typeof urls === "string" ? [urls] : urls;
		list.forEach((url) => {
			const parsed = parseIceUrl(url);
			if (typeof parsed === "string") onSkip(`${parsed}: ${url}`);
			else if (parsed.turn && !(username && credential)) onSkip(`no credentials for ${url}`);
			else if (tooLong(username) || tooLong(credential)) onSkip(`too long credentials for ${url}`);
			else if (out.length === MAX) onSkip(`more than ${MAX} servers`);
			else out.push(parsed.turn ? { ...parsed, username, credential } : parsed);
		});
	});
	return out;
}

/** A server, or why it is none for us. */
export function parseIceUrl(this: unknown, url: string): IceServer | string {
	const parts = URL.exec(url);
	if (!parts || parts[2].length > 255) return "malformed URL";
	const scheme = parts[1];
	const port = parts[3];
	const transport = (parts[4] ?? "").toLowerCase();
	const turn = /^turn/i.test(scheme);
	const secure = /s$/i.test(scheme);
	const host = parts[2].replace(/^\[|\]$/g, "");
	if (!turn && (secure || transport)) return "only STUN over UDP is supported";
	if (secure && transport === "udp") return "TURN over DTLS is not supported";
	const number = port ? Number(port) : secure ? 5349 : 3478;
	if (number < 1 || number > 0xffff) return "malformed URL";
	const over = secure ? "tls" : transport === "tcp" ? "tcp" : "udp";
	return { turn, transport: over, host, port: number };
}

/** In bytes it may be three times as long; C looks again. */
const tooLong = (text: string): boolean => text.length > MAX_TEXT;
