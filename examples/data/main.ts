/**
 * Packets and objects: asks the peer for its time, sends it a measurement, and ends when both came
 * back. `npm run example -- data` runs it beside a peer in Node (tools/example-peers/data.mjs).
 */

import board from "board";
import { Room, RoomEvent } from "livekit";
import config from "mc/config";

const room = new Room();
const decoder = (bytes: Uint8Array) => String.fromCharCode(...bytes);
let waitingFor = 2;

function came(): void {
	if (--waitingFor === 0) room.disconnect();
}

// A packet is bytes and a topic. Lossy ones come without waiting, or not at all; reliable ones come.
room.on(RoomEvent.DataReceived, (payload, _participant, _kind, topic) => {
	if (topic !== "time") return;
	trace(`the peer's time: ${decoder(payload)}\n`);
	came();
});

// An object is any value, as MessagePack. Read the properties whose names you know.
room.on(RoomEvent.ObjectReceived, (value, participant, topic) => {
	const { celsius, where } = value as { celsius: number; where: string };
	trace(`${topic} from ${participant?.identity}: ${celsius} °C, ${where}\n`);
	came();
});

room.on(RoomEvent.ParticipantActive, () => ask());

async function ask(): Promise<void> {
	const { localParticipant } = room;
	await localParticipant.publishData(Uint8Array.of(), { topic: "time?", reliable: true });
	const measurement = { celsius: 21.5, where: "Küche 🍲", at: new Date() };
	await localParticipant.publishObject(measurement, { topic: "temperature" });
}

room.on(RoomEvent.Disconnected, () => board.end(waitingFor === 0 ? 0 : 1));
await room.connect(config.url, config.token);
if (room.remoteParticipants.size > 0) await ask();
