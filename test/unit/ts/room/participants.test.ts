/** What participants, publications and tracks do and tell, beside the room. */

import { assert, sleep, test } from "harness";
import {
	LocalAudioTrack,
	ParticipantEvent,
	ParticipantState,
	type RemoteTrackPublication,
	RequestResponse_Reason,
	RoomEvent,
	SignalRequestError,
	setLogLevel,
	Track,
	TrackEvent,
	TrackPublication,
	TrackPublishError,
	UnsupportedError,
} from "livekit";
import { Log } from "livekit/platform/log";
import type { TrackInfo } from "livekit/protocol/generated/types";
import { ann, audio, FakeDevice, make, nameOf } from "./fakes";

/** Tracks as a message takes them. */
const tracks = (...infos: ReturnType<typeof audio>[]) => infos as TrackInfo[];
const withTrack = (version: number, more = {}) =>
	ann(version, { tracks: tracks(audio("TR_a", more)) });

test("who is told of a muted track: room, participant, publication, track", async () => {
	const { room, connect, session } = make();
	await connect([withTrack(1)]);
	session().track("TR_a");
	const participant = room.remoteParticipants.get("ann");
	const publication = participant?.trackPublications.get("TR_a");
	const order: string[] = [];
	const listen =
		(who: string) =>
		(...args: unknown[]) =>
			order.push([who, ...args.map(nameOf)].join(" "));
	publication?.track?.on(TrackEvent.Muted, listen("track"));
	publication?.on(TrackEvent.Muted, listen("publication"));
	participant?.on(ParticipantEvent.TrackMuted, listen("participant"));
	room.on(RoomEvent.TrackMuted, listen("room"));
	participant?.on(ParticipantEvent.TrackMuted, () => {
		throw new Error("a listener's own fault");
	});
	assert.throws(() => session().update(withTrack(2, { muted: true })), /own fault/);
	assert.deepEqual(order, ["room TR_a ann", "participant TR_a", "publication", "track TR_a"]);
	assert.ok(publication?.track?.isMuted);
});

test("a participant's own events have its arguments without itself", async () => {
	const { room, connect, session } = make();
	await connect([withTrack(1)]);
	const participant = room.remoteParticipants.get("ann");
	const told: string[] = [];
	for (const event of Object.values(ParticipantEvent)) {
		participant?.on(event, (...args: unknown[]) => {
			told.push([event, ...args.map(nameOf)].join(" "));
		});
	}
	session().track("TR_a");
	session().emit("speakersChanged", { speakers: [{ sid: "PA_ann", level: 0.5, active: true }] });
	session().emit("speakersChanged", { speakers: [{ sid: "PA_ann", level: 0.25, active: true }] });
	session().emit("speakersChanged", { speakers: [{ sid: "PA_ann", level: 0, active: false }] });
	session().emit("connectionQuality", {
		updates: [{ participantSid: "PA_ann", quality: 2, score: 4 }],
	});
	session().emit("subscriptionResponse", { trackSid: "TR_a", err: 2 });
	session().update(
		ann(2, {
			name: "Ann",
			metadata: "m",
			attributes: new Map([["a", "1"]]),
			state: ParticipantState.ACTIVE,
			permission: { canPublish: true },
		}),
	);
	assert.deepEqual(told, [
		"trackSubscribed TR_a TR_a",
		"trackSubscriptionStatusChanged TR_a subscribed",
		"isSpeakingChanged true",
		"isSpeakingChanged false",
		"connectionQualityChanged excellent",
		"trackSubscriptionFailed TR_a 2",
		"participantNameChanged Ann",
		"participantMetadataChanged ",
		'attributesChanged {"a":"1"}',
		"active",
		"participantPermissionsChanged undefined",
		"trackUnsubscribed TR_a TR_a",
		"trackSubscriptionStatusChanged TR_a desired",
		"trackUnpublished TR_a",
	]);
});

