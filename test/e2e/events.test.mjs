/**
 * Every event of a room that a real server can be brought to send, provoked by server APIs and by
 * libwebrtc peers. One device stays in the room and does what it is told.
 *
 * Which event is provoked in which file: test/compat/events.json.
 */

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { DisconnectReason, LeaveRequest, SignalRequest, SimulateScenario } from "@livekit/protocol";
import {
	AudioFrame,
	AudioSource,
	LocalAudioTrack,
	LocalVideoTrack,
	Room,
	RoomEvent,
	TrackPublishOptions,
	TrackSource,
	VideoSource,
} from "@livekit/rtc-node";
import { DataPacket_Kind, RoomServiceClient } from "livekit-server-sdk";
import { WebSocket } from "ws";
import { oldServers, startServer } from "../../tools/server/server.mjs";
import { joinToken } from "../../tools/server/token.mjs";
import { holds, startDevice } from "./lib/device.mjs";
import { disposePeers } from "./lib/peer.mjs";
import { until } from "./lib/until.mjs";

const app = "test/e2e/apps/room";
const mic = "test/fixtures/speech-16k.wav";
const room = "events";

/** @type {import("../../tools/server/server.mjs").Server} */
let server;
/** @type {RoomServiceClient} */
let api;
/** @type {ReturnType<typeof startDevice>} */
let device;
/** Alone in a room that the server closes meanwhile: a recorder does not count. @type {typeof device} */
let recorder;
/** What the device had printed when the last step began. */
let mark = 0;

before(async () => {
	server = await startServer({ log: "server-events.log" });
	api = new RoomServiceClient(server.url.replace("ws:", "http:"), server.key, server.secret);
	device = await start(room, "device", "mic,connect,serve");
	await api.createRoom({ name: "closed", emptyTimeout: 5 });
	recorder = await start("closed", "recorder", "connect,wait disconnected", { recorder: true });
	await until(() => /^serving/m.test(device.output()), "the device to serve");
});
after(async () => {
	device?.stop();
	recorder?.stop();
	await server?.stop();
	await disposePeers();
});

/** @param {string} name @param {string} identity @param {string} script */
async function start(name, identity, script, grants = {}) {
	const token = await joinToken(server, { room: name, identity, ...grants });
	const config = { url: server.url, token, seconds: 60, mic, script };
	return startDevice(`events-${name}-${identity}`, config, app);
}

/** Lines of the device since the step began. */
const news = () => device.output().slice(mark).split("\n");

/** Waits for a line that the device prints. @param {RegExp} pattern */
const line = (pattern) =>
	until(
		() => news().find((text) => pattern.test(text)),
		`${pattern}; the device said:\n${news().join("\n")}`,
	);

/** From here on, what the device prints counts. */
const step = () => {
	mark = device.output().length;
};

/** Has the device do it, and returns what became of it. @param {string} script */
async function tell(script, to = "device", name = room) {
	step();
	await order(script, to, name);
	return line(new RegExp(`^(done|failed) ${script.replace(/[?+*.]/g, ".")}`));
}

/** @param {string} script */
const order = (script, to = "device", name = room) =>
	api.sendData(name, new TextEncoder().encode(script), DataPacket_Kind.RELIABLE, {
		topic: "do",
		destinationIdentities: [to],
	});

/** A libwebrtc participant; `say` is a second of sound, and `sid` that of its microphone. */
async function peer(identity, name = room) {
	const client = new Room();
	/** @type {string[]} */
	const events = [];
	client.on(RoomEvent.TrackSubscribed, (_t, { name }) => events.push(`subscribed ${name}`));
	client.on(RoomEvent.TrackUnsubscribed, (_t, { name }) => events.push(`unsubscribed ${name}`));
	client.on(RoomEvent.DataReceived, (payload) => events.push(`data ${Buffer.from(payload)}`));
	const token = await joinToken(server, { room: name, identity });
	await client.connect(server.url, token, { autoSubscribe: true, dynacast: false });
	const local = client.localParticipant;
	assert.ok(local);
	const rate = 48_000;
	const source = new AudioSource(rate, 1);
	return {
		events,
		local,
		/** Names of the tracks of `identity`. @param {string} identity */
		sees: (identity) =>
			[...(client.remoteParticipants.get(identity)?.trackPublications.values() ?? [])].map(
				({ name }) => name,
			),
		/** @returns {Promise<string>} the track's sid */
		async publish() {
			const publication = await local.publishTrack(
				LocalAudioTrack.createAudioTrack("voice", source),
				new TrackPublishOptions({ source: TrackSource.SOURCE_MICROPHONE }),
			);
			return publication.sid ?? "";
		},
		/** A camera. @returns {Promise<string>} the track's sid */
		async film() {
			const publication = await local.publishTrack(
				LocalVideoTrack.createVideoTrack("film", new VideoSource(64, 64)),
				new TrackPublishOptions({ source: TrackSource.SOURCE_CAMERA }),
			);
			return publication.sid ?? "";
		},
		/** @param {string} sid */
		unpublish: (sid) => local.unpublishTrack(sid),
		async say() {
			const loud = Int16Array.from({ length: rate / 100 }, (_, i) => 9000 * Math.sin(i / 7));
			for (let i = 0; i < 100; i++) {
				await source.captureFrame(new AudioFrame(loud, rate, 1, rate / 100));
			}
			await source.waitForPlayout();
		},
		leave: () => client.disconnect(),
	};
}

