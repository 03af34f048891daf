/** A LiveKit server that behaves, well or badly, as the token's text says. */

import { once } from "node:events";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { JoinRequest, SignalRequest, SignalResponse, WrappedJoinRequest } from "@livekit/protocol";
import { WebSocketServer } from "ws";

const JOIN = {
	room: { sid: "RM_1", name: "room 😀" },
	participant: { sid: "PA_1", identity: "device", attributes: { "lk.😀": "☂" } },
	pingInterval: 1,
	pingTimeout: 2,
};

/** After the upgrade. `send` takes a SignalResponse's message as {case, value}. */
const SOCKETS = {
	join: (send) => {
		send("join", JOIN);
		send("answer", { type: "answer", sdp: "v=0", id: 1 });
		send("trickle", { candidateInit: "{}", target: 0 });
	},
	record: (send, { request }) => {
		const url = new URL(request.url, "http://x");
		const wrapped = WrappedJoinRequest.fromBinary(
			Buffer.from(url.searchParams.get("join_request") ?? "", "base64url"),
		);
		const join = JoinRequest.fromBinary(wrapped.joinRequest).toJson();
		const { authorization } = request.headers;
		send("join", JOIN);
		url.searchParams.delete("join_request");
		const query = Object.fromEntries(url.searchParams);
		send("refreshToken", JSON.stringify({ join, query, path: url.pathname, authorization }));
	},
	deaf: (send) => send("join", { ...JOIN, pingTimeout: 1 }),
	"bad-messages": (send, { socket }) => {
		send("join", JOIN);
		socket.send(Buffer.from("ffffffffff", "hex"));
		socket.send('{"refreshToken":"as text"}');
		socket.send(Buffer.alloc(70000));
		send("refreshToken", "still here");
	},
	"no-message": () => {},
	"leave-first": (send) => send("leave", { reason: 3 }),
	"other-first": (send) => send("refreshToken", "x"),
	"malformed-first": (_send, { socket }) => socket.send(Buffer.from("0a", "hex")),
	"huge-first": (_send, { socket }) => socket.send(Buffer.alloc(70000)),
	"stop-mid-join": (_send, { socket }) => socket.terminate(),
	"close-later": (send, { socket }) => {
		send("join", JOIN);
		setTimeout(() => socket.close(1001, "restarting"), 50);
	},
	"drop-later": (send, { socket }) => {
		send("join", JOIN);
		setTimeout(() => socket.terminate(), 50);
	},
};

/** For the upgrade and for /validate: status and body. */
const REFUSALS = {
	expired: [
		401,
		(token) => `invalid token: ${token}, error: validation failed, token is expired (exp)`,
	],
	unknown: [401, (token) => `go away with ${token}`],
	forbidden: [403, () => "permissions denied"],
	"no-room": [404, () => "requested room does not exist"],
	"not-livekit": [404, () => "<html>not found</html>"],
	"too-many": [429, () => "limit exceeded"],
	broken: [500, () => "internal"],
};

/** @param {{ key: string, cert: string }} [tls] */
export async function startFakeLiveKit(tls) {
	/** @type {{ validations: string[], leaves: number[] }} */
	const seen = { validations: [], leaves: [] };
	const server = tls ? createSecureServer(tls) : createServer();
	server.on("request", (request, response) => {
		const token = tokenOf(request);
		seen.validations.push(token);
		if (token === "drop-all") return request.socket.destroy();
		if (request.url === "/seen") return response.end(JSON.stringify(seen));
		const [status, body] = REFUSALS[token] ?? [200, () => "success"];
		response.writeHead(status).end(body(token));
	});
	const sockets = new WebSocketServer({ noServer: true });
	server.on("upgrade", (request, socket, head) => {
		const token = tokenOf(request);
		socket.on("error", () => {});
		if (token === "silent") return;
		if (token === "redirect")
			return socket.end(
				"HTTP/1.1 307 X\r\nLocation: wss://else.where/\r\nContent-Length: 0\r\n\r\n",
			);
		const refusal = REFUSALS[token];
		if (refusal) {
			const body = refusal[1](token);
			return socket.end(
				`HTTP/1.1 ${refusal[0]} X\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
			);
		}
		if (!SOCKETS[token]) return socket.destroy();
		sockets.handleUpgrade(request, socket, head, (webSocket) => {
			const send = (kind, value) =>
				webSocket.send(new SignalResponse({ message: { case: kind, value } }).toBinary());
			webSocket.on("error", () => {});
			if (token !== "deaf")
				webSocket.on("message", (data) => answer(SignalRequest.fromBinary(data), send, seen));
			SOCKETS[token](send, { socket: webSocket, request });
		});
	});
	await once(server.listen(0, "127.0.0.1"), "listening");
	const { port } = /** @type {import("node:net").AddressInfo} */ (server.address());
	return {
		port: String(port),
		close() {
			server.close();
			server.closeAllConnections();
			for (const socket of sockets.clients) socket.terminate();
		},
	};
}

const tokenOf = (request) => (request.headers.authorization ?? "").replace("Bearer ", "");

function answer({ message }, send, seen) {
	const { value } = message;
	if (message.case === "pingReq")
		send("pongResp", { lastPingTimestamp: value.timestamp, timestamp: BigInt(Date.now()) });
	else if (message.case === "addTrack")
		send("trackPublished", { cid: value.cid, track: { sid: "TR_1" } });
	else if (message.case === "updateMetadata" && value.name !== "unanswered")
		send("requestResponse", { requestId: value.requestId, reason: 2, message: "no" });
	else if (message.case === "leave") seen.leaves.push(value.reason);
}
