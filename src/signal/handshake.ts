/** The opening handshake of a WebSocket client, RFC 6455 section 4. */

import Base64 from "base64";
import { randomBytes } from "../platform/random";
import { encodeUtf8 } from "../platform/text";
import type { Endpoint } from "./Endpoint";
import type { HttpHead } from "./http";
import { sha1 } from "./sha1";

const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

export function makeKey(): string {
	return Base64.encode(new Uint8Array(randomBytes(16)));
}

/** `headers`: more header lines, each with its CRLF. */
export function upgradeRequest(
	endpoint: Endpoint,
	target: string,
	key: string,
	headers: string,
): string {
	return [
		`GET ${target} HTTP/1.1`,
		`Host: ${endpoint.authority}`,
		"Upgrade: websocket",
		"Connection: Upgrade",
		`Sec-WebSocket-Key: ${key}`,
		"Sec-WebSocket-Version: 13",
		`${headers}\r\n`,
	].join("\r\n");
}

/** What section 4.1 lets a client refuse in a 101 response; undefined when it is fine. */
export function upgradeFault(head: HttpHead, key: string): string | undefined {
	const header = (name: string) => head.headers.get(name) ?? "";
	if (header("upgrade").toLowerCase() !== "websocket") return "no Upgrade: websocket";
	if (!/(^|,)\s*upgrade\s*(,|$)/i.test(header("connection"))) return "no Connection: Upgrade";
	if (header("sec-websocket-accept") !== Base64.encode(sha1(encodeUtf8(key + GUID))))
		return "a wrong Sec-WebSocket-Accept";
	if (header("sec-websocket-extensions")) return "an extension that was not asked for";
	if (header("sec-websocket-protocol")) return "a subprotocol that was not asked for";
	return undefined;
}
