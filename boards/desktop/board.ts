/**
 * The desktop as a board. The app's config (mc/config, key=value) chooses its parts:
 *   mic      FILE.wav (16-bit mono, paced in real time) or "alsa"
 *   micRate  the samples a second of that file: 16000 by default, 24000 or 48000
 *   speaker  FILE.wav or "alsa"; out/speaker.wav by default
 *   report   where report() writes; nowhere by default
 */

import config from "mc/config";
import { collect, complain, exit, heap, onTerminate, rss, writeFile } from "simulator";
import { Microphone, nativeMemory, type SampleRate, Speaker } from "webrtc-native/device";

const SAMPLE_RATE = 16_000;

function fileRate(): SampleRate {
	return Number(config.micRate ?? SAMPLE_RATE) as SampleRate; // what it cannot be, Microphone refuses
}

export default Object.freeze({
	name: "desktop",

	/** Opens it; throws an Error that names the file or device and what to do. */
	microphone(): Microphone {
		const source: unknown = config.mic;
		if (!source) throw new Error("no microphone: give mic=FILE.wav or mic=alsa");
		return source === "alsa"
			? new Microphone({ driver: "alsa", sampleRate: SAMPLE_RATE })
			: new Microphone({ driver: "wav", path: `${source}`, sampleRate: fileRate() });
	},

	/** Opens it; throws like microphone(). */
	speaker(): Speaker {
		const sink: unknown = config.speaker ?? "out/speaker.wav";
		return sink === "alsa"
			? new Speaker({ driver: "alsa", sampleRate: SAMPLE_RATE })
			: new Speaker({ driver: "wav", path: `${sink}`, sampleRate: SAMPLE_RATE });
	},

	/** The user wants the app to come to its end: Ctrl-C here. */
	onStop(callback: () => void): void {
		onTerminate(callback);
	},

	/** Keeps what an app has measured, with what the process used; to `report` as JSON. */
	report(measured: object): void {
		if (!config.report) return;
		const peaks = heap();
		collect();
		const { slots, chunkBytes } = heap();
		const report = {
			...measured,
			xs: { ...peaks, slots, chunkBytes },
			native: nativeMemory(),
			peakRss: rss(),
		};
		writeFile(config.report, `${JSON.stringify(report, undefined, "\t")}\n`);
	},

	/** Says in one line what went wrong and what to do: on stderr here. */
	complain(line: string): void {
		complain(line);
	},

	/** The app is over. A device has nothing to do here. */
	end(status: number): void {
		exit(status);
	},
});
