/**
 * Paths through a network: each is the one that is used when all better ones are blocked. The server
 * names the TURN servers, and the device is told nothing but whom to trust. In three laboratories, side by
 * side; all are there before the first call: a relay that waits for a processor takes its time.
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { root } from "../../tools/lib/paths.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { oldServers, startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { startEchoAgent } from "../e2e/lib/agent.mjs";
import { compare } from "../e2e/lib/analysis.mjs";
import { startDevice } from "../e2e/lib/device.mjs";
import { until } from "../e2e/lib/until.mjs";
import { startCoturn } from "./coturn.mjs";
import { createLab, labRefusal } from "./lab.mjs";
import { pause } from "./lib.mjs";

const skip = await labRefusal();
const speech = join(root, "test/fixtures/speech-16k.wav");
/** Two peer connections: pion, which chooses one's path, waits 2 s before it takes a relay. */
const [deaf, seconds] = oldServers ? [2.5, 6.5] : [0, 4];
const noUdp = Object.freeze({ delay: 10, blockUdp: true });

/**
 * A laboratory with both servers and an agent in each of `rooms`, from start() to stop().
 * @param {string} name of logs @param {readonly string[]} rooms
 * @param {{ redirects?: boolean, options?: string[] }} [relay] coturn's
 */
function network(name, rooms, relay = {}) {
	/** @type {Awaited<ReturnType<typeof createLab>>} */
	let lab;
	/** @type {import("../../tools/server/server.mjs").Server} */
	let server;
	/** @type {Awaited<ReturnType<typeof startCoturn>>} */
	let coturn;
	/** @type {import("../../tools/lib/background.mjs").Background[]} */
	let agents = [];
	const start = async () => {
		lab = await createLab({ seed: 31 });
		await lab.set({ delay: 10 });
		const options = ["--verbose", ...(relay.options ?? [])]; // it says when an allocation ends
		coturn = await startCoturn({ ...relay, host: lab.server, name: `coturn-${name}`, options });
		const rtc = {
			turn_servers: coturn.turnServers("tls", "tcp", "udp"),
			stun_servers: [coturn.stunServer],
		};
		server = await startServer({ log: `server-${name}.log`, host: lab.server, rtc });
		agents = await Promise.all(rooms.map((room) => startEchoAgent(server, room, lab.server)));
	};
	const stop = async () => {
		await Promise.all(agents.map((agent) => agent.stop()));
		await server?.stop();
		await coturn?.stop();
		await lab?.close();
	};

	/**
	 * A call with the agent of `room`, in which both hear the other.
	 * @param {import("node:test").TestContext} t @param {string} room
	 */
	async function call(t, room) {
		const token = await joinToken(server, { room, identity: "device" });
		const config = { url: server.url, token, seconds, mic: speech, ca: coturn.ca };
		const device = startDevice(`paths-${room}`, config, "examples/voice-agent", lab.device);
		const { status, output, report } = await device.end();
		assert.equal(status, 0, output);
		const { path, timeline, peer } = report;
		const said = readWav(speech);
		const heard = readWav(device.speaker);
		const begin = said.samples.subarray(deaf * said.rate, (seconds - 2) * said.rate);
		const { likeness } = compare(begin, heard.samples, said.rate);
		const ice = Math.round(timeline.ice - timeline.joined);
		t.diagnostic(JSON.stringify({ ...path, ice, likeness }));
		assert.ok(likeness > 0.5, `likeness ${likeness}`);
		return { path, ice, peer, output };
	}
	return {
		start,
		stop,
		call,
		get lab() {
			return lab;
		},
		get server() {
			return server;
		},
		get coturn() {
			return coturn;
		},
	};
}

const inTurn = Object.freeze({ skip, concurrency: false });

