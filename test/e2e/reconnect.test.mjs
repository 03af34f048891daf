/** Connections that break, and come back, with a real server and real libwebrtc on the other side. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import {
	LeaveRequest_Action as Action,
	DisconnectReason,
	LeaveRequest,
	SignalResponse,
} from "@livekit/protocol";
import { writeWav } from "../../tools/lib/wav.mjs";
import { freeTcpPort, oldServers, startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { level, makePattern } from "./lib/analysis.mjs";
import { outFolder, startDevice } from "./lib/device.mjs";
import { disposePeers, Peer } from "./lib/peer.mjs";
import { forgeIcePassword, signalProxy, tcpProxy } from "./lib/proxies.mjs";
import { until } from "./lib/until.mjs";

const app = "test/e2e/apps/room";
const mic = join(outFolder, "pattern-reconnect.wav");

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-reconnect.log" });
	mkdirSync(outFolder, { recursive: true });
	writeWav(mic, 16_000, makePattern(16_000, 30));
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** @param {string} room @param {string} script @param {{ url?: string, on?: typeof server, ca?: string, tries?: boolean }} [options] */
async function device(room, script, { on = server, url = on.url, ...tls } = {}) {
	const token = await joinToken(on, { room, identity: "device" });
	return startDevice(`reconnect-${room}`, { url, token, seconds: 40, mic, script, ...tls }, app);
}

const telling =
	/^((?:signal)?(?:re)?connect(?:ed|ing)|disconnected|localTrack(?:Un)?published|participant(?:Dis)?connected)\b/i;

/** The events of the connection, of our tracks and of others, in order. @param {string} output */
const story = (output) => output.split("\n").flatMap((line) => telling.exec(line)?.[1] ?? []);

/** @param {ReturnType<typeof startDevice>} caller @param {string} event */
const seen = (caller, event) =>
	until(() => new RegExp(`^${event}\\b`, "m").test(caller.output()), event, 20_000);

