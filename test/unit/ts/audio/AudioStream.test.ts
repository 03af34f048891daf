/** A tap whose samples come from the test, and a real one between two peers. */

import { assert, sleep, test } from "harness";
import { AudioFrame, AudioSource, AudioStream } from "livekit";
import { collect } from "simulator";
import { nativeMemory, Speaker } from "webrtc-native/device";
import {
	createIdentity,
	type Identity,
	Peer,
	type Tap,
	type TapOptions,
} from "webrtc-native/webrtc";

class FakeTap {
	readonly sampleRate: number;
	ended = false;
	closed = 0;
	#next = 0;
	#there = 0;

	constructor(readonly options: TapOptions) {
		this.sampleRate = options.sampleRate ?? 16000;
	}
	/** So many samples more, which count up. */
	give(count: number): void {
		this.#there += count;
		this.options.onSamples();
	}
	end(): void {
		this.ended = true;
		this.options.onSamples();
	}
	read(into: Int16Array, from: number): number {
		const count = Math.min(this.#there, into.length - from);
		for (let i = 0; i < count; i++) into[from + i] = this.#next++;
		this.#there -= count;
		return count;
	}
	close(): void {
		this.closed++;
	}
}

function fakeTrack() {
	const taps: FakeTap[] = [];
	return {
		taps,
		openTap(options: TapOptions): Tap {
			taps.push(new FakeTap(options));
			return taps[taps.length - 1] as never;
		},
	};
}

test("frames come as there are samples", async () => {
	const track = fakeTrack();
	const stream = new AudioStream(track);
	const [tap] = track.taps;
	assert.deepEqual([tap.options.sampleRate, tap.options.queueSize], [undefined, 200]);
	assert.equal(stream.sampleRate, 16000);
	const first = stream.read();
	tap.give(100);
	await sleep(0);
	tap.give(250); // a frame, and 30 beyond
	const frame = (await first) as AudioFrame;
	assert.deepEqual([frame.sampleRate, frame.channels, frame.samplesPerChannel], [16000, 1, 320]);
	assert.deepEqual([frame.data[0], frame.data[319]], [0, 319]);
	tap.give(290);
	assert.equal((await stream.read())?.data[0], 320);
	tap.give(319); // less than a frame, and the end
	tap.end();
	assert.equal(await stream.read(), undefined);
	assert.equal(tap.closed, 1);
	assert.equal(await stream.read(), undefined);
});

test("a loop gets what was there before the end, and cancels when it is left", async () => {
	const track = fakeTrack();
	const stream = new AudioStream(track, { sampleRate: 48000, frameSizeMs: 10, queueSize: 500 });
	const [tap] = track.taps;
	assert.equal(tap.options.queueSize, 500);
	tap.give(3 * 480);
	tap.end();
	const firsts: number[] = [];
	for await (const { data } of stream) firsts.push(data[0]);
	assert.deepEqual(firsts, [0, 480, 960]);

	const left = new AudioStream(track, 24000, 1);
	track.taps[1].give(2000);
	for await (const frame of left) {
		assert.equal(frame.samplesPerChannel, 480);
		break;
	}
	assert.equal(track.taps[1].closed, 1);

	const cancelled = new AudioStream(track);
	const reading = cancelled.read();
	await cancelled.cancel();
	assert.equal(await reading, undefined);
});

test("what cannot be is refused; a track that is over has an end", async () => {
	const track = fakeTrack();
	assert.throws(() => new AudioStream(track, 16000, 2), RangeError);
	assert.throws(() => new AudioStream(track, { frameSizeMs: 5 }), RangeError);
	assert.throws(() => new AudioStream(track, { frameSizeMs: 1001 }), RangeError);
	assert.equal(track.taps.length, 0);
	const stream = new AudioStream({ openTap: () => undefined }, 16000);
	assert.equal(await stream.read(), undefined);
});

/* ---- between two peers ---- */

function makeIdentity(): Promise<Identity> {
	return new Promise((resolve, reject) => {
		createIdentity(undefined, (identity, error) => (identity ? resolve(identity) : reject(error)));
	});
}

const common = { mid: "0", payloadType: 111, extensions: { audioLevel: 1, mid: 4 } };

test("what one feeds, the other reads", async () => {
	const [ours, theirs] = [await makeIdentity(), await makeIdentity()];
	const onState = () => {};
	const a = new Peer({ identity: ours, loopback: true, onState });
	const b = new Peer({ identity: theirs, loopback: true, controlling: false, onState });
	const speaker = new Speaker({ driver: "none", sampleRate: 24000 });
	const source = new AudioSource(16000);
	const sender = a.addSender({ ...common, ssrc: 5, cname: "a", microphone: source.microphone });
	const receiver = b.addReceiver({ ...common, speaker });
	const candidates = new Map([a, b].map((peer) => [peer, peer.gather()]));
	const tell = (to: Peer, from: Peer, identity: Identity, setup: "active" | "actpass") => {
		const { ufrag, pwd } = from;
		to.setRemote({ ufrag, pwd, fingerprint: identity.fingerprint, setup });
		for (const candidate of candidates.get(from) ?? []) to.addCandidate(candidate);
		to.endOfCandidates();
	};
	tell(b, a, ours, "actpass");
	tell(a, b, theirs, "active");
	a.setMuted(sender, false);

	const track = { openTap: (options: TapOptions) => b.openTap(receiver, options) };
	assert.throws(() => new AudioStream(track, 7999), RangeError);
	assert.throws(() => new AudioStream(track, { queueSize: 10 }), RangeError);
	const stream = new AudioStream(track); // at the speaker's rate
	const other = new AudioStream(track, 48000);
	assert.equal(stream.sampleRate, 24000);
	assert.throws(() => new AudioStream(track), Error, "there are two");

	// A square wave of 500 Hz, until it was heard.
	const tone = AudioFrame.create(16000, 1, 320);
	for (let i = 0; i < 320; i++) tone.data[i] = i % 32 < 16 ? 8000 : -8000;
	let heard = 0;
	let fed = 0;
	while (heard < 10 && fed++ < 250) {
		await source.captureFrame(tone);
		const frame = (await stream.read()) as AudioFrame;
		await other.read();
		let turns = 0;
		for (let i = 1; i < frame.data.length; i++) {
			if (frame.data[i] > 0 !== frame.data[i - 1] > 0) turns++;
		}
		if (turns >= 19 && turns <= 21 && Math.max(...frame.data) > 4000) heard++;
	}
	assert.equal(heard, 10, `${fed} frames were fed`);

	await other.cancel();
	const again = new AudioStream(track, 8000); // in its place
	const waiting = again.read();
	b.removeReceiver(receiver);
	let left = 0;
	while (await stream.read()) left++;
	assert.ok(left < 11, `${left} frames were left`);
	await waiting;
	assert.equal(await again.read(), undefined);
	assert.throws(() => b.openTap(receiver, { queueSize: 100, onSamples() {} }), RangeError);

	a.close();
	b.close();
	await source.close();
	speaker.close();
	collect();
	assert.equal(nativeMemory().audio.current, 0);
}, 20_000);
