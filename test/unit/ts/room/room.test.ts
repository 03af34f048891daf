import { assert, sleep, test } from "harness";
import {
	ConnectionError,
	ConnectionErrorReason,
	ConnectionQuality,
	ConnectionState,
	DisconnectReason,
	MediaDeviceError,
	PublishDataError,
	PublishDataErrorReason,
	RemoteParticipant,
	RoomEvent,
	Track,
	TrackPublishError,
} from "livekit";
import { encode } from "livekit/protocol/codec";
import { ConnectionQuality as ProtoQuality } from "livekit/protocol/generated/enums";
import { DataPacket } from "livekit/protocol/generated/tables";
import type { ParticipantInfo, TrackInfo } from "livekit/protocol/generated/types";
import type { RoomLink } from "livekit/room/RoomLink";
import { collect, heap } from "simulator";
import { ann, audio, FakeDevice, make } from "./fakes";

test("connecting: states, events and what is known when", async () => {
	const { room, events, session } = make();
	assert.equal(room.state, ConnectionState.Disconnected);
	const connected = room.connect("ws://server", "token", { autoSubscribe: false });
	assert.deepEqual(session().calls, [["start", "ws://server", "token"]]);
	assert.equal(session().options.autoSubscribe, false);
	assert.equal(room.state, ConnectionState.Connecting);
	session().join([ann(1, { tracks: [audio("TR_a")] as TrackInfo[] })]);
	assert.deepEqual(
		[room.sid, room.name, room.metadata, room.numParticipants],
		["RM_1", "kitchen", "m", 1],
	);
	assert.equal(room.localParticipant.identity, "me");
	assert.equal(room.remoteParticipants.get("ann")?.trackPublications.size, 1);
	assert.equal(room.getParticipantByIdentity("ann"), room.remoteParticipants.get("ann"));
	assert.equal(room.getParticipantByIdentity("me"), room.localParticipant);
	session().track("TR_a");
	session().emit("connected");
	await connected;
	assert.equal(room.state, ConnectionState.Connected);
	// Who was there before us is no news; what we hear is.
	assert.deepEqual(events, [
		"connectionStateChanged connecting",
		"signalConnected",
		"connectionStateChanged connected",
		"connected",
		"trackSubscribed TR_a TR_a ann",
	]);
});

test("a connect that fails rejects, and may be tried again", async () => {
	const { room, events, session, microphone } = make();
	room.localParticipant.setMicrophoneEnabled(true);
	const connected = room.connect("ws://server", "token");
	const error = new ConnectionError("no", ConnectionErrorReason.NotAllowed);
	session().end({ error });
	await assert.rejects(connected, (thrown) => thrown === error);
	await sleep(0);
	assert.equal(room.state, ConnectionState.Disconnected);
	assert.deepEqual(events, [
		"connectionStateChanged connecting",
		"connectionStateChanged disconnected",
		"disconnected undefined",
	]);
	assert.ok(!microphone.closed);
	room.connect("ws://server", "token");
	assert.deepEqual(session().calls[1], ["publish", "microphone", false]);
});

test("a listener of the end may connect again", async () => {
	const { room, session } = make();
	const first = room.connect("ws://server", "token");
	let second: Promise<void> | undefined;
	room.once(RoomEvent.Disconnected, () => {
		second = room.connect("ws://server", "token");
	});
	session().end({ error: new ConnectionError("no", ConnectionErrorReason.NotAllowed) });
	await assert.rejects(first, /no/);
	session().join();
	session().emit("connected");
	await second;
	assert.equal(room.state, ConnectionState.Connected);
});

test("a listener may disconnect at every stage", async () => {
	for (const event of [RoomEvent.ConnectionStateChanged, RoomEvent.SignalConnected] as const) {
		const { room, session } = make();
		room.once(event, () => void room.disconnect());
		const connected = room.connect("ws://server", "token");
		if (event === RoomEvent.SignalConnected) session().join();
		await assert.rejects(connected, ConnectionError);
		assert.equal(room.state, ConnectionState.Disconnected);
	}
	const { room, session } = make();
	room.once(RoomEvent.Connected, () => void room.disconnect());
	const connected = room.connect("ws://server", "token");
	session().join();
	session().emit("connected");
	await connected; // it was
	assert.equal(room.state, ConnectionState.Disconnected);
});

