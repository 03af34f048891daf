/** What publications and tracks say of themselves, and sound of an app's own. */

import { assert, sleep, test } from "harness";
import {
	AudioFrame,
	AudioSource,
	AudioStream,
	LocalAudioTrack,
	type RemoteAudioTrack,
	type RemoteTrackPublication,
	Track,
	TrackPublication,
} from "livekit";
import { ann, audio, type FakeDevice, make } from "./fakes";

test("what a remote publication and its track say", async () => {
	const { room, connect, session } = make();
	await connect([
		ann(1, {
			tracks: [
				audio("TR_a", { name: "line", mimeType: "audio/opus", muted: true }) as never,
				audio("TR_v", { type: 1, source: 1, width: 160, height: 120, simulcast: true }) as never,
			],
		}),
	]);
	const participant = room.remoteParticipants.get("ann");
	const publication = participant?.getTrackPublicationByName("line") as RemoteTrackPublication;
	assert.equal(publication, participant?.getTrackPublication(Track.Source.Microphone));
	assert.deepEqual(
		[publication.trackSid, publication.trackName, publication.kind, publication.source],
		["TR_a", "line", "audio", "microphone"],
	);
	assert.deepEqual(
		[publication.mimeType, publication.isMuted, publication.isEnabled, publication.isDesired],
		["audio/opus", true, true, true],
	);
	assert.equal(publication.permissionStatus, TrackPublication.PermissionStatus.Allowed);
	assert.deepEqual([publication.isLocal, publication.simulcasted], [false, false]);
	assert.equal(publication.dimensions, undefined);
	assert.equal(publication.trackInfo.sid, "TR_a");
	assert.ok(!publication.isSubscribed && !publication.track && !publication.audioTrack);

	const volumes = session().track("TR_a");
	const track = publication.track as unknown as RemoteAudioTrack; // it came meanwhile
	assert.equal(publication.audioTrack, track);
	assert.ok(publication.isSubscribed);
	assert.deepEqual(
		[track.sid, track.kind, track.source, track.isLocal, track.isMuted, track.streamState],
		["TR_a", "audio", "microphone", false, true, "active"],
	);
	assert.equal(track.getVolume(), 1);
	track.setVolume(0.5);
	assert.throws(() => track.setVolume(-1), RangeError);
	assert.throws(() => track.setVolume(Number.NaN), RangeError);
	assert.equal(track.getVolume(), 0.5);
	assert.deepEqual(volumes, [0.5]);

	assert.deepEqual(
		[participant?.isCameraEnabled, participant?.isScreenShareEnabled],
		[true, false],
	);
	const video = participant?.getTrackPublication(Track.Source.Camera) as RemoteTrackPublication;
	assert.deepEqual(video.dimensions, { width: 160, height: 120 });
	assert.deepEqual([video.kind, video.simulcasted, video.track], ["video", true, undefined]);
});

test("video is refused, of everybody and once, and cannot be subscribed to", async () => {
	const { room, connect, session, events } = make({ maxParticipants: 1 });
	const tracks = [audio("TR_a"), audio("TR_v", { type: 1 })] as never;
	const bob = { identity: "bob", sid: "PA_b", version: 1 };
	await connect([
		ann(1, { tracks }),
		{ ...bob, tracks: [audio("TR_w", { type: 1 })] as never }, // beyond those kept in full
	]);
	const refused = () => session().requests.flatMap(({ subscription }) => subscription ?? []);
	assert.deepEqual(refused(), [
		{ trackSids: ["TR_v"], subscribe: false },
		{ trackSids: ["TR_w"], subscribe: false },
	]);
	session().update(ann(2, { tracks }));
	assert.equal(refused().length, 2);

	const video = room.remoteParticipants.get("ann")?.trackPublications.get("TR_v");
	assert.deepEqual([video?.isDesired, video?.subscriptionStatus], [false, "unsubscribed"]);
	video?.setSubscribed(true);
	assert.equal(events[events.length - 1], "trackSubscriptionFailed TR_v ann 1");
	video?.setSubscribed(false);
	assert.equal(refused().length, 2);
	assert.deepEqual(session().options.syncState?.().subscription?.trackSids, ["TR_v"]);
});

