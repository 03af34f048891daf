/**
 * A call with a voice agent: joins, publishes the microphone, plays the agent, and after `seconds`
 * leaves and says how it went.
 *
 * Config: url, token; seconds (30); ca (PEM text) and insecure for wss; and what the board takes.
 */

import board from "board";
import {
	ConnectionError,
	ConnectionErrorReason,
	DisconnectReason,
	type Participant,
	Room,
	RoomEvent,
} from "livekit";
import config from "mc/config";
import Timer from "timer";

const moments = Object.freeze([
	["connect", "connect"],
	["joined", "joined"],
	["ice", "ICE connected"],
	["dtls", "DTLS connected"],
	["dataReady", "data ready"],
	["firstPacketOut", "first packet out"],
	["firstPacketIn", "first packet in"],
	["firstSoundOut", "first sound out"],
] as const);

/** A microphone or speaker that does not work. */
let broken: Error | undefined;

const room = new Room({
	microphone: board.microphone,
	speaker: board.speaker,
	tls: { ca: config.ca, insecure: isSet(config.insecure) },
});

room
	.on(RoomEvent.Connected, () => {
		say(`joined ${room.name} as ${room.localParticipant.identity}`);
	})
	.on(RoomEvent.ParticipantConnected, (participant) => say(`${named(participant)} came`))
	.on(RoomEvent.ParticipantDisconnected, (participant) => say(`${named(participant)} left`))
	.on(RoomEvent.TrackSubscribed, (_track, _publication, participant) => {
		say(`hearing ${named(participant)}`);
	})
	.on(RoomEvent.MediaDevicesError, (error) => {
		// Who cannot speak or cannot hear has nothing to do here, whatever else this ends.
		broken = error;
		room.disconnect();
	});

try {
	await call();
	board.end(0);
} catch (error) {
	board.complain(wordsFor(error));
	board.end(1);
}

/** Rejects when the call could not be made, or was ended by somebody else. */
async function call(): Promise<void> {
	const ended = new Promise<DisconnectReason | undefined>((resolve) => {
		room.once(RoomEvent.Disconnected, resolve);
	});
	board.onStop(() => room.disconnect());

	// Before connect(): the microphone is published with the join itself.
	await room.localParticipant.setMicrophoneEnabled(true);
	await room.connect(config.url, config.token);

	const timer = Timer.set(() => room.disconnect(), Number(config.seconds ?? 30) * 1000);
	const reason = await ended;
	Timer.clear(timer);

	const stats = room.getStats();
	for (const [moment, label] of moments) {
		const at = stats?.timeline[moment];
		say(`${label.padEnd(18)} ${at === undefined ? "never" : `${at.toFixed(1).padStart(8)} ms`}`);
	}
	board.report({ ...stats });
	if (broken) throw broken;
	if (reason !== DisconnectReason.CLIENT_INITIATED) {
		const [name] = Object.entries(DisconnectReason).find(([, value]) => value === reason) ?? [];
		throw new Error(`the call was ended: ${name ?? "nobody said why"}`);
	}
}

function wordsFor(error: unknown): string {
	if (broken) return broken.message;
	if (error instanceof ConnectionError && error.reason === ConnectionErrorReason.Cancelled)
		return "stopped before the call had begun";
	return (error as Error).message;
}

function named({ identity, isAgent }: Participant): string {
	return isAgent ? `agent ${identity}` : identity;
}

/** Config is text when it comes from a command line. */
function isSet(value: unknown): boolean {
	return value === true || value === "true";
}

function say(line: string): void {
	trace(`${line}\n`);
}