test("a microphone that nobody awaits may fail", async () => {
	const { room, events, connect, session } = make();
	await connect();
	room.localParticipant.setMicrophoneEnabled(true);
	for (const { reject } of session().publishing.values()) reject(new TrackPublishError("no"));
	await sleep(0);
	assert.equal(events.length, 1);
	room.localParticipant.setMicrophoneEnabled(true);
	room.disconnect();
	await sleep(0);
});

test("disconnect() closes a microphone that was not published yet", async () => {
	const { room, microphone } = make();
	room.localParticipant.setMicrophoneEnabled(true);
	const connected = room.connect("ws://server", "token");
	room.disconnect();
	await assert.rejects(connected, ConnectionError);
	assert.ok(microphone.closed);
});

test("connect() twice is refused", async () => {
	const { room, connect } = make();
	await connect();
	await assert.rejects(room.connect("ws://server", "token"), ConnectionError);
	assert.equal(room.state, ConnectionState.Connected);
});

test("the end: tracks, then the state, then the reason", async () => {
	const { room, events, connect, session, microphone, speaker } = make();
	room.localParticipant.setMicrophoneEnabled(true);
	await connect([ann(1, { tracks: [audio("TR_a")] as TrackInfo[] })]);
	await session().published();
	session().track("TR_a");
	events.length = 0;
	session().end({ reason: DisconnectReason.ROOM_DELETED });
	assert.deepEqual(events, [
		"trackUnsubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a desired ann",
		"localTrackUnpublished TR_mic me",
		"connectionStateChanged disconnected",
		"disconnected 5",
	]);
	assert.ok(microphone.closed && speaker.closed);
	assert.equal(room.remoteParticipants.size, 0);
	assert.equal(room.localParticipant.trackPublications.size, 0);
});

test("disconnect() leaves; without a session it does nothing", async () => {
	const { room, events, connect } = make();
	await room.disconnect();
	assert.deepEqual(events, []);
	await connect();
	await room.disconnect();
	assert.deepEqual(events, ["connectionStateChanged disconnected", "disconnected 1"]);
});

test("a participant comes, changes and goes", async () => {
	const { room, events, connect, session } = make();
	await connect();
	session().update(ann(1, { name: "Ann", tracks: [audio("TR_a")] as TrackInfo[] }));
	session().update(
		ann(2, { name: "Anna 🙂", metadata: "x", state: 2, tracks: [audio("TR_a")] as TrackInfo[] }),
	);
	session().update(
		ann(3, { name: "Anna 🙂", metadata: "x", state: 2, tracks: [audio("TR_b")] as TrackInfo[] }),
	);
	session().update(ann(4, { state: 3, disconnectReason: DisconnectReason.CLIENT_INITIATED }));
	session().update(ann(5, { state: 3 }));
	assert.deepEqual(events, [
		"participantConnected ann",
		"trackPublished TR_a ann",
		"participantNameChanged Anna 🙂 ann",
		"participantMetadataChanged  ann",
		"participantActive ann",
		"trackUnpublished TR_a ann",
		"trackPublished TR_b ann",
		"trackUnpublished TR_b ann",
		"participantDisconnected ann 1",
	]);
	assert.equal(room.remoteParticipants.size, 0);
});

test("older news of a participant is dropped, of a newer join it is not", async () => {
	const { room, events, connect, session } = make();
	await connect([ann(5, { name: "new" })]);
	session().update(ann(4, { name: "old" }));
	assert.equal(room.remoteParticipants.get("ann")?.name, "new");
	session().update({ ...ann(1, { name: "again" }), sid: "PA_ann2" });
	assert.equal(room.remoteParticipants.get("ann")?.name, "again");
	session().update(ann(9, { state: 3 })); // of the join before
	assert.equal(room.remoteParticipants.size, 1);
	assert.deepEqual(events, ["participantNameChanged again ann"]);
});