test("a subscription: wanted or not, here or not, and what the server hears", async () => {
	const { room, events, connect, session } = make();
	await connect([withTrack(1)]);
	const publication = room.remoteParticipants
		.get("ann")
		?.trackPublications.get("TR_a") as RemoteTrackPublication;
	const { Desired, Subscribed, Unsubscribed } = TrackPublication.SubscriptionStatus;
	assert.equal(publication.subscriptionStatus, Desired);
	session().track("TR_a");
	assert.equal(publication.subscriptionStatus, Subscribed);
	publication.setEnabled(false);
	publication.setEnabled(false);
	assert.ok(!publication.isEnabled);
	publication.setSubscribed(false);
	assert.deepEqual(
		[publication.subscriptionStatus, publication.isDesired, publication.isSubscribed],
		[Unsubscribed, false, false],
	);
	publication.setEnabled(true); // of what is not wanted there is nothing to hold back
	session().emit("trackEnded", "TR_a");
	publication.setSubscribed(true);
	assert.equal(publication.subscriptionStatus, Desired);
	const both = { trackSids: ["TR_a"] };
	const participantTracks = [{ participantSid: "PA_ann", ...both }];
	assert.deepEqual(session().requests, [
		{ trackSetting: { ...both, disabled: true } },
		{ subscription: { ...both, subscribe: false, participantTracks } },
		{ subscription: { ...both, subscribe: true, participantTracks } },
	]);
	assert.deepEqual(events, [
		"trackSubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a subscribed ann",
		"trackSubscriptionStatusChanged TR_a unsubscribed ann",
		"trackUnsubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a desired ann",
	]);
});

test("without autoSubscribe nothing is wanted until it is", async () => {
	const { room, session } = make();
	const connected = room.connect("ws://server", "token", { autoSubscribe: false });
	session().join([withTrack(1)]);
	session().emit("connected");
	await connected;
	const publication = room.remoteParticipants.get("ann")?.trackPublications.get("TR_a");
	assert.ok(!publication?.isDesired);
	publication?.setSubscribed(true);
	session().track("TR_a");
	assert.ok(publication?.isSubscribed);
});

test("a permission to subscribe comes and goes, and so does bandwidth", async () => {
	const { room, events, connect, session } = make();
	await connect([withTrack(1)]);
	const permit = (allowed: boolean) =>
		session().emit("subscriptionPermissionUpdate", {
			participantSid: "PA_ann",
			trackSid: "TR_a",
			allowed,
		});
	const state = (value: 0 | 1) =>
		session().emit("streamStateUpdate", {
			streamStates: [{ participantSid: "PA_ann", trackSid: "TR_a", state: value }],
		});
	const publication = room.remoteParticipants.get("ann")?.trackPublications.get("TR_a");
	permit(false);
	assert.equal(publication?.permissionStatus, TrackPublication.PermissionStatus.NotAllowed);
	permit(false);
	permit(true);
	state(1); // of a track that is not here
	session().track("TR_a");
	state(1);
	state(1);
	assert.equal(publication?.track?.streamState, Track.StreamState.Paused);
	state(0);
	assert.deepEqual(events, [
		"trackSubscriptionPermissionChanged TR_a not_allowed ann",
		"trackSubscriptionPermissionChanged TR_a allowed ann",
		"trackSubscribed TR_a TR_a ann",
		"trackSubscriptionStatusChanged TR_a subscribed ann",
		"trackStreamStateChanged TR_a paused ann",
		"trackStreamStateChanged TR_a active ann",
	]);
});

test("a volume is kept for tracks to come", async () => {
	const { room, connect, session } = make();
	await connect([withTrack(1)]);
	const participant = room.remoteParticipants.get("ann");
	assert.equal(participant?.getVolume(), undefined);
	participant?.setVolume(0.5);
	assert.deepEqual(session().track("TR_a"), [0.5]);
	assert.equal(participant?.getVolume(), 0.5);
	assert.throws(() => participant?.setVolume(-1), RangeError);
});

