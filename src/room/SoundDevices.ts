/** The board's microphone and speaker, as a room opens them. */

import type { Microphone, Speaker } from "webrtc-native/device";
import { MediaDeviceError } from "./errors";
import type { RoomCore } from "./RoomCore";

export class SoundDevices {
	readonly #core: RoomCore;
	#speaker: Speaker | undefined;
	#speakerFailed = false;

	constructor(core: RoomCore) {
		this.#core = core;
	}

	/** Throws MediaDeviceError, and tells of it. */
	openMicrophone(): Microphone {
		return this.#open("audioinput", "microphone", this.#core.options.microphone);
	}

	/** The open speaker, if it is. */
	get speaker(): Speaker | undefined {
		return this.#speaker;
	}

	/** False when there is none, or it did not open. */
	get hasSpeaker(): boolean {
		return this.#core.options.speaker !== undefined && !this.#speakerFailed;
	}

	/** One that does not open is told of once; the call goes on without. */
	openSpeaker(): Speaker | undefined {
		const { speaker } = this.#core.options;
		if (speaker && !this.#speaker && !this.#speakerFailed) {
			try {
				this.#speaker = this.#open("audiooutput", "speaker", speaker);
			} catch {
				this.#speakerFailed = true;
			}
		}
		return this.#speaker;
	}

	closeSpeaker(): void {
		this.#speaker?.close();
		this.#speaker = undefined;
		this.#speakerFailed = false;
	}

	#open<T>(kind: "audioinput" | "audiooutput", name: string, open: (() => T) | undefined): T {
		try {
			if (!open) throw new Error(`no ${name}: give \`${name}\` in the options of Room`);
			return open();
		} catch (cause) {
			const message = cause instanceof Error ? cause.message : String(cause);
			const error = new MediaDeviceError(message, kind);
			this.#core.deviceFailed(error, kind);
			throw error;
		}
	}
}