test("attributes: what changed, and deleted ones as empty", async () => {
	const { room, connect, session } = make();
	await connect([
		ann(1, {
			attributes: new Map([
				["a", "1"],
				["b", "2"],
			]),
		}),
	]);
	const changes: Record<string, string>[] = [];
	room.on(RoomEvent.ParticipantAttributesChanged, (changed) => changes.push({ ...changed }));
	session().update(
		ann(2, {
			attributes: new Map([
				["a", "1"],
				["c", "😀"],
			]),
		}),
	);
	session().update(
		ann(3, {
			attributes: new Map([
				["a", "1"],
				["c", "😀"],
			]),
		}),
	);
	assert.deepEqual(changes, [{ c: "😀", b: "" }]);
	const { attributes } = room.remoteParticipants.get("ann") as RemoteParticipant;
	assert.equal(attributes.c, "😀");
	assert.equal(attributes.b, undefined);
	assert.deepEqual(Object.keys(attributes), ["a", "c"]);
	assert.equal(JSON.stringify(attributes), '{"a":"1","c":"😀"}');
	assert.ok("a" in attributes && !("toString" in attributes));
});

test("attributes that a peer names leave no property keys behind", () => {
	let version = 1;
	let heard = 0;
	const link = {
		autoSubscribe: true,
		send: () => false,
		announce: (_event: string, ...[changed]: unknown[]) => {
			if ((changed as Record<string, string>).known === participant.attributes.known) heard++;
		},
	};
	const participant: RemoteParticipant = new RemoteParticipant(
		{ ...ann(1), attributes: new Map() } as ParticipantInfo,
		link as RoomLink,
	);
	const churn = (count: number) => {
		for (let i = 0; i < count; i++) {
			const attributes = new Map([
				[`name-${++version}`, "x"],
				["known", i % 2 ? "yes" : "no"],
			]);
			participant.update({ ...ann(version), attributes, tracks: [] } as ParticipantInfo);
		}
		collect();
		return heap().slots;
	};
	const before = churn(50);
	const added = churn(1_000) - before;
	assert.ok(added < 100, `${added} slots`);
	assert.equal(heard, 1_050);
}, 20_000);

test("tracks are subscribed when media and publication are both here", async () => {
	const { room, events, connect, session } = make();
	await connect();
	const volumes = session().track("TR_a"); // the answer overtook the update
	assert.deepEqual(events, []);
	session().update(ann(1, { tracks: [audio("TR_a")] as TrackInfo[] }));
	const publication = room.remoteParticipants.get("ann")?.trackPublications.get("TR_a");
	assert.ok(publication?.isSubscribed);
	assert.equal(publication?.kind, Track.Kind.Audio);
	assert.equal(publication?.source, Track.Source.Microphone);
	publication?.track?.setVolume(0.5);
	room.remoteParticipants.get("ann")?.setVolume(0.25);
	assert.deepEqual(volumes, [0.5, 0.25]);
	assert.equal(publication?.track?.getVolume(), 0.25);
	assert.throws(() => publication?.track?.setVolume(-1), RangeError);
	session().emit("trackEnded", "TR_a");
	assert.equal(publication?.track, undefined);
	session().track("TR_a");
	assert.ok(publication?.isSubscribed);
	session().update(ann(2));
	assert.deepEqual(events, [
		"participantConnected ann",
		"trackPublished TR_a ann",
		"trackSubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a subscribed ann",
		"trackUnsubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a desired ann",
		"trackSubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a subscribed ann",
		"trackUnsubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a desired ann",
		"trackUnpublished TR_a ann",
	]);
});

test("a track that ends before we are connected is not announced", async () => {
	const { room, events, session } = make();
	room.connect("ws://server", "token");
	session().join([ann(1, { tracks: [audio("TR_a")] as TrackInfo[] })]);
	session().track("TR_a");
	session().emit("trackEnded", "TR_a");
	session().emit("connected");
	assert.ok(!events.some((event) => event.startsWith("trackSubscribed")));
});

test("a track that cannot be had", async () => {
	const { events, connect, session } = make();
	await connect([ann(1, { tracks: [audio("TR_a")] as TrackInfo[] })]);
	session().emit("subscriptionResponse", { trackSid: "TR_a", err: 1 });
	session().emit("trackFailed", "TR_a");
	session().emit("trackFailed", "TR_nobody");
	assert.deepEqual(events, [
		"trackSubscriptionFailed TR_a ann 1",
		"trackSubscriptionFailed TR_a ann undefined",
	]);
});

test("remote muting", async () => {
	const { events, connect, session } = make();
	await connect([ann(1, { tracks: [audio("TR_a")] as TrackInfo[] })]);
	session().update(ann(2, { tracks: [audio("TR_a", { muted: true })] as TrackInfo[] }));
	session().update(ann(3, { tracks: [audio("TR_a", { muted: true })] as TrackInfo[] }));
	session().update(ann(4, { tracks: [audio("TR_a")] as TrackInfo[] }));
	assert.deepEqual(events, ["trackMuted TR_a ann", "trackUnmuted TR_a ann"]);
});