test("waiting for a participant to become active, or to leave before", async () => {
	const { room, connect, session } = make();
	await connect([ann(1, { state: ParticipantState.JOINED })]);
	const participant = room.remoteParticipants.get("ann");
	let active = false;
	const waiting = participant?.waitUntilActive().then(() => {
		active = true;
	});
	await sleep(0);
	assert.ok(!active);
	session().update(ann(2, { state: ParticipantState.ACTIVE }));
	await waiting;
	await participant?.waitUntilActive();
	session().update({ sid: "PA_bob", identity: "bob", version: 1 });
	const never = room.remoteParticipants.get("bob")?.waitUntilActive();
	session().update({ sid: "PA_bob", identity: "bob", version: 2, state: 3 });
	await assert.rejects(never as Promise<void>, /has left/);
});

test("hidden participants never surface", async () => {
	const { room, events, connect, session } = make();
	await connect([ann(1, { permission: { hidden: true } })]);
	session().update({ sid: "PA_b", identity: "bob", version: 1, permission: { hidden: true } });
	assert.equal(room.remoteParticipants.size, 0);
	session().update({ sid: "PA_c", identity: "cid", version: 1 });
	session().update({ sid: "PA_c", identity: "cid", version: 2, permission: { hidden: true } });
	assert.deepEqual(events, ["participantConnected cid", "participantDisconnected cid undefined"]);
});

const me = (version: number, more = {}) => ({ sid: "PA_me", identity: "me", version, ...more });

test("name, metadata and attributes resolve when the server shows them", async () => {
	const { room, events, connect, session } = make();
	await assert.rejects(room.localParticipant.setName("early"), SignalRequestError);
	await connect();
	let done = 0;
	const count = () => done++;
	const all = [
		room.localParticipant.setName("Me 🙂").then(count),
		room.localParticipant.setMetadata("m").then(count),
		room.localParticipant.setAttributes({ a: "1", gone: "" }).then(count),
	];
	await sleep(0);
	assert.equal(done, 0);
	const [name, metadata, attributes] = session().requests.map((request) => request.updateMetadata);
	assert.deepEqual([name?.name, name?.metadata, name?.requestId], ["Me 🙂", "", 1]);
	assert.equal(metadata?.metadata, "m");
	assert.deepEqual(
		[...(attributes?.attributes ?? [])],
		[
			["a", "1"],
			["gone", ""],
		],
	);
	session().update(me(2, { name: "Me 🙂", metadata: "m", attributes: new Map([["a", "1"]]) }));
	await Promise.all(all);
	assert.deepEqual(events, [
		"participantNameChanged Me 🙂 me",
		"participantMetadataChanged  me",
		'participantAttributesChanged {"a":"1"} me',
	]);
});

test("a refused change says why, and one that the end overtakes too", async () => {
	const { room, connect, session } = make();
	await connect();
	const { NOT_ALLOWED } = RequestResponse_Reason;
	const refused = (reason: unknown) => (error: unknown) =>
		error instanceof SignalRequestError && error.reason === reason;
	session().response = Promise.resolve({ reason: NOT_ALLOWED, message: "no" } as never);
	await assert.rejects(room.localParticipant.setMetadata("m"), refused(NOT_ALLOWED));
	session().response = Promise.resolve(undefined);
	const pending = room.localParticipant.setMetadata("m");
	pending.catch(() => {});
	await sleep(0);
	await room.disconnect();
	await assert.rejects(pending, refused("Disconnected"));
});

test("a change that the server never shows is given up", async () => {
	const { room, connect } = make();
	await connect();
	await assert.rejects(room.localParticipant.setName("nobody hears"), (error) => {
		return error instanceof SignalRequestError && error.reason === "TimeoutError";
	});
}, 8_000);

