/** A room whose connection is lost: its events, in the order that docs/session.md has. */

import { assert, sleep, test } from "harness";
import { ConnectionState } from "livekit";
import type { TrackInfo } from "livekit/protocol/generated/types";
import { ann, audio, make } from "./fakes";

/** Connected, with our microphone and somebody else's. */
async function call() {
	const made = make();
	const { room, connect, session, events } = made;
	await connect([ann(1, { tracks: [audio("TR_a")] as never })]);
	session().track("TR_a");
	room.localParticipant.setMicrophoneEnabled(true).catch(() => {});
	await sleep(0);
	const [cid] = session().publishing.keys();
	await session().published();
	events.length = 0;
	return { ...made, cid };
}

test("signalling alone", async () => {
	const { room, events, session } = await call();
	session().emit("signalReconnecting");
	assert.equal(room.state, ConnectionState.SignalReconnecting);
	session().emit("reconnected");
	assert.equal(room.state, ConnectionState.Connected);
	assert.deepEqual(events, [
		"connectionStateChanged signalReconnecting",
		"signalReconnecting",
		"connectionStateChanged connected",
		"reconnected",
	]);
});

test("media as well: nobody leaves", async () => {
	const { room, events, session } = await call();
	session().emit("signalReconnecting");
	session().emit("reconnecting");
	assert.equal(room.state, ConnectionState.Reconnecting);
	session().emit("reconnected");
	assert.deepEqual(
		events.filter((event) => !event.startsWith("connectionState")),
		["signalReconnecting", "reconnecting", "reconnected"],
	);
	assert.equal(room.remoteParticipants.size, 1);
});

test("all joined anew: who was there leaves and comes again, our track last", async () => {
	const { room, events, session, cid } = await call();
	session().emit("restarting");
	session().emit("reconnecting");
	assert.equal(room.remoteParticipants.size, 0);
	session().join([ann(1, { sid: "PA_ann2", tracks: [audio("TR_a2")] as never })], "rejoined");
	session().track("TR_a2");
	session().emit("republished", cid, { sid: "TR_mic2", type: 0, source: 2 } as TrackInfo);
	session().emit("reconnected");
	const told = events.map((event) => event.split(" ")[0]);
	assert.deepEqual(
		told.filter((event) => !/^(connectionState|trackSubscriptionStatus)/.test(event)),
		[
			"trackUnsubscribed",
			"trackUnpublished",
			"participantDisconnected",
			"localTrackUnpublished",
			"reconnecting",
			"reconnected",
			"participantConnected",
			"trackPublished",
			"trackSubscribed",
			"localTrackPublished",
		],
	);
});

test("connecting in a region without media, then in another: as if the first had not been", async () => {
	const { room, events, session } = make();
	room.localParticipant.setMicrophoneEnabled(true).catch(() => {});
	const connected = room.connect("ws://server", "token");
	session().join([ann(1, { tracks: [audio("TR_a")] as never })]);
	await sleep(0);
	const [cid] = session().publishing.keys();
	await session().published();
	session().emit("restarting");
	assert.equal(room.remoteParticipants.size, 0);
	session().join([ann(1, { sid: "PA_ann2" })]);
	session().emit("republished", cid, { sid: "TR_mic2", type: 0, source: 2 } as TrackInfo);
	session().emit("connected");
	await connected;
	assert.equal(room.remoteParticipants.get("ann")?.sid, "PA_ann2");
	assert.deepEqual([...room.localParticipant.trackPublications.keys()], ["TR_mic2"]);
	assert.deepEqual(events, [
		"connectionStateChanged connecting",
		"signalConnected",
		"signalConnected",
		"connectionStateChanged connected",
		"connected",
		"localTrackPublished TR_mic2 me",
	]);
});
