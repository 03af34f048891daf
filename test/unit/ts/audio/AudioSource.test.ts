/** With the real audio thread behind it, which takes 20 ms every 20 ms. */

import { assert, sleep, test } from "harness";
import { AudioFrame, AudioSource, AudioSourceError, LocalAudioTrack, Track } from "livekit";
import { collect } from "simulator";
import { nativeMemory, now } from "webrtc-native/device";

const silence = (milliseconds: number, rate = 16000) =>
	AudioFrame.create(rate, 1, (rate * milliseconds) / 1000);

async function rejection(promise: Promise<unknown>): Promise<Error | undefined> {
	try {
		await promise;
	} catch (error) {
		return error as Error;
	}
	return undefined;
}

test("a frame is samples and what they are", () => {
	const frame = AudioFrame.create(8000, 1, 80);
	assert.equal(frame.data.length, 80);
	assert.deepEqual([frame.sampleRate, frame.channels, frame.samplesPerChannel], [8000, 1, 80]);
});

test("captureFrame() resolves at once while there is room, then as it is taken", async () => {
	const source = new AudioSource(16000);
	assert.deepEqual([source.sampleRate, source.numChannels, source.queueSize], [16000, 1, 50]);
	assert.equal(source.queuedDuration, 0);
	const began = now();
	await source.captureFrame(silence(50));
	assert.ok(now() - began < 15, "there was room");
	const order: string[] = [];
	const captured = ["a", "b", "c"].map((name) =>
		source.captureFrame(silence(60)).then(() => order.push(name)),
	);
	assert.ok(source.queuedDuration > 180, `${source.queuedDuration} ms are queued`);
	await Promise.all(captured);
	const took = now() - began; // 230 ms, of which the queue holds 50
	assert.deepEqual(order, ["a", "b", "c"]);
	assert.ok(took > 150 && took < 300, `${took} ms`);
	await source.waitForPlayout();
	assert.equal(source.queuedDuration, 0);
	assert.ok(now() - began > 200, "it was played");
	await source.waitForPlayout(); // nothing to wait for
	await source.close();
});

test("a part of the data, and of more than a queue's length", async () => {
	const source = new AudioSource(44100, 1, 20);
	const began = now();
	const data = new Int16Array(44100);
	await source.captureFrame(new AudioFrame(data.subarray(100), 44100, 1, 4410));
	const took = now() - began;
	assert.ok(took > 50 && took < 200, `${took} ms`);
	await source.close();
});

test("clearQueue() forgets what waits, and lets go of who waits", async () => {
	const source = new AudioSource(24000, 1, 100);
	await source.captureFrame(silence(100, 24000));
	const waiting = [source.captureFrame(silence(1000, 24000)), source.waitForPlayout()];
	source.clearQueue();
	assert.equal(source.queuedDuration, 0);
	await Promise.all(waiting);
	await sleep(45); // what comes after it is taken as ever
	await source.captureFrame(silence(60, 24000));
	assert.ok(source.queuedDuration > 30);
	await source.close();
	source.clearQueue();
});

test("what cannot be is refused", async () => {
	for (const make of [
		() => new AudioSource(7999),
		() => new AudioSource(48001),
		() => new AudioSource(16000, 2),
		() => new AudioSource(16000, 1, 10),
		() => new AudioSource(16000, 1, 1001),
		() => new AudioSource(Number.NaN),
	]) {
		assert.throws(make, AudioSourceError);
	}
	const source = new AudioSource(16000);
	for (const frame of [
		silence(10, 8000),
		AudioFrame.create(16000, 2, 160),
		new AudioFrame(new Int16Array(10), 16000, 1, 11),
	]) {
		assert.ok((await rejection(source.captureFrame(frame))) instanceof RangeError);
	}
	assert.equal(await rejection(source.captureFrame(silence(0))), undefined);
	await source.close();
});

test("close() ends what waits", async () => {
	const source = new AudioSource(16000);
	const captured = rejection(source.captureFrame(silence(200)));
	const played = source.waitForPlayout();
	await source.close();
	await source.close();
	assert.ok((await captured) instanceof AudioSourceError);
	await played;
	assert.equal((await rejection(source.captureFrame(silence(10))))?.name, "AudioSourceError");
	assert.equal(source.queuedDuration, 0);
});

test("three at a time, and closed ones leave nothing", async () => {
	const before = nativeMemory().audio.current;
	const sources = [8000, 22050, 48000].map((rate) => new AudioSource(rate));
	assert.throws(() => new AudioSource(16000), AudioSourceError, "there are three");
	for (const source of sources) await source.close();
	collect();
	assert.equal(nativeMemory().audio.current, before);
});

test("one that nobody closed goes with its last reference", async () => {
	const before = nativeMemory().audio.current;
	await (async () => {
		const sources = [8000, 22050, 48000].map((rate) => new AudioSource(rate));
		await sources[0].captureFrame(silence(80, 8000)); // waited, and was told
	})();
	await sleep(0);
	collect();
	assert.equal(nativeMemory().audio.current, before);
	await new AudioSource(16000).close();
});

test("who does not wait is refused before memory is", async () => {
	const source = new AudioSource(16000);
	const frames = Array.from({ length: 20 }, () => rejection(source.captureFrame(silence(60))));
	source.clearQueue();
	const errors = (await Promise.all(frames)).map((error) => error?.name);
	assert.deepEqual(errors.slice(0, 16), Array(16).fill(undefined));
	assert.deepEqual(errors.slice(16), Array(4).fill("AudioSourceError"));
	assert.equal(await rejection(source.captureFrame(silence(10))), undefined);
	await source.close();
});

test("a track of it has its name, is of no device, and leaves it open", async () => {
	const source = new AudioSource(16000);
	const track = LocalAudioTrack.createAudioTrack("chime", source);
	assert.equal(track.name, "chime");
	assert.equal(track.audioSource, source);
	assert.equal(track.source, Track.Source.Unknown);
	assert.equal(new LocalAudioTrack(source, Track.Source.Microphone).source, "microphone");
	track.stop();
	assert.ok(track.isStopped);
	await source.captureFrame(silence(10));
	await source.close();
});
