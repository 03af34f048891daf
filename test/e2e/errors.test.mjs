/** What goes wrong says so in one clear line, ends with a status, and ends. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { buildApp, runApp } from "../../tools/app/run.mjs";
import { build } from "../../tools/lib/paths.mjs";
import { freeTcpPort, startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startDevice } from "./lib/device.mjs";
import { deafServer, fakeServer, httpServer, signalProxy } from "./lib/proxies.mjs";

/** @typedef {{ url: string, token: string, mic?: string, speaker?: string, close?: () => Promise<void> }} Case */

const mic = "test/fixtures/speech-16k.wav";
const limit = 25_000; // ms, beyond all the timeouts that a join has

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-errors.log" });
});
after(() => server?.stop());

const goodToken = () => joinToken(server, { room: "errors", identity: "device" });

/** @param {number} status @param {string} body @returns {Promise<Case>} */
async function answering(status, body) {
	const { port, close } = await httpServer(status, body);
	return { url: `ws://127.0.0.1:${port}`, token: await goodToken(), close };
}

/** @param {(socket: import("node:net").Socket) => void} act @returns {Promise<Case>} */
async function acting(act) {
	const { port, close } = await fakeServer(act);
	return { url: `ws://127.0.0.1:${port}`, token: await goodToken(), close };
}

/** name, what is wrong, what the line must say @type {[string, () => Promise<Case>, RegExp][]} */
const cases = [
	[
		"a name that does not resolve",
		async () => ({ url: "ws://nowhere.invalid", token: await goodToken() }),
		/nowhere\.invalid.*; check the URL and the network$/,
	],
	[
		"a refused connection",
		async () => ({ url: `ws://127.0.0.1:${await freeTcpPort()}`, token: await goodToken() }),
		/^nothing listens at 127\.0\.0\.1:\d+: start the server or check the URL's port$/,
	],
	[
		"an address nobody answers at",
		async () => {
			const { port, close } = await deafServer();
			return { url: `ws://127.0.0.1:${port}`, token: await goodToken(), close };
		},
		/^no answer from 127\.0\.0\.1:\d+ .*: check the URL and the network$/,
	],
	[
		"a TLS handshake with what speaks none",
		async () => ({ url: server.url.replace("ws:", "wss:"), token: await goodToken() }),
		/TLS.*; check the URL and the TLS options$/,
	],
	["HTTP 401", () => answering(401, "invalid API key"), /API key: make the token with one/],
	["HTTP 403", () => answering(403, "not for you"), /403.*not for you.*: make a new one$/],
	["HTTP 404", () => answering(404, "no such page"), /404.*: check the URL's path$/],
	["HTTP 500", () => answering(500, "out of order"), /500.*out of order.*; see its log, or try/],
	[
		"a malformed token",
		async () => ({ url: server.url, token: "not.a.token" }),
		/^the token is malformed: give a LiveKit access token \(a JWT\)$/,
	],
	[
		"an expired token",
		async () => ({
			url: server.url,
			token: await joinToken(server, { room: "errors", identity: "device", ttl: -3600 }),
		}),
		/^the token has expired: make a new one$/,
	],
	[
		"a token with another secret",
		async () => ({
			url: server.url,
			token: await joinToken({ ...server, secret: "x".repeat(32) }, { room: "r", identity: "d" }),
		}),
		/^the token's signature is wrong: make it with the secret of its API key on this server$/,
	],
	[
		"a server that takes the connection and says nothing",
		() => acting(() => {}),
		/no answer.*: check the URL/,
	],
	[
		"a server that drops the connection in the handshake",
		() => acting((socket) => socket.once("data", () => socket.destroy())),
		/(closed|dropped|reset).*; is it a LiveKit server\?/,
	],
	[
		"a server that is gone in the middle of the join",
		async () => {
			const own = await startServer({ log: "server-mid-join.log" });
			const proxy = await signalProxy(own.url, (response) => {
				if (response.message.case === "join") proxy.close();
				return undefined;
			});
			return {
				url: `ws://127.0.0.1:${proxy.port}`,
				token: await joinToken(own, { room: "errors", identity: "device" }),
				close: () => own.stop(),
			};
		},
		/^the server stopped before the join was done: .*; try again, or see its log$/,
	],
	[
		"a microphone file that is not there",
		async () => ({ url: server.url, token: await goodToken(), mic: "no-such-file.wav" }),
		/no-such-file\.wav/,
	],
	[
		"a speaker that cannot be opened",
		async () => ({ url: server.url, token: await goodToken(), speaker: "no/such/folder/x.wav" }),
		/^speaker file no\/such\/folder\/x\.wav: there is no folder .*: mkdir -p no\/such\/folder$/,
	],
];

it("Ctrl-C before the call has begun is said in a user's words, on stderr", async () => {
	const { port, close } = await fakeServer(() => {});
	const folder = mkdtempSync(join(build, "interrupt-"));
	try {
		const config = { url: `ws://127.0.0.1:${port}`, token: await goodToken(), mic };
		const description = buildApp("examples/voice-agent/manifest.json", {
			outDir: folder,
			config: { ...config, speaker: join(folder, "out.wav") },
		});
		const device = runApp(description, { state: folder, stdio: ["ignore", "ignore", "pipe"] });
		let errors = "";
		device.stderr?.setEncoding("utf8").on("data", (text) => {
			errors += text;
		});
		setTimeout(() => device.kill("SIGINT"), 1000);
		const [status] = await once(device, "close");
		assert.equal(errors, "stopped before the call had begun\n");
		assert.equal(status, 1);
	} finally {
		rmSync(folder, { recursive: true });
		await close();
	}
});

// Side by side: two of them wait for 15 s.
describe("one clear line for", { concurrency: 3 }, () => {
	for (const [name, make, expected] of cases) {
		it(name, { timeout: 2 * limit }, async () => {
			const { close, ...config } = await make();
			try {
				const device = startDevice(`error-${name.replaceAll(" ", "-")}`, {
					mic,
					seconds: 2,
					...config,
				});
				const { status, output } = await device.end(limit);
				assert.notEqual(status, 0, `ended well:\n${output}`);
				assert.ok(status > 0, `died of a signal:\n${output}`);
				assert.match(output.trimEnd(), expected);
				assert.equal(output.trimEnd().split("\n").length, 1, `one line in:\n${output}`);
				assert.ok(!output.includes(config.token), "the token is in the output");
			} finally {
				await close?.();
			}
		});
	}

	it("HTTP 404 where an app has nothing for older servers", { timeout: 2 * limit }, async () => {
		const { close, ...config } = await answering(404, "no such page");
		try {
			const device = startDevice(
				"error-404-voice",
				{ mic, seconds: 2, ...config },
				"examples/minimal",
			);
			const { status, output } = await device.end(limit);
			assert.notEqual(status, 0);
			assert.match(output, /ConnectionError: .*404.*: check the URL's path$/m);
		} finally {
			await close?.();
		}
	});
});