test("active speakers are deltas, loudest first, and leave with their participant", async () => {
	const { room, events, connect, session } = make();
	await connect([ann(1), { sid: "PA_bob", identity: "bob" }]);
	const speak = (...speakers: [string, number][]) => {
		session().emit("speakersChanged", {
			speakers: speakers.map(([sid, level]) => ({ sid, level, active: level > 0 })),
		});
	};
	speak(["PA_me", 0.25], ["PA_nobody", 1]);
	speak(["PA_ann", 0.5]);
	assert.ok(room.localParticipant.isSpeaking);
	assert.ok(room.remoteParticipants.get("ann")?.lastSpokeAt instanceof Date);
	assert.deepEqual(
		room.activeSpeakers.map(({ identity, audioLevel }) => [identity, audioLevel]),
		[
			["ann", 0.5],
			["me", 0.25],
		],
	);
	speak(["PA_me", 0]);
	speak(["PA_bob", 0.75]);
	session().update(ann(2, { state: 3 }));
	assert.deepEqual(events, [
		"activeSpeakersChanged me",
		"activeSpeakersChanged ann,me",
		"activeSpeakersChanged ann",
		"activeSpeakersChanged bob,ann",
		"participantDisconnected ann undefined",
		"activeSpeakersChanged bob",
	]);
});

test("connection quality and room metadata", async () => {
	const { room, events, connect, session } = make();
	await connect([ann(1)]);
	const quality = (participantSid: string, value: ProtoQuality) => {
		session().emit("connectionQuality", {
			updates: [{ participantSid, quality: value, score: 4 }],
		});
	};
	quality("PA_me", ProtoQuality.EXCELLENT);
	quality("PA_me", ProtoQuality.EXCELLENT);
	quality("PA_ann", ProtoQuality.LOST);
	quality("PA_nobody", ProtoQuality.POOR);
	assert.equal(room.remoteParticipants.get("ann")?.connectionQuality, ConnectionQuality.Lost);
	session().room({ metadata: "n", numParticipants: 2 });
	session().room({ metadata: "n", numParticipants: 3 });
	session().room({ metadata: "n", numParticipants: 3, activeRecording: true });
	assert.equal(room.numParticipants, 3);
	assert.deepEqual(events, [
		"connectionQualityChanged excellent me",
		"connectionQualityChanged lost ann",
		"roomMetadataChanged n",
		"recordingStatusChanged true",
	]);
	assert.ok(room.isRecording);
});

test("the microphone before connect(), awaited or not", async () => {
	const { room, events, connect, session } = make();
	assert.equal(await room.localParticipant.setMicrophoneEnabled(true), undefined);
	const connected = connect();
	assert.deepEqual(session().calls[1], ["publish", "microphone", false]);
	await connected;
	await session().published();
	assert.ok(room.localParticipant.isMicrophoneEnabled);
	assert.deepEqual(events, ["localTrackPublished TR_mic me"]);
});

test("the microphone published before media is up is announced after", async () => {
	const { room, events, session } = make();
	room.localParticipant.setMicrophoneEnabled(true);
	room.connect("ws://server", "token");
	session().join();
	await session().published();
	session().emit("connected");
	assert.deepEqual(events.slice(-2), ["connected", "localTrackPublished TR_mic me"]);
});

test("the microphone on, off, on", async () => {
	const { room, events, connect, session, microphone } = make();
	await connect();
	const pending = room.localParticipant.setMicrophoneEnabled(true);
	await session().published();
	const publication = await pending;
	assert.equal(publication?.trackSid, "TR_mic");
	assert.equal(room.localParticipant.getTrackPublication(Track.Source.Microphone), publication);
	assert.equal(await room.localParticipant.setMicrophoneEnabled(false), publication);
	assert.ok(publication?.isMuted);
	await room.localParticipant.setMicrophoneEnabled(false);
	await publication?.unmute();
	assert.deepEqual(events, [
		"localTrackPublished TR_mic me",
		"trackMuted TR_mic me",
		"trackUnmuted TR_mic me",
	]);
	assert.deepEqual(session().calls.slice(-2), [
		["setMuted", "TR_mic", true],
		["setMuted", "TR_mic", false],
	]);
	assert.equal(
		await room.localParticipant.unpublishTrack(publication?.track as never),
		publication,
	);
	assert.ok(microphone.closed);
	assert.deepEqual(events.at(-1), "localTrackUnpublished TR_mic me");
});