test("tracks of one's own: two at once, options, unpublished with and without an end", async () => {
	const devices: FakeDevice[] = [];
	const microphone = () => {
		devices.push(new FakeDevice());
		return devices[devices.length - 1] as never;
	};
	const { room, events, connect, session } = make({ microphone, publishDefaults: { dtx: true } });
	await connect();
	const { localParticipant } = room;
	const [track] = await localParticipant.createTracks();
	const published = localParticipant.publishTrack(track, {
		name: "line",
		source: Track.Source.ScreenShareAudio,
		audioPreset: { maxBitrate: 48_000 },
	});
	await session().published("TR_line");
	const publication = await published;
	assert.equal(await localParticipant.publishTrack(track), publication);
	assert.deepEqual(session().trackOptions, [["line", true, 48_000]]);
	assert.equal(publication.options.audioPreset?.maxBitrate, 48_000);
	localParticipant.setMicrophoneEnabled(true);
	await session().published("TR_mic");
	assert.deepEqual(
		localParticipant.getTrackPublications().map(({ trackSid }) => trackSid),
		["TR_line", "TR_mic"],
	);
	assert.equal(localParticipant.audioTrackPublications.size, 2);
	await localParticipant.unpublishTrack(track, false);
	assert.ok(!devices[0].closed && !track.isStopped);
	localParticipant.publishTrack(track);
	await session().published("TR_again");
	const mic = localParticipant.getTrackPublication(Track.Source.Microphone)?.track;
	assert.equal((await localParticipant.unpublishTracks([track, mic as LocalAudioTrack])).length, 2);
	assert.ok(devices.every(({ closed }) => closed));
	await assert.rejects(localParticipant.publishTrack(track), TrackPublishError);
	assert.deepEqual(events, [
		"localTrackPublished TR_line me",
		"localTrackPublished TR_mic me",
		"localTrackUnpublished TR_line me",
		"localTrackPublished TR_again me",
		"localTrackUnpublished TR_again me",
		"localTrackUnpublished TR_mic me",
	]);
});

test("a track published before connect() goes with the join", async () => {
	const { room, connect, session } = make();
	const published = room.localParticipant.publishTrack(
		new LocalAudioTrack(new FakeDevice() as never),
	);
	await connect();
	await session().published("TR_x");
	assert.equal((await published).trackSid, "TR_x");
});

test("a permission to publish that is revoked takes the tracks out", async () => {
	const { room, events, connect, session, microphone } = make();
	await connect();
	session().update(me(2, { permission: { canPublish: true, canPublishData: true } }));
	room.localParticipant.setMicrophoneEnabled(true);
	await session().published();
	session().update(me(3, { permission: { canPublish: true, canPublishSources: [2] } }));
	assert.equal(room.localParticipant.trackPublications.size, 1);
	session().update(me(4, { permission: { canPublish: true, canPublishSources: [1] } }));
	assert.equal(room.localParticipant.trackPublications.size, 0);
	assert.ok(microphone.closed);
	await assert.rejects(room.localParticipant.setMicrophoneEnabled(true), (error) => {
		return (
			error instanceof TrackPublishError && error.reason === RequestResponse_Reason.NOT_ALLOWED
		);
	});
	assert.deepEqual(
		events.map((event) => event.split(" ")[0]),
		[
			"participantPermissionsChanged",
			"localTrackPublished",
			"participantPermissionsChanged",
			"participantPermissionsChanged",
			"localTrackUnpublished",
			"mediaDevicesError",
		],
	);
});

test("disconnect(false) leaves a microphone open", async () => {
	const { room, connect, session, microphone } = make();
	await connect();
	const published = room.localParticipant.setMicrophoneEnabled(true);
	await session().published();
	const track = (await published)?.track;
	await room.disconnect(false);
	assert.ok(!microphone.closed);
	track?.stop();
	assert.ok(microphone.closed);
});