const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe("a connection", { concurrency: 6 }, () => {
	describe("signalling that breaks", () => {
		it("and does not come back for a while is resumed: what was muted meanwhile is muted", async (t) => {
			const proxy = await tcpProxy(server.url);
			t.after(() => proxy.close());
			const peer = await Peer.join(server, "held", "peer");
			const caller = await device(
				"held",
				"mic,connect,wait signalReconnecting,mute,wait reconnected,wait participantDisconnected,disconnect",
				{ url: `ws://127.0.0.1:${proxy.port}` },
			);
			await until(() => peer.muted("device") === false, "the microphone");
			await seen(caller, "connected"); // the microphone is there sooner
			proxy.become("refuse");
			proxy.cut();
			await pause(1500);
			assert.equal(peer.muted("device"), false);
			proxy.become("pass");
			await until(() => peer.muted("device"), "the microphone to be muted");
			await peer.leave();
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
		});
	});

	describe("a server", () => {
		it("that is killed and started again has us back, and hears us", async (t) => {
			const first = await startServer({ log: "server-killed.log" });
			t.after(() => first.stop());
			const caller = await device("killed", "mic,connect,wait reconnected,wait 4000,disconnect", {
				on: first,
			});
			await seen(caller, "localTrackPublished");
			await pause(500);
			await first.kill();
			const second = await startServer({ log: "server-again.log", again: first });
			t.after(() => second.stop());
			const peer = await Peer.join(second, "killed", "peer");
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.ok(level(peer.heard("device")) > -40, "the peer did not hear the device");
			const told = story(output);
			// Signalling breaks first. Whether media is noticed before the server says that it does not know
			// us depends on when it is there again.
			const [lost, one, other, ...back] = told.slice(told.indexOf("signalReconnecting"), -2);
			assert.equal(lost, "signalReconnecting");
			assert.deepEqual([one, other].sort(), ["localTrackUnpublished", "reconnecting"]);
			// The peer may join after us. The order when somebody is there already is a unit's.
			assert.equal(back[0], "reconnected");
			assert.deepEqual(back.sort(), ["localTrackPublished", "participantConnected", "reconnected"]);
			await peer.leave();
		});
	});

	describe("regions of a cloud", {
		concurrency: 2,
		skip: oldServers && "all of a cloud's are new",
	}, () => {
		/**
		 * The cloud's own name, which is no server of rooms: it tells of regions.
		 * @param {import("node:test").TestContext} t @param {string[]} urls nearest first
		 */
		async function cloudOf(t, ...urls) {
			/** What it was asked for. @type {string[]} */
			const asked = [];
			const cloud = createServer((request, response) => {
				asked.push(`${request.url}`);
				if (request.url !== "/settings/regions") {
					response.writeHead(503).end();
					return;
				}
				const regions = urls.map((url, i) => ({ region: `r${i}`, url, distance: `${i}` }));
				response.writeHead(200, { "content-type": "application/json" });
				response.end(JSON.stringify({ regions }));
			});
			await once(cloud.listen(0, "127.0.0.1"), "listening");
			t.after(() => {
				cloud.closeAllConnections();
				cloud.close();
			});
			const { port } = /** @type {import("node:net").AddressInfo} */ (cloud.address());
			return { asked, url: `ws://127.0.0.1:${port}` };
		}
		/** @param {string} room @param {string} url @param {string} script @param {object} [more] */
		async function deviceAt(room, url, script, more) {
			const token = await joinToken(server, { room, identity: "device" }); // all regions take it
			const config = { url, token, seconds: 40, mic, regions: true, script, ...more };
			return startDevice(`reconnect-${room}`, config, app);
		}

		it("are tried in turn when media does not come up; the nearest first, when prepared", async (t) => {
			const broken = await signalProxy(server.url, forgeIcePassword);
			t.after(() => broken.close());
			const cloud = await cloudOf(t, `ws://127.0.0.1:${broken.port}`, server.url);
			const caller = await deviceAt(
				"regions-media",
				cloud.url,
				"mic,prepare,connect,wait 500,disconnect",
				{ peerConnectionTimeout: 1500 },
			);
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.deepEqual(story(output), [
				...["signalConnected", "signalConnected", "connected"],
				...["localTrackPublished", "localTrackUnpublished", "disconnected"],
			]);
			// Once by each of the two; the cloud itself was not joined.
			assert.deepEqual(cloud.asked, ["/settings/regions", "/settings/regions"]);
		});

		it("are tried in turn, at the first join and when all is joined anew", async (t) => {
			const one = await startServer({ log: "server-region-one.log", secret: server.secret });
			t.after(() => one.stop());
			const nobody = `ws://127.0.0.1:${await freeTcpPort()}`;
			const cloud = await cloudOf(t, nobody, one.url, server.url);
			const script = "mic,connect,wait reconnected,wait 500,disconnect";
			const caller = await deviceAt("regions", cloud.url, script);
			await seen(caller, "localTrackPublished");
			await one.kill();
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.deepEqual(story(output).slice(-4), [
				"reconnected",
				"localTrackPublished",
				"localTrackUnpublished",
				"disconnected",
			]);
			const asked = cloud.asked.filter((path) => path === "/settings/regions").length;
			assert.ok(asked >= 2, `asked ${asked} times`);
		});
	});

	describe("a server that is gone for good", () => {
		it("is given up when the policy says so: the reason is what was lost first", async (t) => {
			const gone = await startServer({ log: "server-gone.log" });
			t.after(() => gone.stop());
			const caller = await device("gone", "mic,connect,wait disconnected", {
				on: gone,
				tries: false,
			});
			await seen(caller, "localTrackPublished");
			await gone.kill();
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.match(output, /^disconnected 9$/m);
		});
	});

	describe("what a server can be asked to do to us", () => {
		/**
		 * What is waited for: the device has joined anew, or is out. Of "leave-full-reconnect" livekit-server
		 * knows nothing. @type {[string, string, RegExp][]}
		 */
		const scenarios = [
			["node-failure", "reconnected", /^reconnected(.|\n)*^localTrackPublished/m],
			["migration", "reconnected", /^reconnected(.|\n)*^localTrackPublished/m],
			["server-leave", "disconnected", /^disconnected 3$/m],
		];
		for (const [scenario, event, how] of scenarios) {
			it(scenario, async (t) => {
				const caller = await device(
					scenario,
					`mic,connect,wait localTrackPublished,wait 300,simulate ${scenario},wait ${event},wait 500,disconnect`,
				);
				const { status, output } = await caller.end();
				assert.equal(status, 0, output);
				t.diagnostic(story(output).join(" "));
				assert.match(output.slice(output.indexOf("localTrackPublished") + 1), how);
			});
		}
	});

	describe("a resume that breaks", () => {
		for (const scenario of [
			"disconnect-signal-on-resume",
			"disconnect-signal-on-resume-no-messages",
		]) {
			it(`is tried again: ${scenario}`, async (t) => {
				const proxy = await tcpProxy(server.url);
				t.after(() => proxy.close());
				const caller = await device(
					scenario.replace("disconnect-signal-", ""),
					`mic,connect,wait localTrackPublished,simulate ${scenario},wait reconnected,wait 1500,disconnect`,
					{ url: `ws://127.0.0.1:${proxy.port}` },
				);
				await seen(caller, "localTrackPublished");
				await pause(300);
				proxy.cut();
				const { status, output } = await caller.end();
				assert.equal(status, 0, output);
				// Whether the app hears of it twice depends on whether the server took the first try.
				assert.match(story(output).join(" "), /ed( signalReconnecting reconnected)+ localTrackUn/);
			});
		}
	});

	describe("the last word", () => {
		/** What the server says, and what becomes of a call. @type {[string, Partial<LeaveRequest>, RegExp][]} */
		const words = [
			["resume", { action: Action.RESUME }, /^localTrackPublished signalReconnecting reconnected$/],
			[
				"reconnect",
				{ action: Action.RECONNECT },
				/^localTrackPublished localTrackUnpublished reconnecting reconnected localTrackPublished$/,
			],
			[
				"disconnect",
				{ action: Action.DISCONNECT, reason: DisconnectReason.ROOM_CLOSED },
				/^localTrackPublished localTrackUnpublished disconnected$/,
			],
		];
		for (const [word, leave, becomes] of words) {
			it(`is to ${word}`, async (t) => {
				const proxy = await signalProxy(server.url, (response) => response);
				t.after(() => proxy.close());
				const event = word === "disconnect" ? "disconnected" : "reconnected";
				const caller = await device(
					`leave-${word}`,
					`mic,connect,wait ${event},wait 500,disconnect`,
					{ url: `ws://127.0.0.1:${proxy.port}` },
				);
				await seen(caller, "localTrackPublished");
				proxy.say(
					new SignalResponse({ message: { case: "leave", value: new LeaveRequest(leave) } }),
				);
				const { output } = await caller.end();
				const told = story(output);
				const end = word === "disconnect" ? undefined : -2;
				assert.match(told.slice(told.indexOf("localTrackPublished"), end).join(" "), becomes);
				if (word === "disconnect") assert.match(output, /^disconnected 10$/m);
			});
		}

		it("is that somebody else is us now", async () => {
			const caller = await device("twice", "mic,connect,wait disconnected,wait 1000");
			await seen(caller, "localTrackPublished");
			const other = await Peer.join(server, "twice", "device");
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.match(output, /^disconnected 2$/m);
			assert.deepEqual(story(output).slice(-1), ["disconnected"]); // and nothing after it
			assert.deepEqual(other.others, []);
			await other.leave();
		});

		it("is that the token is not taken any more", async (t) => {
			const first = await startServer({ log: "server-forbids.log" });
			t.after(() => first.stop());
			const caller = await device("forbidden", "mic,connect,wait disconnected,wait 1000", {
				on: first,
			});
			await seen(caller, "localTrackPublished");
			await first.kill();
			const secret = "another one that nobody has a token of".padEnd(40);
			const second = await startServer({ log: "server-forbids-2.log", again: first, secret });
			t.after(() => second.stop());
			const { status, output } = await caller.end();
			assert.equal(status, 0, output);
			assert.match(output, /^disconnected 7$/m);
			assert.deepEqual(story(output).slice(-1), ["disconnected"]);
		});
	});
});
