/**
 * What remote participants with one track each cost the engine's heap. Config: count, and limit, the
 * number of those kept in full.
 */

import type { LocalParticipant } from "livekit";
import { decode, encode } from "livekit/protocol/codec";
import { SignalResponse } from "livekit/protocol/generated/tables";
import type { ParticipantInfo, TrackInfo } from "livekit/protocol/generated/types";
import type { Init } from "livekit/protocol/schema";
import { Participants } from "livekit/room/Participants";
import config from "mc/config";
import { collect, exit, heap } from "simulator";

const count = Number(config.count);
const limit = Number(config.limit);
/** On a device. */
const SLOT_BYTES = 16;

const local = { identity: "device", sid: "PA_device" } as LocalParticipant;
const link = { announce: () => {}, autoSubscribe: true, send: () => false };

/** As livekit-server describes it. */
function describe(i: number): Init<ParticipantInfo> {
	const number = `${i}`.padStart(4, "0");
	return {
		sid: `PA_abcdefgh${number}`,
		identity: `participant-${number}`,
		name: `Participant ${number}`,
		version: 4,
		state: 2,
		joinedAt: 1_700_000_000 + i,
		joinedAtMs: 1_700_000_000_000 + i,
		isPublisher: true,
		clientProtocol: 2,
		permission: {
			canSubscribe: true,
			canPublish: true,
			canPublishData: true,
			canUpdateMetadata: true,
		},
		tracks: [
			{
				sid: `TR_AMabcdefgh${number}`,
				name: "microphone",
				source: 2,
				mimeType: "audio/opus",
				mid: "0",
				stream: "microphone",
				version: { unixMicro: 1_700_000_000_000_000, ticks: 0 },
			},
		] as TrackInfo[],
	};
}

function measure(): { slots: number; chunkBytes: number } {
	collect();
	return heap();
}

let bytes: Uint8Array | undefined = encode(SignalResponse, {
	update: {
		participants: Array.from({ length: count }, (_, i) => describe(i)) as ParticipantInfo[],
	},
});
const participants = new Participants(local, link, limit);
const before = measure();
/** Of all that is alive while the message is read. In life that is in native memory. */
let peak = 0;
for (const info of decode(SignalResponse, bytes).update?.participants ?? []) {
	participants.update(info);
	const { slots, chunkBytes } = measure();
	peak = Math.max(peak, slots * SLOT_BYTES + chunkBytes - bytes.length);
}
const after = measure();
bytes = undefined;
trace(`slots ${after.slots - before.slots} chunks ${after.chunkBytes - before.chunkBytes}\n`);
trace(`peak ${peak}\n`);
exit(participants.remote.size === Math.min(count, limit) ? 0 : 1);
