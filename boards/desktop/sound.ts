/**
 * A computer's microphone and speaker, as the app's config (mc/config, key=value) chooses them:
 *   mic      FILE.wav (16-bit mono, paced in real time) or "alsa"
 *   micRate  the samples a second of that file: 16000 by default, 24000 or 48000
 *   speaker  FILE.wav, "alsa", or "none", which plays nowhere; out/speaker.wav by default
 */

import config from "mc/config";
import { Microphone, type SampleRate, Speaker } from "webrtc-native/device";

const SAMPLE_RATE = 16_000;

function fileRate(): SampleRate {
	return Number(config.micRate ?? SAMPLE_RATE) as SampleRate; // what it cannot be, Microphone refuses
}

/** Opens it; throws an Error that names the file or device and what to do. */
export function microphone(): Microphone {
	const source: unknown = config.mic;
	if (!source) throw new Error("no microphone: give mic=FILE.wav or mic=alsa");
	return source === "alsa"
		? new Microphone({ driver: "alsa", sampleRate: SAMPLE_RATE })
		: new Microphone({ driver: "wav", path: `${source}`, sampleRate: fileRate() });
}

/** Opens it; throws like microphone(). */
export function speaker(): Speaker {
	const sink: unknown = config.speaker ?? "out/speaker.wav";
	return sink === "alsa" || sink === "none"
		? new Speaker({ driver: sink, sampleRate: SAMPLE_RATE })
		: new Speaker({ driver: "wav", path: `${sink}`, sampleRate: SAMPLE_RATE });
}
