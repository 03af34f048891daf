/** What npm start does with its options, and what it leaves behind: nothing. */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { after, before, describe, it } from "node:test";
import { logs } from "../../tools/lib/paths.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { makeCertificates } from "./lib/certificates.mjs";
import { outFolder } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { tlsProxy } from "./lib/proxies.mjs";
import { start } from "./lib/start.mjs";
import { until } from "./lib/until.mjs";

describe("npm start", () => {
	// At the same time: each has a server, an agent and logs of its own.
	describe("leaves nothing behind", { concurrency: true }, () => {
		for (const signal of /** @type {const} */ (["SIGINT", "SIGKILL"])) {
			it(`after ${signal}`, async () => {
				const speaker = joinPath(outFolder, `ended-${signal}.wav`);
				const run = start(["--seconds", "60", "--speaker", speaker]);
				await until(() => /joined/i.test(run.output()), "the call", 30_000);
				assert.ok(run.left().length >= 4, "server, agent, device and itself");
				const log = (/** @type {string} */ name) =>
					readFileSync(joinPath(logs, `run-${run.child.pid}-start`, `${name}.log`), "utf8");
				assert.match(log("agent"), /^ready$/m);
				assert.match(log("server"), /starting LiveKit server/);
				run.child.kill(signal);
				await until(() => run.left().length === 0, "the end of all processes", 8000);
				assert.notEqual(await run.ended, 0);
			});
		}
	});

	describe("with --url and --token", () => {
		/** @type {import("../../tools/server/server.mjs").Server} */
		let server;
		before(async () => {
			server = await startServer({ log: "server-start.log" });
		});
		after(async () => {
			await server?.stop();
			await disposePeers();
		});

		/** @param {string} room @param {string} url @param {string[]} [more] */
		async function join(room, url, more = []) {
			const token = await joinToken(server, { room, identity: "device" });
			const speaker = joinPath(outFolder, `${room}.wav`);
			const call = ["--url", url, "--seconds", "3", "--speaker", speaker, ...more];
			const run =
				more.length > 0 // the token both ways
					? start(call, { LIVEKIT_TOKEN: token })
					: start([...call, "--token", token]);
			const status = await run.ended;
			assert.deepEqual(run.left(), []);
			assert.ok(!run.output().includes(token), "the token is in the output");
			return { status, output: run.output() };
		}

		/** @param {Peer} peer */
		async function talk(peer) {
			const say = await peer.publish(peerRate);
			await until(() => peer.others.includes("device"), "the device to join");
			await say(new Int16Array(4 * peerRate).map((_, i) => (i % 100 < 50 ? 3000 : -3000)));
		}

		it("calls that server's agent", async () => {
			const peer = await Peer.join(server, "url", "agent");
			const [{ status, output }] = await Promise.all([join("url", server.url), talk(peer)]);
			assert.equal(status, 0, output);
			await peer.leave();
		});

		it("calls through TLS with the CA that is given", async () => {
			const folder = joinPath(outFolder, "start-certificates");
			mkdirSync(folder, { recursive: true });
			const certificates = makeCertificates(folder);
			const proxy = await tlsProxy(server.url, certificates);
			const peer = await Peer.join(server, "url-tls", "agent");
			const url = `wss://localhost:${proxy.port}`;
			const call = join("url-tls", url, ["--ca", certificates.ca]);
			const [{ status, output }] = await Promise.all([call, talk(peer)]);
			assert.equal(status, 0, output);
			await peer.leave();
			await proxy.close();
		});

		it("fails when nobody says anything", async () => {
			const peer = await Peer.join(server, "url-silent", "agent");
			const { status, output } = await join("url-silent", server.url);
			assert.equal(status, 1, output);
			assert.match(output, /^error: nobody in the room was heard/m);
			await peer.leave();
		});
	});

	for (const [args, expected] of /** @type {[string[], RegExp][]} */ ([
		[["--nonsense"], /--nonsense/],
		[["--mic", "no-such-file.wav"], /no-such-file\.wav/],
		[["--mic", "package.json"], /package\.json.*WAV/],
		[["--mic", "test"], /--mic test: no such file/],
		[["--speaker", "package.json/x.wav"], /--speaker .*package\.json/],
		[["--speaker", "test"], /--speaker .*test: cannot be written/],
		[["--speaker", "/proc/nobody/x.wav"], /--speaker .*x\.wav: cannot be written/],
		[["--report", "test"], /--report .*test: cannot be written/],
		[["--seconds", "0"], /--seconds 0/],
		[["--seconds", "86401"], /at most 86400/],
		[["--board", "toaster"], /toaster/],
		[["--url", "ws://127.0.0.1:1"], /--token/],
		[["--url", "ftp://u:secret@h/?access_token=secret", "--token", "secret"], /ftp:\/\/h: /],
		[["--url", "secret", "--token", "secret"], /--url: must be/],
	])) {
		it(`refuses ${args.join(" ")} in one line`, { timeout: 20_000 }, async () => {
			const run = start(args);
			assert.equal(await run.ended, 1);
			assert.match(run.output(), expected);
			assert.equal(run.output().trim().split("\n").length, 1);
			assert.doesNotMatch(run.output(), /secret/);
		});
	}
});