test("off before it ever was on, and off again before connect()", async () => {
	const { room, microphone } = make();
	assert.equal(await room.localParticipant.setMicrophoneEnabled(false), undefined);
	await room.localParticipant.setMicrophoneEnabled(true);
	await room.localParticipant.setMicrophoneEnabled(false);
	assert.ok(microphone.closed);
});

test("muted while it is being published", async () => {
	const { room, connect, session } = make();
	await connect();
	room.localParticipant.setMicrophoneEnabled(true);
	room.localParticipant.setMicrophoneEnabled(false);
	await session().published();
	assert.ok(!room.localParticipant.isMicrophoneEnabled);
	assert.deepEqual(session().calls.at(-1), ["setMuted", "TR_mic", true]);
});

test("subscribed to in the turn in which it is published, and before the room is connected", async () => {
	const { room, events, connect, session } = make();
	const microphone = room.localParticipant.setMicrophoneEnabled(true);
	const connected = room.connect("ws://server", "token");
	session().join();
	await session().published();
	session().emit("trackSubscribed", { trackSid: "TR_mic" });
	session().emit("connected");
	await Promise.all([connected, microphone]);
	const told = ["localTrackPublished TR_mic me", "localTrackSubscribed TR_mic me"];
	assert.deepEqual(events.slice(-2), told);
	session().end({});

	await connect();
	room.localParticipant.setMicrophoneEnabled(true);
	const published = session().published();
	session().emit("trackSubscribed", { trackSid: "TR_mic" });
	session().emit("trackSubscribed", { trackSid: "TR_other" });
	await published;
	assert.deepEqual(events, told);
});

test("the server mutes, disagrees, and unpublishes", async () => {
	const { room, events, connect, session, microphone } = make();
	await connect();
	room.localParticipant.setMicrophoneEnabled(true);
	await session().published();
	events.length = 0;
	session().emit("mute", { sid: "TR_other", muted: true });
	session().emit("mute", { sid: "TR_mic", muted: true });
	const me = { sid: "PA_me", identity: "me", version: 2, tracks: [audio("TR_mic")] as TrackInfo[] };
	session().update(me);
	assert.deepEqual(session().calls.at(-1), ["setMuted", "TR_mic", true]);
	session().emit("trackSubscribed", { trackSid: "TR_mic" });
	session().emit("trackUnpublished", { trackSid: "TR_mic" });
	assert.deepEqual(events, [
		"trackMuted TR_mic me",
		"localTrackSubscribed TR_mic me",
		"localTrackUnpublished TR_mic me",
	]);
	assert.ok(microphone.closed);
	assert.equal(room.localParticipant.trackPublications.size, 0);
});

test("the server refuses the microphone", async () => {
	const { room, events, connect, session, microphone } = make();
	await connect();
	const pending = room.localParticipant.setMicrophoneEnabled(true);
	for (const { reject } of session().publishing.values()) reject(new TrackPublishError("no", 2));
	await assert.rejects(pending, TrackPublishError);
	assert.ok(microphone.closed);
	assert.deepEqual(events, ["mediaDevicesError TrackPublishError audioinput"]);
	// Enabled before connect(): nobody awaits it, so it comes as an event.
	const other = make();
	other.room.localParticipant.setMicrophoneEnabled(true);
	await other.connect();
	for (const { reject } of other.session().publishing.values())
		reject(new TrackPublishError("no", 2));
	await sleep(0);
	assert.deepEqual(other.events, ["mediaDevicesError TrackPublishError audioinput"]);
});

test("devices that do not open", async () => {
	const fail = () => {
		throw new Error("no such file: x.wav");
	};
	const { room, events, connect, session } = make({ microphone: fail, speaker: fail });
	await assert.rejects(room.localParticipant.setMicrophoneEnabled(true), (error) => {
		return (
			error instanceof MediaDeviceError &&
			error.kind === "audioinput" &&
			/x\.wav/.test(error.message)
		);
	});
	assert.deepEqual(events, ["mediaDevicesError MediaDeviceError audioinput"]);
	const connected = connect();
	assert.equal(session().options.speaker(), undefined);
	await connected; // without a speaker the call goes on
	const none = make({ microphone: undefined });
	await assert.rejects(none.room.localParticipant.setMicrophoneEnabled(true), /options of Room/);
});

