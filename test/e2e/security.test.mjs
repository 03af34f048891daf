/** Who the device talks to: nobody whose certificate is not the announced one. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level } from "./lib/analysis.mjs";
import { makeCertificates } from "./lib/certificates.mjs";
import { outFolder, startDevice } from "./lib/device.mjs";
import { disposePeers, Peer } from "./lib/peer.mjs";
import { forgeFingerprint, signalProxy, tlsProxy } from "./lib/proxies.mjs";

const mic = "test/fixtures/speech-16k.wav";
const seconds = 4;

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
/** @type {ReturnType<typeof makeCertificates>} */
let certificates;

before(async () => {
	server = await startServer({ log: "server-security.log" });
	const folder = join(outFolder, "certificates");
	mkdirSync(folder, { recursive: true });
	certificates = makeCertificates(folder);
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

describe("media", () => {
	it("never flows to a peer with another fingerprint than the answer's", async () => {
		const proxy = await signalProxy(server.url, forgeFingerprint);
		const peer = await Peer.join(server, "forged", "peer");
		try {
			const device = startDevice("forged", {
				url: `ws://127.0.0.1:${proxy.port}`,
				token: await joinToken(server, { room: "forged", identity: "device" }),
				seconds,
				mic,
			});
			const { status, output } = await device.end(30_000);
			assert.notEqual(status, 0, output);
			assert.match(
				output,
				/^the media connection failed: .*fingerprint; the signalling was changed/m,
			);
			assert.ok(level(peer.heard("device")) < -60, "the peer heard the device");
		} finally {
			await peer.leave();
			await proxy.close();
		}
	});

	it("flows through the same proxy when it changes nothing", async () => {
		const proxy = await signalProxy(server.url, (response) => response);
		const peer = await Peer.join(server, "honest", "peer");
		try {
			const device = startDevice("honest", {
				url: `ws://127.0.0.1:${proxy.port}`,
				token: await joinToken(server, { room: "honest", identity: "device" }),
				seconds,
				mic,
			});
			const { status, output } = await device.end();
			assert.equal(status, 0, output);
			assert.ok(level(peer.heard("device")) > -40, "the peer did not hear the device");
		} finally {
			await peer.leave();
			await proxy.close();
		}
	});
});

describe("wss", () => {
	/** @param {string} name @param {Record<string, string | boolean>} config */
	async function callThrough(name, config) {
		const proxy = await tlsProxy(server.url, certificates);
		try {
			const device = startDevice(name, {
				url: `wss://localhost:${proxy.port}`,
				token: await joinToken(server, { room: name, identity: "device" }),
				seconds: 2,
				mic,
				...config,
			});
			return await device.end();
		} finally {
			await proxy.close();
		}
	}

	it("passes with the private CA that is given", async () => {
		const { status, output } = await callThrough("wss-ca", {
			ca: readFileSync(certificates.ca, "utf8"),
		});
		assert.equal(status, 0, output);
	});

	it("fails with an unknown CA, and says so", async () => {
		const { status, output } = await callThrough("wss-unknown", {});
		assert.notEqual(status, 0, output);
		assert.match(output, /^certificate of localhost: .*unknown issuer; give its CA/m);
	});

	it("passes unchecked when told so, and is loud about it", async () => {
		const { status, output } = await callThrough("wss-insecure", { insecure: true });
		assert.equal(status, 0, output);
		assert.match(output, /^WARNING: the certificate of localhost:\d+ is NOT checked/m);
	});
});
