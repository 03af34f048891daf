/** Rooms with more participants than a device keeps. */

import { assert, test } from "harness";
import { ConnectionState } from "livekit";
import { decode, encode } from "livekit/protocol/codec";
import { SignalResponse } from "livekit/protocol/generated/tables";
import type { ParticipantInfo, TrackInfo } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import { collect, heap } from "simulator";
import { audio, make } from "./fakes";

const many = (count: number, first = 0): Init<ParticipantInfo>[] =>
	Array.from({ length: count }, (_, i) => ({
		sid: `PA_${first + i}`,
		identity: `participant-${first + i}`,
		name: `Participant number ${first + i}`,
		version: 1,
		state: 2,
		joinedAt: 1_700_000_000,
		permission: { canSubscribe: true, canPublish: true, canPublishData: true },
		tracks: [
			audio(`TR_${first + i}`, { name: "microphone", mimeType: "audio/opus" }),
		] as TrackInfo[],
	}));

test("a join of 150: 32 in full, identity and sid of the others", async () => {
	const { room, connect, session, events } = make();
	await connect(many(150));
	assert.equal(room.state, ConnectionState.Connected);
	assert.equal(room.remoteParticipants.size, 32);
	assert.equal(room.participantsBeyond.size, 118);
	assert.equal(room.participantsBeyond.get("participant-149"), "PA_149");
	assert.equal(room.getParticipantByIdentity("participant-149"), undefined);
	// One more is beyond; one that leaves makes room for who waited longest.
	session().update(...many(1, 150));
	session().update({ sid: "PA_40", identity: "participant-40", version: 2, state: 3 });
	session().update({ sid: "PA_0", identity: "participant-0", version: 2, state: 3 });
	assert.deepEqual(events, [
		"trackUnpublished TR_0 participant-0",
		"participantDisconnected participant-0 undefined",
		"participantConnected participant-32",
		"participantActive participant-32",
	]);
	assert.deepEqual([room.remoteParticipants.size, room.participantsBeyond.size], [32, 117]);
	// The server's next word brings the rest of it.
	session().update(...many(1, 32));
	const promoted = room.remoteParticipants.get("participant-32");
	assert.equal(promoted?.name, "Participant number 32");
	assert.equal(promoted?.trackPublications.size, 1);
	await room.disconnect();
	assert.equal(room.participantsBeyond.size, 0);
});

test("participants of a message are decoded one at a time, bad ones passed over", () => {
	const update = { participants: many(3) as ParticipantInfo[] };
	const bytes = encode(SignalResponse, { update });
	const list = decode(SignalResponse, bytes).update?.participants;
	assert.equal(list?.length, 3);
	assert.deepEqual(
		[...(list ?? [])].map(({ sid }) => sid),
		["PA_0", "PA_1", "PA_2"],
	);
	const at = bytes.indexOf(10, 6); // the tag of the first one's sid
	bytes[at] = 11; // a group, which proto3 has not
	assert.deepEqual(
		[...(list ?? [])].map(({ sid }) => sid),
		["PA_1", "PA_2"],
	);
});

test("100 more participants beyond cost little, and a message of them nothing", async () => {
	const slots = () => {
		collect();
		return heap().slots;
	};
	const { room, connect, session } = make({ maxParticipants: 4 });
	await connect(many(4));
	const bytes = encode(SignalResponse, {
		update: { participants: many(100, 4) as ParticipantInfo[] },
	});
	const before = slots();
	const { update } = decode(SignalResponse, bytes);
	if (update) session().emit("update", update);
	assert.equal(room.participantsBeyond.size, 100);
	const each = (slots() - before) / 100;
	assert.ok(each < 8, `${each} slots each`);
});