test("a speaker is opened once, at connect()", async () => {
	let opened = 0;
	const speaker = () => {
		opened++;
		return new FakeDevice() as never;
	};
	const { room, session } = make({ speaker });
	room.connect("ws://server", "token");
	assert.equal(opened, 1);
	session().options.speaker();
	assert.equal(opened, 1);
});

function dataFrom(participantIdentity: string, text: string, kind: 0 | 1 = 0): ArrayBufferLike {
	const user = { payload: new Uint8Array(ArrayBuffer.fromString(text)), topic: "🎙️" };
	return encode(DataPacket, { kind, participantIdentity, user }).buffer;
}

test("data that comes: payload, participant, kind, topic, encryption, identity", async () => {
	const { room, connect, session } = make();
	const received: unknown[][] = [];
	room.on(RoomEvent.DataReceived, (payload, participant, ...rest) => {
		const text = String.fromArrayBuffer(payload.buffer, payload.byteOffset, payload.length);
		received.push([text, participant?.sid, ...rest]);
	});
	await connect([{ sid: "PA_1", identity: "one", version: 1 }]);
	session().emit("data", dataFrom("one", "hi"), 0);
	session().emit("data", dataFrom("nobody yet", "ho", 1), 1);
	session().emit("data", Uint8Array.of(255).buffer, 0);
	session().emit("data", encode(DataPacket, { sipDtmf: { digit: "1" } }).buffer, 0);
	assert.deepEqual(received, [
		["hi", "PA_1", 0, "🎙️", 0, "one"],
		["ho", undefined, 1, "🎙️", 0, "nobody yet"],
	]);
	assert.deepEqual(room.getStats()?.data, {
		packetsIn: 3,
		packetsOut: 0,
		malformed: 1,
		duplicates: 0,
	});
});

test("data before we are connected comes after Connected", async () => {
	const { room, events, session } = make();
	const connected = room.connect("ws://server", "token");
	session().join([]);
	session().emit("data", dataFrom("one", "hi"), 0);
	session().emit("connected");
	await connected;
	assert.deepEqual(events.map((event) => event.split(" ")[0]).slice(-2), [
		"connected",
		"dataReceived",
	]);
});

test("data that goes: lossy unless reliable is asked for", async () => {
	const { room, connect, session } = make();
	await connect();
	const payload = Uint8Array.of(1, 2, 3);
	await room.localParticipant.publishData(payload);
	await room.localParticipant.publishData(payload, {
		reliable: true,
		topic: "t",
		destinationIdentities: ["one", "two"],
	});
	const [[lossy, lossyKind], [reliable, reliableKind]] = session().packets;
	assert.deepEqual([lossyKind, lossy.kind, lossy.sequence], [1, 1, 0]);
	assert.deepEqual([reliableKind, reliable.kind, reliable.sequence], [0, 0, 1]);
	assert.deepEqual(lossy.user?.payload, payload);
	assert.equal(lossy.user?.topic, undefined);
	assert.equal(reliable.user?.topic, "t");
	assert.deepEqual(reliable.user?.destinationIdentities, ["one", "two"]);
});

test("data without a connection or a permission is refused", async () => {
	const { room, session } = make();
	const publish = () => room.localParticipant.publishData(new Uint8Array(1), { reliable: true });
	const { NotAllowed, NotConnected } = PublishDataErrorReason;
	const refused = (reason: number) => (error: unknown) =>
		error instanceof PublishDataError && error.reason === reason;
	await assert.rejects(publish, refused(NotConnected));
	const connected = room.connect("ws://server", "token");
	session().permission = { canPublish: true };
	session().join();
	session().emit("connected");
	await connected;
	await assert.rejects(publish, refused(NotAllowed));
	assert.equal(session().packets.length, 0);
	session().update({
		sid: "PA_me",
		identity: "me",
		version: 2,
		permission: { canPublishData: true },
	});
	await publish();
	await room.disconnect();
	await assert.rejects(publish, refused(NotConnected));
});
