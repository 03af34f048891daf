/**
 * Data, in one of two roles, until `seconds` are over or somebody sends topic "end".
 *
 *   echo   sends back what comes to who sent it, in order, as it came: reliable or lossy, same topic
 *   ask    sends `count` reliable messages to the participant "echo" and checks what comes back
 *
 * Config: url, token, seconds, role; count and largest, in bytes (ask); maxDataBytes; and what the board takes.
 */

import board from "board";
import { DataPacket_Kind, Room, RoomEvent } from "livekit";
import config from "mc/config";
import { collect } from "simulator";
import Timer from "timer";
import { nativeMemory } from "webrtc-native/device";

/** Bytes; every 40th message has 60,000. */
const SIZES = Object.freeze([1, 2, 100, 1_100, 1_200, 5_000]);

const largest = Number(config.largest ?? 60_000);
const room = new Room({
	speaker: board.speaker,
	maxDataBytes: config.maxDataBytes ? Number(config.maxDataBytes) : undefined,
});
const received: Record<string, number> = { reliable: 0, lossy: 0 };
const bufferStatus = { low: 0, high: 0 };

function message(number: number): Uint8Array {
	const size = number % 40 === 39 ? 60_000 : SIZES[number % SIZES.length];
	const bytes = new Uint8Array(Math.min(size, largest));
	bytes.fill(number * 7);
	bytes[bytes.length - 1] = number;
	return bytes;
}

/** They keep their order; while many wait for room to be sent, nothing more is taken of who asks. */
function echo(payload: Uint8Array, from: string, reliable: boolean, topic?: string): void {
	room.localParticipant
		.publishData(payload, { reliable, topic, destinationIdentities: [from] })
		.catch((error: unknown) => finish(`an echo was not sent: ${error}`));
}

function check(payload: Uint8Array, number: number): void {
	const expected = message(number);
	const exact =
		payload.length === expected.length && payload.every((byte, i) => byte === expected[i]);
	if (!exact) finish(`echo ${number} is not what was sent`);
	else if (number + 1 === Number(config.count)) finish("all echoes are exact");
}

async function ask(): Promise<void> {
	while (!room.remoteParticipants.has("echo")) await sleep(20);
	for (let i = 0; i < Number(config.count); i++) {
		await room.localParticipant.publishData(message(i), {
			reliable: true,
			destinationIdentities: ["echo"],
		});
	}
}

room.on(RoomEvent.DataReceived, (payload, _participant, kind, topic, _encryption, identity) => {
	const reliable = kind === DataPacket_Kind.RELIABLE;
	const number = received[reliable ? "reliable" : "lossy"]++;
	if (topic === "end") finish("told to end");
	else if (config.role === "ask") check(payload, number);
	else if (topic === "memory") measure();
	else echo(payload, identity, reliable, topic);
});

room.on(RoomEvent.DCBufferStatusChanged, (isLow) => {
	bufferStatus[isLow ? "low" : "high"]++;
});

/** What is alive of native messages; the rest of native memory stands still in a call. */
function measure(): void {
	collect();
	trace(`memory ${nativeMemory().sctp.current}\n`);
}

function finish(what: string): void {
	trace(`${what}\n`);
	board.report({ ...room.getStats(), received, bufferStatus });
	room.disconnect();
}

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});
}

const ended = new Promise((resolve) => {
	room.once(RoomEvent.Disconnected, resolve);
});
try {
	await room.connect(config.url, config.token);
	trace("connected\n");
	Timer.set(() => finish("out of time"), Number(config.seconds) * 1000);
	if (config.role === "ask") await ask();
	await ended;
	board.end(0);
} catch (error) {
	trace(`${error}\n`);
	board.end(1);
}
