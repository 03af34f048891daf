/** npm start, as a user runs it. */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join as joinPath } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../../tools/lib/paths.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { clicks, compare } from "./lib/analysis.mjs";
import { makeCertificates } from "./lib/certificates.mjs";
import { outFolder } from "./lib/device.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { processesWith } from "./lib/processes.mjs";
import { tlsProxy } from "./lib/proxies.mjs";
import { until } from "./lib/until.mjs";

/** @param {string[]} args @param {NodeJS.ProcessEnv} [env] */
function start(args, env) {
	// All that it starts inherits this, so that we find what it leaves behind.
	const mark = randomUUID();
	const child = spawn(process.execPath, ["tools/start.mjs", ...args], {
		cwd: root,
		env: { ...process.env, ...env, LIVEKIT_XS_MARK: mark },
		stdio: ["ignore", "pipe", "pipe"],
	});
	let output = "";
	for (const stream of [child.stdout, child.stderr]) {
		stream.setEncoding("utf8").on("data", (text) => {
			output += text;
		});
	}
	const ended = new Promise((resolve) => child.once("close", resolve));
	return {
		child,
		output: () => output,
		/** @type {Promise<number | null>} */ ended,
		left: () => processesWith(mark),
	};
}

describe("npm start", () => {
	it("makes a call, plays the echo of what was said, and leaves nothing behind", async (t) => {
		const [speaker, report] = [joinPath(outFolder, "start.wav"), joinPath(outFolder, "start.json")];
		const run = start(["--speaker", speaker, "--report", report]);
		assert.equal(await run.ended, 0, run.output());
		assert.deepEqual(run.left(), []);

		const said = readWav(joinPath(root, "test/fixtures/speech-16k.wav"));
		const heard = readWav(speaker);
		assert.equal(heard.rate, said.rate);
		const { likeness, speed, delay } = compare(said.samples, heard.samples, said.rate);
		t.diagnostic(
			`likeness ${likeness.toFixed(2)}, speed ${speed.toFixed(4)}, delay ${delay.toFixed(2)} s`,
		);
		assert.ok(likeness > 0.7, `likeness ${likeness}`);
		assert.ok(Math.abs(speed - 1) < 0.005, `speed ${speed}`);
		assert.ok(delay > 0.5 && delay < 3, `the echo came after ${delay} s`);
		assert.ok(
			clicks(heard.samples, heard.rate).length <= clicks(said.samples, said.rate).length,
			"clicks that were not in what was said",
		);

		const { timeline, peer, xs, peakRss } = JSON.parse(readFileSync(report, "utf8"));
		for (const name of [
			"joined",
			"ice",
			"dtls",
			"dataReady",
			"firstPacketOut",
			"firstPacketIn",
			"firstSoundOut",
		]) {
			assert.ok(timeline[name] > 0, `${name} is missing in ${JSON.stringify(timeline)}`);
		}
		assert.equal(timeline.connect, 0);
		// 50 packets a second for the sentence's seconds and more, each way.
		const packets = 50 * (said.samples.length / said.rate);
		for (const name of ["rtpIn", "rtpOut", "srtpInPackets", "srtpOutPackets"]) {
			assert.ok(peer[name] > 0.8 * packets, `${name}: ${peer[name]} of ${packets}`);
		}
		for (const name of ["framesEncoded", "framesDecoded"]) {
			assert.ok(peer[name] > 0.8 * packets, `${name}: ${peer[name]} of ${packets}`);
		}
		for (const way of ["In", "Out"]) {
			assert.ok(peer[`bytes${way}`] > peer[`rtpPayload${way}`], `bytes${way}`);
			assert.ok(peer[`rtpPayload${way}`] > 10 * packets, `rtpPayload${way}`);
			assert.equal(peer[`srtp${way}Authentication`], 0);
		}
		for (const name of ["lost", "remoteLost"]) {
			assert.ok(peer[name] >= 0 && peer[name] < 0.05 * packets, `${name}: ${peer[name]}`);
		}
		assert.ok(xs.chunkBytes > 10_000 && xs.chunkBytesPeak >= xs.chunkBytes, JSON.stringify(xs));
		assert.ok(xs.slots > 1_000 && xs.slotsPeak >= xs.slots, JSON.stringify(xs));
		assert.ok(peakRss > 1e6 && peakRss < 1e9, `${peakRss} bytes`);
	});

	it("reaches the call in under 5 s when the set-up is done", async () => {
		const begin = performance.now();
		const run = start(["--seconds", "2", "--speaker", joinPath(outFolder, "second.wav")]);
		await until(() => /joined/i.test(run.output()), `the call; it said: ${run.output()}`, 5000);
		assert.ok(performance.now() - begin < 5000);
		await run.ended;
		assert.deepEqual(run.left(), []);
	});

	for (const signal of /** @type {const} */ (["SIGINT", "SIGKILL"])) {
		it(`leaves nothing behind after ${signal}`, async () => {
			const run = start(["--seconds", "60", "--speaker", joinPath(outFolder, "ended.wav")]);
			await until(() => /joined/i.test(run.output()), "the call");
			assert.ok(run.left().length >= 4, "server, agent, device and itself");
			run.child.kill(signal);
			await until(() => run.left().length === 0, "the end of all processes", 8000);
			assert.notEqual(await run.ended, 0);
		});
	}

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
