/**
 * A device's memory on the desktop: calls in the 32-bit host, whose engine has a board's fixed heap and
 * whose native code keeps to a profile's budgets. @lane alone
 */

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { SignalResponse } from "@livekit/protocol";
import { Room } from "@livekit/rtc-node";
import { broken } from "../../bench/budgets.mjs";
import { figure } from "../../bench/figures.mjs";
import { internalProfile, profiles } from "../../bench/memory/profiles.mjs";
import { hostPath } from "../../tools/app/run.mjs";
import { readWav } from "../../tools/lib/wav.mjs";
import { oldServers, startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { otherThanBoards } from "../../tools/setup/sources.mjs";
import { level } from "./lib/analysis.mjs";
import { makeCertificates } from "./lib/certificates.mjs";
import { holdsOf, outFolder, startDevice } from "./lib/device.mjs";
import { attack } from "./lib/hostile.mjs";
import { disposePeers, Peer, peerRate } from "./lib/peer.mjs";
import { signalProxy, tlsProxy } from "./lib/proxies.mjs";
import { until } from "./lib/until.mjs";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
before(async () => {
	server = await startServer({ log: "server-memory.log" });
});
after(async () => {
	await server?.stop();
	await disposePeers();
});

/** @typedef {import("../../tools/lib/memory.mjs").Memory} Memory */
/** A board like CoreS3. @type {Required<Omit<Memory, "heap">>} */
const board = { libraries: "x86-32", profile: "psram" };
/** One without PSRAM. @type {Required<Omit<Memory, "heap">>} */
const small = { libraries: "x86-32-internal", profile: "internal" };

/** Why it cannot be tried. @param {Memory} memory */
const missing = ({ libraries }) =>
	existsSync(hostPath({ libraries }))
		? (libraries === small.libraries && otherThanBoards()) || false
		: "there is no such 32-bit host here";
const skip = missing(board);

const budgets = JSON.parse(
	readFileSync(new URL("../../bench/budgets.json", import.meta.url), "utf8"),
);
/** What a call of the device's app may need of it. */
const heap = {
	slots: budgets["memory.xs.slots"],
	chunk: budgets["memory.xs.chunk_bytes"],
	stack: budgets["memory.xs.stack"],
};

const mic = "test/fixtures/speech-16k.wav";

/**
 * With so much metadata of its room that the message is of this size, in bytes.
 * @param {SignalResponse} response of a join, or an update of the room @param {number} size
 */
function pad(response, size) {
	const { message } = response;
	if ((message.case !== "join" && message.case !== "roomUpdate") || !message.value.room)
		return response;
	const { room } = message.value;
	const without = response.toBinary().length - room.metadata.length;
	room.metadata = "m".repeat(size - without - 100);
	room.metadata += "m".repeat(size - response.toBinary().length);
	assert.equal(response.toBinary().length, size);
	return response;
}

/**
 * An app in `room`, with this memory.
 * @param {string} room @param {string} app
 * @param {Memory | undefined} memory undefined: a desktop's
 * @param {{ identity?: string, on?: typeof server, seconds: number, [key: string]: unknown }} config
 */
async function start(room, app, memory, { identity = "device", on = server, ...config }) {
	const token = await joinToken(on, { room, identity });
	const name = identity === "device" ? room : `${room}-${identity}`;
	return startDevice(name, { url: on.url, token, ...config }, app, undefined, memory);
}

// For the two peer connections of old servers a board without PSRAM has no memory, and budgets are for one.
describe("in a device's memory", { skip }, () => {
	for (const memory of [board, small]) {
		const name = `a voice call has sound both ways, and native code keeps to its budgets: ${memory.profile}`;
		it(name, { skip: missing(memory) || (oldServers && memory === small) }, async (t) => {
			const room = `memory-${memory.profile}`;
			const peer = await Peer.join(server, room, "peer");
			const talk = await peer.publish(peerRate);
			const device = await start(room, "examples/voice-agent", memory, { mic, seconds: 4 });
			const talked = talk(
				Int16Array.from({ length: 5 * peerRate }, (_, i) => 8000 * Math.sin(i / 20)),
			);
			const { status, output, report } = await device.end();
			await talked;
			assert.equal(status, 0, output);
			const { rate, samples } = readWav(device.speaker);
			assert.ok(level(samples.subarray(-rate)) > -30, "the peer was not heard");
			assert.ok(level(peer.heard("device")) > -40, "the device was not heard");
			for (const [name, { peak, failures }] of Object.entries(report.native)) {
				assert.equal(failures, 0, `${name} was refused memory, at ${peak} B`);
			}
			if (memory === small) {
				const figures = internalProfile(report.nativePeak);
				assert.deepEqual(
					figures.flatMap((one) => broken(one.name, [one])),
					[],
				);
				const [native, total] = figures.map(({ value }) => value);
				t.diagnostic(
					`native ${report.nativePeak} B, with stacks ${native} B, with heap ${total} B`,
				);
			}
			await peer.leave();
		});
	}

	for (const memory of [board, small]) {
		const { maxSignal } = profiles()[memory.profile];
		const name = `the largest message of a server fits it, at a join and in a call, and a larger one is told: ${memory.profile}`;
		it(name, { skip: missing(memory) || oldServers }, async () => {
			/**
			 * A device that joins through a proxy.
			 * @param {number} size of the join response
			 * @param {(say: (update: SignalResponse) => void) => void} [then] when it has joined
			 */
			const call = async (size, then) => {
				const proxy = await signalProxy(server.url, (response) =>
					response.message.case === "join" ? pad(response, size) : response,
				);
				const on = { ...server, url: `ws://127.0.0.1:${proxy.port}` };
				const room = `memory-large-${memory.profile}`;
				const device = await start(room, "examples/voice-agent", memory, { on, mic, seconds: 2 });
				try {
					if (then) {
						await until(() => /^joined/m.test(device.output()), "the device to join");
						then(proxy.say);
					}
					return await device.end();
				} finally {
					await proxy.close();
				}
			};
			const { status, output, report } = await call(maxSignal, (say) => {
				for (const size of [maxSignal, maxSignal + 1]) {
					const value = { room: { metadata: "" } };
					say(pad(new SignalResponse({ message: { case: "roomUpdate", value } }), size));
				}
			});
			assert.equal(status, 0, output);
			assert.equal(report.signal.refused, 1);

			const refused = await call(maxSignal + 1);
			assert.equal(refused.status, 1, refused.output);
			assert.match(
				refused.output,
				/^a signalling message is larger .*: raise it to join this room/m,
			);
		});
	}

	describe("by wss, without PSRAM", { skip: missing(small) || oldServers }, () => {
		/** A front that sends a message, or all certificates, in one record. @param {number} padding */
		async function front(padding) {
			const folder = join(outFolder, `certificates-${padding}`);
			mkdirSync(folder, { recursive: true });
			const certificates = makeCertificates(folder, undefined, padding);
			const signal = await signalProxy(server.url, (response) => response);
			const proxy = await tlsProxy(`ws://127.0.0.1:${signal.port}`, certificates);
			return {
				...signal,
				config: {
					on: { ...server, url: `wss://localhost:${proxy.port}` },
					ca: readFileSync(certificates.ca, "utf8"),
				},
				async close() {
					await proxy.close();
					await signal.close();
				},
			};
		}

		it("a record gets the room that it needs, for as long as it is there", async (t) => {
			const { config, say, close } = await front(3000);
			const peer = await Peer.join(server, "memory-wss", "peer");
			const talk = await peer.publish(peerRate);
			const call = { ...config, mic, seconds: 3 };
			const device = await start("memory-wss", "examples/voice-agent", small, call);
			const talked = talk(
				Int16Array.from({ length: 4 * peerRate }, (_, i) => 8000 * Math.sin(i / 20)),
			);
			await until(() => /^joined/m.test(device.output()), "the device to join");
			say(
				new SignalResponse({
					message: { case: "roomUpdate", value: { room: { metadata: "m".repeat(5000) } } },
				}),
			);
			const { status, output, report } = await device.end();
			await Promise.all([talked, peer.leave(), close()]);
			assert.equal(status, 0, output);
			assert.match(output, /^first sound out .* ms$/m);
			for (const [name, { peak, failures }] of Object.entries(report.native)) {
				assert.equal(failures, 0, `${name} was refused memory, at ${peak} B`);
			}
			const name = "memory.internal_profile.wss";
			const [, { value }] = internalProfile(report.nativePeak);
			assert.deepEqual(broken(name, [figure(name, "B", [value])]), []);
			t.diagnostic(`with heap and stacks ${value} B; stream ${report.native.stream.peak} B`);
		});

		it("a record that is larger than any is taken ends it, and is named", async () => {
			const { config, close } = await front(9000);
			const call = { ...config, mic, seconds: 3 };
			const device = await start("memory-record", "examples/voice-agent", small, call);
			const { status, output } = await device.end();
			await close();
			assert.equal(status, 1, output);
			assert.match(output, /^TLS with localhost: .*MBEDTLS_SSL_IN_CONTENT_LEN/m);
		});
	});

	it("a room's app works: data both ways", async () => {
		// More, and larger, than fits native memory or the heap at one time.
		const { largest } = holdsOf("psram");
		const config = { seconds: 20, count: 70, largest };
		const [echo, ask] = await Promise.all(
			["echo", "ask"].map((role) =>
				start("memory-data", "test/e2e/apps/data", board, { ...config, role, identity: role }),
			),
		);
		const { status, output } = await ask.end();
		assert.equal(status, 0, output);
		assert.match(output, /all echoes are exact/);
		await echo.stop();
	});

	it("nobody can fill it, whatever they send, and others are served as before", async (t) => {
		const room = "memory-hostile";
		const token = (/** @type {string} */ identity, agent = false) =>
			joinToken(server, { room, identity, agent });
		const device = await start(room, "test/e2e/apps/messages", board, { seconds: 60 });
		const other = new Room();
		await other.connect(server.url, await token("other"), { autoSubscribe: true, dynacast: false });
		await until(() => /^connected/m.test(device.output()), "the device to connect");
		const call = (/** @type {string} */ method, payload = "") =>
			other.localParticipant?.performRpc({ destinationIdentity: "device", method, payload });
		await attack(server.url, await token("hostile", true), async (name) => {
			const begin = performance.now();
			assert.equal(await call("echo", name), name, `${name}: ${device.output()}`);
			t.diagnostic(`${name}: another is answered in ${Math.round(performance.now() - begin)} ms`);
		});
		await call("end");
		const { status, output, report } = await device.end();
		await other.disconnect();
		assert.equal(status, 0, output);
		for (const [name, { failures }] of Object.entries(report.native)) {
			assert.equal(failures, 0, `${name} was refused memory`);
		}
		assert.ok(report.data.malformed > 0 && report.objectsRefused > 0 && report.rpc.refused > 0);
		t.diagnostic(JSON.stringify([report.rpc, report.streams, report.native.sctp]));
	});

	it("beside the microphone there is room for sound of an app's own, and a stream", async (t) => {
		const peer = await Peer.join(server, "memory-sound", "peer");
		await peer.publish(peerRate);
		const script = [
			...["connect", "mic", "heard", "wait 100", "memory call"],
			...["talk a 16000 500 0.2", "said a", "memory source16"],
			...["unpublish a", "close a", "wait 100"],
			...["talk b 44100 500 0.2", "said b", "memory source44"],
			...["unpublish b", "close b", "wait 100"],
			...["listen& 16000 0.6", "wait 100", "memory stream16", "wait 700"],
			...["listen& 48000 0.6", "wait 100", "memory stream48", "wait 700"],
			"disconnect",
		].join(",");
		const config = { mic, seconds: 15, script };
		const device = await start("memory-sound", "test/e2e/apps/sound", board, config);
		const { status, output, report } = await device.end();
		await peer.leave();
		assert.equal(status, 0, output);
		for (const [name, { failures }] of Object.entries(report.native)) {
			assert.equal(failures, 0, `${name} was refused memory`);
		}
		// docs/memory.md has these.
		const { call } = report.measured;
		for (const [name, most] of Object.entries({
			source16: { audio: 4400, opus: 9200, rtp: 5900 },
			source44: { audio: 9600, opus: 15_300, rtp: 5900 },
			stream16: { audio: 6500, opus: 0, rtp: 0 },
			stream48: { audio: 8500, opus: 0, rtp: 0 },
		})) {
			const now = report.measured[name];
			for (const [key, bytes] of Object.entries(most)) {
				t.diagnostic(`${name} ${key}: ${now[key] - call[key]} B`);
				assert.ok(now[key] - call[key] <= bytes, `${name}: ${now[key] - call[key]} B ${key}`);
			}
		}
	});

	it("calls one after the other leave nothing behind", async (t) => {
		const peer = await Peer.join(server, "memory-cycles", "peer");
		await peer.publish(peerRate);
		const role = "echo";
		const roled = { role, identity: role, seconds: 60 };
		const echo = await start("memory-cycles", "test/e2e/apps/data", undefined, roled);
		await until(() => peer.others.includes(role), "the echo");
		const limited = oldServers ? board : { ...board, heap };
		const config = { mic, seconds: 0.1, cycles: 12 };
		const device = await start("memory-cycles", "bench/memory/device", limited, config);
		const { status, output } = await device.end(40_000);
		await echo.stop();
		await peer.leave();
		assert.equal(status, 0, output);
		const [, text] = /^memory (\{.*)$/m.exec(output) ?? [];
		const { peak, slots, native } = JSON.parse(text);
		t.diagnostic(text);
		assert.equal(native, 0);
		assert.ok(Math.abs(slots) < 64, `${slots} slots more after 7 calls`);
		const needed = [figure("memory.native.call_peak", "B", [peak])];
		if (!oldServers) assert.deepEqual(broken("memory.native.call_peak", needed), []);
	});

	it("who is refused hears why: asking takes little", {
		skip: missing(small) || oldServers,
	}, async () => {
		const on = { ...server, secret: "x".repeat(32) };
		const config = { on, mic, seconds: 3 };
		const device = await start("memory-refused", "examples/voice-agent", small, config);
		const { status, output } = await device.end();
		assert.equal(status, 1, output);
		assert.match(output, /^the token's signature is wrong/);
	});

	it("without enough of it, a call ends with an error, not a crash", async () => {
		// What a board with PSRAM holds of packets and TLS does not fit one without.
		const less = /** @type {const} */ ({ ...board, profile: "internal" });
		const config = { mic, seconds: 3 };
		const device = await start("memory-none", "examples/voice-agent", less, config);
		const { status, output } = await device.end();
		assert.equal(status, 1, output);
		assert.match(output, /no memory for|the media connection failed/);
	});
});