test("who may subscribe is told now and at every join", async () => {
	const { room, connect, session } = make();
	room.localParticipant.setTrackSubscriptionPermissions(false, [
		{ participantIdentity: "ann", allowedTrackSids: ["TR_mic"] },
	]);
	await connect();
	const [{ subscriptionPermission }] = session().requests;
	assert.equal(subscriptionPermission?.allParticipants, false);
	assert.deepEqual(subscriptionPermission?.trackPermissions?.[0].trackSids, ["TR_mic"]);
	assert.throws(
		() => room.localParticipant.setTrackSubscriptionPermissions(false, [{ allowAll: true }]),
		TypeError,
	);
});

test("what a board has not is refused by name", async () => {
	const { room } = make({ board: { name: "toaster" } });
	const { localParticipant } = room;
	for (const refused of [
		localParticipant.setCameraEnabled(true),
		localParticipant.setScreenShareEnabled(true),
		localParticipant.createScreenTracks(),
		localParticipant.createTracks({ video: true }),
	]) {
		await assert.rejects(refused, (error) => {
			return error instanceof UnsupportedError && /board toaster has no/.test(error.message);
		});
	}
	assert.equal(await localParticipant.setCameraEnabled(false), undefined);
});

test("the last error of the microphone", async () => {
	let works = false;
	const microphone = () => {
		if (!works) throw new Error("unplugged");
		return new FakeDevice() as never;
	};
	const { room } = make({ microphone });
	const told: string[] = [];
	room.localParticipant.on(ParticipantEvent.MediaDevicesError, (error, kind) => {
		told.push(`${error.message} ${kind}`);
	});
	await assert.rejects(room.localParticipant.enableCameraAndMicrophone(), /unplugged/);
	assert.match(room.localParticipant.lastMicrophoneError?.message ?? "", /unplugged/);
	works = true;
	await room.localParticipant.enableCameraAndMicrophone();
	assert.equal(room.localParticipant.lastMicrophoneError, undefined);
	assert.deepEqual(told, ["unplugged audioinput"]);
});

test("a sid that comes late", async () => {
	const { room, session, connect } = make();
	assert.equal(await room.getSid(), "");
	session();
	const connected = room.connect("ws://server", "token");
	const sid = room.getSid();
	session().join();
	session().emit("connected");
	await connected;
	assert.equal(await room.getSid(), "RM_1");
	session().room({ sid: "RM_1" });
	await room.disconnect();
	await assert.rejects(sid, /told no sid/);
	await connect();
});

test("being moved to another room", async () => {
	const { room, events, connect, session } = make();
	await connect([withTrack(1)]);
	session().moved({
		room: { sid: "RM_2", name: "garden" },
		participant: me(1, { sid: "PA_me2" }),
		otherParticipants: [{ sid: "PA_c", identity: "cid", version: 1 } as never],
	});
	assert.deepEqual([room.name, room.sid, room.localParticipant.sid], ["garden", "RM_2", "PA_me2"]);
	assert.deepEqual(events, [
		"trackUnpublished TR_a ann",
		"participantDisconnected ann undefined",
		"moved garden",
		"participantConnected cid",
	]);
});

test("scenarios are asked of the server", async () => {
	const { room, connect, session } = make();
	assert.equal(await room.simulateScenario("speaker"), false);
	await connect();
	assert.equal(await room.simulateScenario("speaker"), true);
	await room.simulateScenario("subscriber-bandwidth", 10_000);
	assert.deepEqual(session().requests, [
		{ simulate: { speakerUpdate: 3 } },
		{ simulate: { subscriberBandwidth: 10_000 } },
	]);
	await assert.rejects(room.simulateScenario("no such" as never), TypeError);
});

test("the level of all logs", () => {
	const lines: string[] = [];
	const log = new Log(undefined, (line) => lines.push(line));
	log.info("quiet");
	setLogLevel("info");
	log.info("heard");
	setLogLevel("silent");
	log.error("quiet");
	setLogLevel("warn");
	assert.deepEqual(lines, ["livekit info: heard"]);
	assert.throws(() => setLogLevel("loud" as never), TypeError);
});