describe("paths through a network", { skip, concurrency: true }, () => {
	const udp = network("paths-udp", ["udp", "srflx", "turn-udp"], { redirects: true });
	const tcp = network("paths-tcp", ["tcp", "turn-tcp", "turn-tls"]);
	// Allocations are refreshed after half of 6 s, and a nonce is stale after one.
	const impatient = { options: ["--max-allocate-lifetime=6", "--stale-nonce=1"] };
	const other = network("paths-other", [], impatient);
	before(() => Promise.all([udp, tcp, other].map((net) => net.start())));
	after(() => Promise.all([udp, tcp, other].map((net) => net.stop())));

	describe("when UDP passes", inTurn, () => {
		const net = udp;
		const { call } = net;

		it("straight over UDP", async (t) => {
			const { path, ice } = await call(t, "udp");
			assert.deepEqual([path.candidateType, path.protocol], ["host", "udp"]);
			assert.ok(ice < 100, `a path after ${ice} ms`);
		});

		it("over UDP through a NAT, as the STUN server sees it", async (t) => {
			await net.lab.nat("port-restricted");
			const { path } = await call(t, "srflx");
			await net.lab.nat("none");
			assert.deepEqual([path.candidateType, path.protocol], ["srflx", "udp"]);
			assert.deepEqual(
				[path.remoteAddress, path.remotePort],
				[net.lab.server.address, net.server.ports.udp],
			);
		});

		it("by a relay over UDP to which another one sends, when the server's UDP is blocked", async (t) => {
			await net.lab.set({ delay: 10, blockPorts: [net.server.ports.udp] });
			const { path, ice } = await call(t, "turn-udp");
			assert.deepEqual([path.candidateType, path.relayProtocol], ["relay", "udp"]);
			assert.ok(ice < 400, `a path after ${ice} ms`);
			assert.ok(net.coturn.redirected() > 0, "it was not sent on");
		});
	});

	describe("when no UDP passes", inTurn, () => {
		const net = tcp;
		const { call } = net;

		it("over TCP to the server, when no UDP passes", async (t) => {
			await net.lab.set(noUdp);
			const { path, ice, peer } = await call(t, "tcp");
			assert.deepEqual([path.candidateType, path.protocol], ["prflx", "tcp"]);
			// Paced behind the check that UDP swallowed, and two round trips: TCP's and the check's.
			assert.ok(ice < 300, `a path after ${ice} ms`);
			assert.equal(peer.droppedSend, 0);
		});

		it("by a relay over TCP, when no UDP passes and the server's TCP is blocked", async (t) => {
			await net.lab.set({ ...noUdp, blockPorts: [net.server.ports.tcp] });
			const { path, ice } = await call(t, "turn-tcp");
			assert.deepEqual([path.candidateType, path.relayProtocol], ["relay", "tcp"]);
			assert.ok(ice < 500, `a path after ${ice} ms`);
		});

		it("by a relay over TLS, when that is blocked, too", async (t) => {
			const blockPorts = [net.server.ports.tcp, net.coturn.ports.plain];
			await net.lab.set({ ...noUdp, blockPorts });
			const { path, ice } = await call(t, "turn-tls");
			assert.deepEqual([path.candidateType, path.relayProtocol], ["relay", "tls"]);
			assert.ok(ice < 1500, `a path after ${ice} ms`);
		});
	});

	describe("that are refused, or lost", inTurn, () => {
		const net = other;

		it("through relays only, and the app's: one is dead, one refuses, one is taken, refreshed and given back", async (t) => {
			await net.lab.set({ delay: 10 });
			const [good] = net.coturn.turnServers("tcp");
			const { username, credential } = good;
			const iceServers = [
				{ urls: "turn:203.0.113.77:3478", username, credential },
				{ urls: `turn:${net.coturn.stunServer}`, username, credential: "wrong" },
				{ urls: `turn:${net.coturn.stunServer}?transport=tcp`, username, credential },
			];
			const before = net.coturn.givenBack(net.lab.device.address);
			const token = await joinToken(net.server, { room: "relays", identity: "device" });
			const config = {
				...{ url: net.server.url, token, seconds: 20, mic: speech },
				rtcConfig: JSON.stringify({ iceServers, iceTransportPolicy: "relay" }),
				script: "mic,connect,wait localTrackPublished,wait 3500,path,disconnect",
			};
			const device = startDevice("paths-relays", config, "test/e2e/apps/room", net.lab.device);
			const { status, output, report } = await device.end();
			assert.equal(status, 0, output);
			const { timeline, peer } = report;
			const ice = Math.round(timeline.ice - timeline.joined);
			t.diagnostic(`a path after ${ice} ms`);
			const path = JSON.parse(/^path (.*)$/m.exec(output)?.[1] ?? "");
			assert.deepEqual([path.candidateType, path.relayProtocol], ["relay", "tcp"]);
			// The dead one is asked for 9.5 s. The taken one is there a little after the join: its three
			// round trips began with connect().
			assert.ok(ice < 300, `a path after ${ice} ms`);
			// Each peer connection asks. The dead one was still asked.
			assert.equal(peer.relaysFailed, oldServers ? 2 : 1, "the one that refused");
			assert.ok(peer.turnStaleNonces >= 1, "no nonce became stale");
			for (const name of ["Malformed", "Integrity", "Channel", "Peer"]) {
				assert.equal(peer[`turnDropped${name}`], 0, name);
			}
			const { address } = net.lab.device;
			await until(() => net.coturn.givenBack(address) > before, "the allocation's end", 3_000);
		});

		it("by a relay that is reached over IPv6", async (t) => {
			// At the device: the laboratory's wires carry IPv4, as does the relay.
			const { device } = net.lab;
			const address = "fd77::2";
			await device.run("ip", "-6", "addr", "add", `${address}/128`, "dev", "lo");
			const options = [`--listening-ip=${address}`];
			const coturn = await startCoturn({ host: device, name: "coturn-paths-six", options });
			t.after(() => coturn.stop());
			const [{ port, username, credential }] = coturn.turnServers("udp");
			const iceServers = [{ urls: `turn:[${address}]:${port}`, username, credential }];
			const token = await joinToken(net.server, { room: "six", identity: "device" });
			const config = {
				...{ url: net.server.url, token, seconds: 20, mic: speech },
				rtcConfig: JSON.stringify({ iceServers, iceTransportPolicy: "relay" }),
				script: "mic,connect,wait localTrackPublished,path,disconnect",
			};
			const one = startDevice("paths-six", config, "test/e2e/apps/room", device);
			const { status, output } = await one.end();
			assert.equal(status, 0, output);
			const path = JSON.parse(/^path (.*)$/m.exec(output)?.[1] ?? "");
			assert.deepEqual([path.candidateType, path.relayProtocol], ["relay", "udp"]);
		});

		it("not by a relay whose certificate nobody vouches for", async () => {
			const iceServers = [
				{
					...{
						urls: `turns:${net.lab.server.address}:${net.coturn.ports.tls}`,
						username: "device",
					},
					credential: "it must not be sent",
				},
			];
			const token = await joinToken(net.server, { room: "untrusted", identity: "device" });
			const config = {
				...{ url: net.server.url, token, seconds: 20, script: "connect" },
				rtcConfig: JSON.stringify({ iceServers, iceTransportPolicy: "relay" }),
			};
			const device = startDevice("paths-untrusted", config, "test/e2e/apps/room", net.lab.device);
			const refused = /relay 203\.0\.113\.2:5349: its certificate: \S+/;
			await until(() => refused.test(device.output()), "the refusal", 10_000);
			await device.stop();
		});

		/** What a path is lost by, and what comes back. */
		const mended = /** @type {const} */ ([
			["over TCP, from 2.5 s of nothing", () => [], ["prflx", undefined]],
			[
				"by a relay over TLS, from 2.5 s of nothing",
				() => [net.server.ports.tcp, 3478],
				["relay", "tls"],
			],
		]);
		for (const [name, blocked, [type, relay]] of mended) {
			it(`comes back ${name}`, async (t) => {
				const weather = { ...noUdp, blockPorts: blocked() };
				await net.lab.set(weather);
				const room = `mended-${relay}`;
				const token = await joinToken(net.server, { room, identity: "device" });
				const script =
					"mic,connect,wait localTrackPublished,wait reconnected,wait 500,path,disconnect";
				const config = { url: net.server.url, token, seconds: 30, mic: speech, loop: true, script };
				const device = startDevice(
					`paths-${room}`,
					{ ...config, ca: net.coturn.ca },
					"test/e2e/apps/room",
					net.lab.device,
				);
				const said = (/** @type {string} */ event) =>
					until(() => new RegExp(`^${event}\\b`, "m").test(device.output()), event, 15_000);
				await said("localTrackPublished");
				await pause(500);
				await net.lab.set({ blackHole: true });
				await said("reconnecting");
				await pause(1000);
				await net.lab.set(weather);
				const begin = performance.now();
				await said("reconnected");
				const back = Math.round(performance.now() - begin);
				const { status, output } = await device.end();
				assert.equal(status, 0, output);
				const [, text] = /^path (.*)$/m.exec(output) ?? [];
				t.diagnostic(`back after ${back} ms: ${text}`);
				const path = JSON.parse(text);
				assert.deepEqual([path.candidateType, path.relayProtocol], [type, relay]);
				assert.ok(back < 2000, `back after ${back} ms`);
				assert.doesNotMatch(output, /^localTrackUnpublished(.|\n)*^reconnected/m);
			});
		}
	});
});
