/**
 * Does what it is told and prints what happens, one line each.
 *
 * Config: url, token; script: steps with commas between: connect, mic, mute, unpublish, disconnect,
 * simulate SCENARIO, wait N (ms), wait EVENT; and what the board takes.
 */

import board from "board";
import {
	type LocalAudioTrack,
	Participant,
	Room,
	RoomEvent,
	type RoomEvents,
	type SimulationScenario,
	TrackPublication,
} from "livekit";
import config from "mc/config";
import Timer from "timer";

const room = new Room({ microphone: board.microphone, speaker: board.speaker });
const me = room.localParticipant;
const seen = new Set<string>();

for (const event of Object.values(RoomEvent)) {
	room.on(event, (...args: RoomEvents[typeof event]) => {
		seen.add(event);
		trace(`${[event, ...args.map(text)].join(" ")}\n`);
	});
}

function text(value: unknown): string {
	if (Array.isArray(value)) return value.map(text).join("+");
	if (value instanceof Participant) return value.identity;
	if (value instanceof TrackPublication) return value.trackName || "unnamed";
	return typeof value === "object" ? "" : String(value);
}

const steps: Record<string, (argument: string) => unknown> = {
	connect: () => room.connect(config.url, config.token),
	mic: () => me.setMicrophoneEnabled(true),
	mute: () => me.setMicrophoneEnabled(false),
	unpublish: () =>
		me.unpublishTrack(me.getTrackPublication("microphone")?.track as LocalAudioTrack),
	disconnect: () => room.disconnect(),
	simulate: (scenario) => room.simulateScenario(scenario as SimulationScenario),
	wait: (what) => (/^\d+$/.test(what) ? sleep(Number(what)) : happened(what)),
};

function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});
}

/** Resolves when the event is emitted, or was since it last was waited for. */
async function happened(event: string): Promise<void> {
	while (!seen.delete(event)) await sleep(20);
}

try {
	for (const step of String(config.script).split(",")) {
		const [name, argument = ""] = step.trim().split(" ");
		await steps[name](argument);
	}
	board.report({ ...room.getStats() });
	board.end(0);
} catch (error) {
	trace(`${error}\n`);
	board.end(1);
}
