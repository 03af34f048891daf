/**
 * Sound of an app's own, and sound that it reads. Does the steps of config.script one after the
 * other, and reports what it measured.
 *
 * Config: url, token; script: steps with commas between, as `steps` has them; what the board takes.
 */

import board from "board";
import {
	AudioFrame,
	AudioSource,
	AudioStream,
	LocalAudioTrack,
	type RemoteAudioTrack,
	Room,
	RoomEvent,
	type SimulationScenario,
} from "livekit";
import config from "mc/config";
import Timer from "timer";
import { nativeMemory, now } from "webrtc-native/device";

const AMPLITUDE = 8000;

/** A tone that is being captured. */
interface Voice {
	source: AudioSource;
	track: LocalAudioTrack;
	talking: Promise<void>;
}

const room = new Room({ microphone: board.microphone, speaker: board.speaker, board });
const me = room.localParticipant;
const voices = new Map<string, Voice>();
const measured: Record<string, unknown> = {};
let published = 0;
room.on(RoomEvent.LocalTrackPublished, () => published++);
const subscribed = new Set<string>();
room.on(RoomEvent.LocalTrackSubscribed, ({ trackSid }) => subscribed.add(trackSid));
const remote = new Promise<RemoteAudioTrack>((resolve) => {
	room.on(RoomEvent.TrackSubscribed, (track) => resolve(track as RemoteAudioTrack));
});

const sleep = (milliseconds: number) =>
	new Promise<void>((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});

/**
 * Frames of 10 ms, each as soon as the one before is taken: all alike, of a multiple of 100 Hz. What
 * that took goes to the report.
 */
async function talk(name: string, source: AudioSource, hertz: number, seconds: number) {
	const { sampleRate } = source;
	const frame = AudioFrame.create(sampleRate, 1, sampleRate / 100);
	const { data } = frame;
	for (let i = 0; i < data.length; i++) {
		data[i] = Math.round(AMPLITUDE * Math.sin((2 * Math.PI * hertz * i) / sampleRate));
	}
	const began = now();
	let [at, longest, ahead] = [0, 0, 0];
	let before = began;
	try {
		while (at < seconds * sampleRate) {
			await source.captureFrame(frame);
			at += data.length;
			const after = now();
			longest = Math.max(longest, after - before);
			ahead = Math.max(ahead, (at * 1000) / sampleRate - (after - began));
			before = after;
		}
		measured[name] = { took: now() - began, longest, ahead, queued: source.queuedDuration };
		await source.waitForPlayout();
		(measured[name] as { left: number }).left = source.queuedDuration;
	} catch (error) {
		measured[name] = { error: `${(error as Error).name}: ${(error as Error).message}` };
	}
}

/** Until the other one has it. */
async function publish(name: string): Promise<void> {
	const voice = voices.get(name) as Voice;
	voice.track = LocalAudioTrack.createAudioTrack(name, voice.source);
	const { trackSid } = await me.publishTrack(voice.track);
	while (!subscribed.has(trackSid)) await sleep(20);
}

const steps: Record<string, (...args: string[]) => unknown> = {
	connect: () => room.connect(config.url, config.token),
	mic: () => me.setMicrophoneEnabled(true),
	/** NAME RATE HERTZ SECONDS: publishes it and captures the tone meanwhile. */
	talk: async (name, rate, hertz, seconds) => {
		const source = new AudioSource(Number(rate));
		const voice = { source } as Voice;
		voices.set(name, voice);
		await publish(name);
		voice.talking = talk(name, source, Number(hertz), Number(seconds));
	},
	publish,
	unpublish: (name) => me.unpublishTrack((voices.get(name) as Voice).track),
	mute: (name) => (voices.get(name) as Voice).track.mute(),
	unmute: (name) => (voices.get(name) as Voice).track.unmute(),
	close: (name) => (voices.get(name) as Voice).source.close(),
	/** Until it has been captured. */
	said: (name) => (voices.get(name) as Voice).talking,
	/** NAME: remembers how many packets were sent. */
	count: (name) => {
		measured[name] = room.getStats()?.peer.rtpOut;
	},
	/** NAME: remembers what sound takes of native memory, in bytes by subsystem. */
	memory: (name) => {
		const { audio, opus, rtp } = nativeMemory();
		measured[name] = { audio: audio.current, opus: opus.current, rtp: rtp.current };
	},
	/** RATE (0: the speaker's): what the first remote track says is published as "echo". */
	echo: async (rate) => {
		const stream = new AudioStream(await remote, Number(rate) || {});
		const source = new AudioSource(stream.sampleRate);
		voices.set("echo", { source } as Voice);
		await publish("echo");
		measured.echo = { rate: stream.sampleRate };
		for await (const frame of stream) await source.captureFrame(frame);
		await source.close();
		trace("the stream has ended\n");
	},
	/** RATE SECONDS: what the first remote track says, as it is read: frames, level, frequency. */
	listen: async (rate, seconds) => {
		const stream = new AudioStream(await remote, { sampleRate: Number(rate), frameSizeMs: 10 });
		let [frames, loud, sum, crossings, last] = [0, 0, 0, 0, 0];
		const began = now();
		for await (const { data } of stream) {
			if (++frames > Number(seconds) * 100) break;
			if (Math.max(...data) < AMPLITUDE / 2) continue;
			loud++;
			for (const sample of data) {
				sum += sample * sample;
				if (last < 0 !== sample < 0) crossings++;
				last = sample;
			}
		}
		const samples = loud * (stream.sampleRate / 100);
		measured[`listen ${rate}`] = {
			took: now() - began,
			loud: loud / 100,
			amplitude: Math.sqrt((2 * sum) / samples),
			hertz: (crossings / 2 / samples) * stream.sampleRate,
		};
	},
	volume: async (volume) => (await remote).setVolume(Number(volume)),
	heard: async () => {
		await remote;
	},
	simulate: (scenario) => room.simulateScenario(scenario as SimulationScenario),
	wait: (milliseconds) => sleep(Number(milliseconds)),
	disconnect: () => room.disconnect(),
};

try {
	const running: unknown[] = [];
	for (const step of String(config.script).split(",")) {
		const [name, ...args] = step.trim().split(" ");
		// "&" behind it: the next one does not wait for it.
		const done = steps[name.replace("&", "")](...args);
		if (name.endsWith("&")) running.push(done);
		else await done;
	}
	await Promise.all(running);
	board.report({ ...room.getStats(), measured: { ...measured, published } });
	board.end(0);
} catch (error) {
	trace(`${error}\n`);
	board.end(1);
}
