/**
 * The desktop as a board: a computer's sound (desktop/sound says what config chooses it), and
 *   report   where report() writes; nowhere by default
 */

import { microphone, speaker } from "desktop/sound";
import config from "mc/config";
import { collect, complain, exit, heap, onTerminate, rss, writeFile } from "simulator";
import { nativeMemory, nativePeak } from "webrtc-native/device";

export default Object.freeze({
	name: "desktop",
	microphone,
	speaker,

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
			nativePeak: nativePeak(),
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
