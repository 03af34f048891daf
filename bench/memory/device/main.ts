/**
 * A call with sound and data both ways, `cycles` times: joins, talks and listens for `seconds`, has a
 * data packet echoed, leaves. Then says what is left of memory.
 *
 * Config: url, token, seconds, cycles; and what the board takes.
 */

import board from "board";
import { Room, RoomEvent } from "livekit";
import config from "mc/config";
import { collect, exit, heap } from "simulator";
import Timer from "timer";
import { nativeMemory, nativePeak } from "webrtc-native/device";

const settled = 5; // cycles until what is kept for the process's life is there

function sleep(ms: number): Promise<void> {
	return new Promise((resolve) => Timer.set(() => resolve(), ms));
}

/** What a call of this app needs of the engine goes away with this function. */
async function call(): Promise<void> {
	const room = new Room({ microphone: board.microphone, speaker: board.speaker });
	const echoed = new Promise<void>((resolve) => {
		room.on(RoomEvent.DataReceived, (payload) => {
			if (payload.length === 200) resolve();
		});
	});
	await room.localParticipant.setMicrophoneEnabled(true);
	await room.connect(config.url, config.token);
	const begin = Date.now();
	await room.localParticipant.publishData(new Uint8Array(200), { reliable: true });
	await echoed;
	await sleep(Math.max(0, Number(config.seconds) * 1000 - (Date.now() - begin)));
	const heard = room.getStats()?.timeline.firstSoundOut !== undefined;
	await room.disconnect();
	if (Number(config.seconds) >= 1 && !heard) throw new Error("nobody was heard");
}

function left(): { slots: number; native: number } {
	collect();
	const native = Object.values(nativeMemory()).reduce((sum, { current }) => sum + current, 0);
	return { slots: heap().slots, native };
}

let first = { slots: 0, native: 0 };
for (let i = 0; i < Number(config.cycles); i++) {
	await call();
	await sleep(20); // what ends on other threads
	if (i + 1 === settled) first = left();
}
const { slots, native } = left();
const memory = Object.entries(nativeMemory()).map(([name, { peak, failures }]) => {
	if (failures > 0) throw new Error(`${name} was refused memory ${failures} times`);
	return [name, peak];
});
trace(
	`memory ${JSON.stringify({ peak: nativePeak(), peaks: Object.fromEntries(memory), slots: slots - first.slots, native: native - first.native })}\n`,
);
exit(0);