test("what a local publication and its track say", async () => {
	const { room, connect, session } = make();
	await connect();
	const published = room.localParticipant.setMicrophoneEnabled(true, undefined, { name: "desk" });
	await session().published("TR_mic");
	const publication = await published;
	const { track } = publication ?? {};
	assert.equal(publication?.audioTrack, track);
	assert.deepEqual(
		[publication?.isLocal, publication?.isSubscribed, publication?.isEnabled],
		[true, true, true],
	);
	assert.deepEqual(
		[publication?.isMuted, publication?.options.name, track?.sid, track?.isLocal, track?.isMuted],
		[false, "desk", "TR_mic", true, false],
	);
	await publication?.mute();
	assert.ok(track?.isMuted && publication?.isMuted);
	assert.ok(!room.localParticipant.isMicrophoneEnabled);
	await publication?.unmute();
	assert.ok(room.localParticipant.isMicrophoneEnabled);
	track?.stop(); // of a published one: it is muted, and closes when it is unpublished
	assert.ok(track?.isMuted && !track.isStopped);
	await room.localParticipant.unpublishTrack(track as LocalAudioTrack);
	assert.ok(track?.isStopped);
	assert.equal(track?.sid, undefined);
});

test("an app's own sound, by its name, beside the microphone or instead of it", async () => {
	const { room, connect, session, microphone, events } = make();
	await connect();
	const { localParticipant } = room;
	const source = new AudioSource(16000);
	const chime = LocalAudioTrack.createAudioTrack("chime", source);
	localParticipant.publishTrack(chime);
	await session().published("TR_chime");
	assert.equal(chime.sid, "TR_chime");
	assert.equal(localParticipant.getTrackPublication(Track.Source.Microphone), undefined);

	const voice = LocalAudioTrack.createAudioTrack("voice", source);
	localParticipant.publishTrack(voice, { source: Track.Source.Microphone });
	await session().published("TR_voice");
	assert.deepEqual(
		session().trackOptions.map(([name]) => name),
		["chime", "voice"],
	);
	assert.ok(localParticipant.isMicrophoneEnabled);
	await localParticipant.setMicrophoneEnabled(false); // it is the microphone now
	assert.ok(voice.isMuted && !chime.isMuted);
	await source.captureFrame(AudioFrame.create(16000, 1, 320)); // as ever

	await localParticipant.unpublishTrack(voice);
	assert.ok(voice.isStopped);
	await room.disconnect();
	assert.ok(chime.isStopped);
	await source.captureFrame(AudioFrame.create(16000, 1, 320)); // the app's, to be used again
	assert.ok(!(microphone as FakeDevice).closed, "the board's was never opened");
	assert.deepEqual(
		events.filter((event) => /^local/.test(event)),
		[
			"localTrackPublished TR_chime me",
			"localTrackPublished TR_voice me",
			"localTrackUnpublished TR_voice me",
			"localTrackUnpublished TR_chime me",
		],
	);
	await source.close();
});

test("a second of an app's silence is no broken microphone", async () => {
	const { room, connect, session, events } = make();
	await connect();
	const capture = (frames: number) =>
		Object.assign(session(), { captured: { frames, silent: frames } });
	const source = new AudioSource(8000);
	room.localParticipant.publishTrack(LocalAudioTrack.createAudioTrack("quiet", source));
	await session().published("TR_quiet");
	capture(10);
	await sleep(1100);
	assert.ok(!events.includes("localAudioSilenceDetected TR_quiet"), events.join());
	room.localParticipant.setMicrophoneEnabled(true);
	await session().published("TR_mic");
	capture(20);
	await sleep(1100);
	assert.ok(events.includes("localAudioSilenceDetected TR_mic"), events.join());
	await source.close();
});

test("a stream of a remote track is of the media behind it, and ends with it", async () => {
	const { room, connect, session } = make();
	await connect([ann(1, { tracks: [audio("TR_a") as never] })]);
	const opened: unknown[] = [];
	session().emit("track", {
		sid: "TR_a",
		setVolume() {},
		openTap: (options) => {
			opened.push(options.sampleRate);
			return undefined;
		},
	});
	const { track } = room.remoteParticipants.get("ann")?.trackPublications.get("TR_a") ?? {};
	assert.equal(await new AudioStream(track as RemoteAudioTrack, 24000).read(), undefined);
	assert.deepEqual(opened, [24000]);
});
