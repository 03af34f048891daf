/**
 * Moddable's own simulator on Linux as a board (`mcconfig -p lin`): a computer's sound
 * (desktop/sound says what config chooses it), and
 *   report   when set, report() traces
 */

import { microphone, speaker } from "desktop/sound";
import config from "mc/config";
import { nativeMemory } from "webrtc-native/device";

export default Object.freeze({
	name: "lin",
	microphone,
	speaker,

	/** The user wants the app to come to its end: never here, closing the window ends it at once. */
	onStop(_callback: () => void): void {},

	/** Traces what an app has measured as one line of JSON. */
	report(measured: object): void {
		if (config.report) trace(`${JSON.stringify({ ...measured, native: nativeMemory() })}\n`);
	},

	/** Says in one line what went wrong and what to do. */
	complain(line: string): void {
		trace(`${line}\n`);
	},

	/** The app is over; the simulator goes on. */
	end(status: number): void {
		trace(`the app is over, status ${status}\n`);
	},
});