/**
 * A participant that is nothing but its signalling, in the room.
 * @param {string} identity @returns {Promise<WebSocket>}
 */
async function signalling(identity) {
	const token = await joinToken(server, { room, identity });
	const url = `${server.url}/rtc?protocol=16&sdk=js&access_token=${token}`;
	const socket = new WebSocket(url, { headers: {} });
	await new Promise((resolve, reject) => {
		socket.on("error", () => reject(new Error(`${identity} cannot join`)));
		socket.on("message", resolve);
	});
	return socket;
}

describe("a device in a room", () => {
	/** @type {Awaited<ReturnType<typeof peer>>} */
	let ann;
	let annsTrack = "";
	let annsFilm = "";

	it("comes in: signal, connection, track", async () => {
		await line(/^localTrackPublished/);
		const order = news().filter((text) => /^(connect|signal|localTrackPub)/.test(text));
		assert.deepEqual(order, [
			"connectionStateChanged connecting",
			"signalConnected",
			"connectionStateChanged connected",
			"connected",
			"localTrackPublished microphone device",
		]);
		await line(/^connectionQualityChanged excellent device/);
		await tell("sid");
		assert.match(await line(/^sid/), /^sid RM_\w+$/);
		await tell("describe");
		assert.match(await line(/^room/), /"name":"events".*"version":"\d/);
	});

	it("sees somebody come, publish, speak, be muted and unmuted", async () => {
		step();
		ann = await peer("ann");
		annsTrack = await ann.publish();
		await line(/^trackSubscriptionStatusChanged voice subscribed ann/);
		await line(/^localTrackSubscribed microphone device/);
		await ann.say();
		await line(/^activeSpeakersChanged .*ann/);
		await api.mutePublishedTrack(room, "ann", annsTrack, true);
		await line(/^trackMuted voice ann/);
		const order = news()
			.filter((text) => /^(participantC|participantA|track)/.test(text))
			.map((text) => text.replace(/ +/g, " "));
		assert.deepEqual(order, [
			"participantConnected ann",
			"participantActive ann",
			"trackPublished voice ann",
			"trackSubscribed voice ann",
			"trackSubscriptionStatusChanged voice subscribed ann",
			"trackMuted voice ann",
		]);
	});

	it("hears of changes that the server's API makes", async () => {
		step();
		await api.updateParticipant(room, "ann", {
			name: "Ann 🙂",
			metadata: "m",
			attributes: { a: "1" },
		});
		await line(/^participantNameChanged Ann 🙂 ann/);
		await line(/^participantMetadataChanged {2}ann/);
		await line(/^participantAttributesChanged {"a":"1"} ann/);
		await api.updateRoomMetadata(room, "the room's");
		await line(/^roomMetadataChanged the room's/);
		await tell("describe");
		await line(/"name":"Ann 🙂","metadata":"m".* {"a":"1"}/);
	});

	it("names itself, and others see it", async () => {
		assert.match(await tell("name Device,metadata mine,attribute mood=good 🙂"), /^done/);
		await line(/^participantNameChanged Device device/);
		await line(/^participantAttributesChanged {"mood":"good 🙂"} device/);
		const info = await api.getParticipant(room, "device");
		assert.deepEqual(
			[info.name, info.metadata, info.attributes.mood],
			["Device", "mine", "good 🙂"],
		);
		assert.match(await tell("attribute mood="), /^done/);
		assert.equal((await api.getParticipant(room, "device")).attributes.mood, undefined);
	});

	it("gives tracks up and takes them again, by its own will and the server's", async () => {
		await tell("unsubscribe");
		await line(/^trackSubscriptionStatusChanged voice unsubscribed ann/);
		await line(/^trackUnsubscribed .*voice ann/);
		await tell("subscribe");
		await line(/^trackSubscribed .*voice ann/);
		step();
		await api.updateSubscriptions(room, "device", [annsTrack], false);
		await line(/^trackUnsubscribed .*voice ann/);
		await api.updateSubscriptions(room, "device", [annsTrack], true);
		await line(/^trackSubscribed .*voice ann/);
		assert.match(await tell("disable,enable"), /^done/);
	});

	it("takes no video", async () => {
		step();
		annsFilm = await ann.film();
		await line(/^trackPublished film ann/);
		assert.match(await tell("film"), /^done/);
		await line(/^trackSubscriptionFailed TR_\w+ ann 1$/);
		// What the server is told to send all the same it gives up after 18 s: below.
		await api.updateSubscriptions(room, "device", [annsFilm], true);
	});

	it("may not subscribe, and may again; others say who may", async () => {
		const other = await start(room, "other", "mic,connect,serve");
		step();
		await line(/^trackSubscribed .*microphone other/);
		await until(() => /^serving/m.test(other.output()), "the other device to serve");
		await order("allow ann", "other");
		await line(/^trackSubscriptionPermissionChanged microphone not_allowed other/);
		await line(/^trackUnsubscribed .*microphone other/);
		await order("allow all", "other");
		await line(/^trackSubscriptionPermissionChanged microphone allowed other/);
		await line(/^trackSubscribed .*microphone other/);
		await order("disconnect", "other");
		assert.equal((await other.end()).status, 0);
	});

	it("speaks, as the server would have it, and is muted by the server", async () => {
		await tell("simulate speaker");
		await line(/^isSpeakingChanged true/);
		await line(/^activeSpeakersChanged .*device/);
		const { tracks } = await api.getParticipant(room, "device");
		step();
		await api.mutePublishedTrack(room, "device", tracks[0].sid, true);
		await line(/^trackMuted microphone device/);
		await tell("mic");
		await line(/^trackUnmuted microphone device/);
	});

	it("does not see who is hidden, but has their data, nameless", async () => {
		step();
		const ghost = new Room();
		const token = await joinToken(server, { room, identity: "ghost", hidden: true });
		await ghost.connect(server.url, token, { autoSubscribe: false, dynacast: false });
		await ghost.localParticipant?.publishData(new TextEncoder().encode("boo"), { reliable: true });
		await line(/^dataReceived 3 bytes undefined 0 undefined/);
		assert.ok(!news().some((text) => /^participant/.test(text)));
		await ghost.disconnect();
	});

	it("hears why others leave", async () => {
		step();
		const { AGENT_ERROR, MIGRATION, SIGNAL_CLOSE, USER_REJECTED, USER_UNAVAILABLE } =
			DisconnectReason;
		/** @type {Record<string, [DisconnectReason, SignalRequest["message"] | undefined]>} */
		const leavers = {
			drops: [SIGNAL_CLOSE, undefined],
			migrates: [
				MIGRATION,
				{
					case: "simulate",
					value: new SimulateScenario({ scenario: { case: "migration", value: true } }),
				},
			],
		};
		for (const reason of [AGENT_ERROR, USER_REJECTED, USER_UNAVAILABLE]) {
			leavers[`leaver${reason}`] = [reason, { case: "leave", value: new LeaveRequest({ reason }) }];
		}
		await Promise.all(
			Object.entries(leavers).map(async ([identity, [reason, message]]) => {
				const socket = await signalling(identity);
				await line(new RegExp(`^participantConnected ${identity}`));
				if (message) socket.send(new SignalRequest({ message }).toBinary());
				else socket.close();
				await line(new RegExp(`^participantDisconnected ${identity} ${reason}$`));
				socket.close();
			}),
		);
	});

	it("is recorded, and no longer; is not moved by a server that cannot", async () => {
		step();
		const egress = new Room();
		const token = await joinToken(server, {
			room,
			identity: "egress",
			hidden: true,
			recorder: true,
		});
		await egress.connect(server.url, token, { autoSubscribe: false, dynacast: false });
		await line(/^recordingStatusChanged true/);
		await egress.disconnect();
		await line(/^recordingStatusChanged false/);
		await assert.rejects(api.moveParticipant(room, "device", "elsewhere"), /not implemented/);
	});

	it("sends data, and says what a board cannot do", async () => {
		await tell("data hello");
		await until(() => ann.events.includes("data hello"), "ann to have the data");
		// More than the send buffer holds. A board has 20 KB there, and no heap for so many of the app's own.
		const burst = `burst ${holds.largest < 20_000 ? 6 : 40}`;
		assert.match(await tell(burst), /^done/);
		await line(/^dcBufferStatusChanged false 0/);
		await line(/^dcBufferStatusChanged true 0/);
		assert.match(await tell("camera"), /^failed camera: UnsupportedError .*desktop has no camera/);
	});

	it("publishes and receives ten times anew, in a description that stays small", async () => {
		const sizes = [];
		for (let round = 0; round < 10; round++) {
			await ann.unpublish(annsTrack);
			await tell("unpublish");
			await line(/^localTrackUnpublished/);
			await until(() => ann.sees("device").length === 0, "the device's track to end for others");
			step();
			const published = ann.publish();
			await order("mic");
			annsTrack = await published;
			await line(/^trackSubscribed .*voice ann/);
			await line(/^localTrackSubscribed/);
			await tell("sections");
			sizes.push(Number((await line(/^sections/)).slice("sections ".length)));
		}
		// Ours is used again. The server asks for another one when a track comes while the one before is
		// still on its way out, a time or two; with one more each round there were 13 of each.
		assert.ok(Math.max(...sizes) <= 8, `sections: ${sizes}`);
	});

	it("loses permissions in the middle of the call", async () => {
		step();
		const permission = { canSubscribe: true, canPublish: false, canPublishData: false };
		await api.updateParticipant(room, "device", { permission });
		await line(/^participantPermissionsChanged .*device/);
		await line(/^localTrackUnpublished microphone device/);
		assert.match(await tell("mic"), /^failed mic: TrackPublishError/);
		assert.match(await tell("data x"), /^failed data x: PublishDataError 2/);
		assert.match(await tell("name other"), /^failed name other: SignalRequestError/);
	});

	it("hears that the server cannot send it a track", async () => {
		const failed = new RegExp(`^trackSubscriptionFailed ${annsFilm} ann 0$`, "m");
		// Where it offers itself, our answer is enough for it.
		if (!oldServers) await until(() => failed.test(device.output()), `${failed}`, 20_000);
		await ann.unpublish(annsFilm);
		await line(/^trackUnpublished film ann/);
	});

	it("sees somebody go", async () => {
		step();
		await ann.leave();
		await line(/^participantDisconnected ann/);
		const order = news()
			.filter((text) => /^(participant|track)/.test(text))
			.map((text) => text.replace(/ +/g, " "));
		assert.deepEqual(order, [
			"trackUnsubscribed voice ann",
			"trackSubscriptionStatusChanged voice desired ann",
			"trackUnpublished voice ann",
			"participantDisconnected ann 1",
		]);
	});

	it("is removed", async () => {
		step();
		await api.removeParticipant(room, "device");
		await line(/^disconnected 4$/);
		const { status, output } = await device.end();
		assert.equal(status, 0, output);
	});

	it("is told when its room is closed", async () => {
		const { status, output } = await recorder.end();
		assert.equal(status, 0, output);
		assert.match(output, /^disconnected 10$/m);
	});

	it("is told when its room is deleted, and subscribes to nothing unasked", async () => {
		const name = "deleted";
		const bob = await peer("bob", name);
		await bob.publish();
		const token = await joinToken(server, { room: name, identity: "device" });
		const config = { url: server.url, token, seconds: 30, script: "connect,serve" };
		device = startDevice("events-deleted", { ...config, autoSubscribe: false }, app);
		mark = 0;
		await line(/^serving/);
		await new Promise((resolve) => setTimeout(resolve, 500));
		assert.ok(!news().some((text) => /^trackSubscribed/.test(text)));
		await tell("subscribe", "device", name);
		await line(/^trackSubscribed .*voice bob/);
		step();
		await api.deleteRoom(name);
		await line(/^disconnected 5$/);
		assert.equal((await device.end()).status, 0);
		await bob.leave();
	});
});
