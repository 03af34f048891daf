import { assert, test } from "harness";
import { ReplayBuffer } from "livekit/session/ReplayBuffer";
import { collect, heap } from "simulator";

/** Bytes that say their number. */
const packet = (sequence: number, length = 40) => {
	return { sequence, bytes: new Uint8Array(length).fill(sequence) };
};
const sequences = (packets: { sequence: number }[]) => packets.map(({ sequence }) => sequence);

test("what is behind a number, oldest first, as it was", () => {
	const buffer = new ReplayBuffer();
	for (let i = 1; i <= 5; i++) buffer.add(packet(i, i));
	assert.deepEqual(sequences(buffer.after(2)), [3, 4, 5]);
	assert.deepEqual(buffer.after(4), [packet(5, 5)]);
	assert.deepEqual(buffer.after(5), []);
	assert.deepEqual(sequences(buffer.newest(2)), [4, 5]);
	assert.deepEqual(buffer.newest(0), []);
	assert.deepEqual(sequences(buffer.newest(9)), [1, 2, 3, 4, 5]);
});

test("one that is sent again, or has no number, is not kept", () => {
	const buffer = new ReplayBuffer();
	for (const sequence of [1, 2, 0, 2, 1, 3]) buffer.add(packet(sequence));
	assert.deepEqual(sequences(buffer.after(0)), [1, 2, 3]);
});

test("the newest 8 KB, whatever their sizes", () => {
	const buffer = new ReplayBuffer();
	let next = 1;
	for (let i = 0; i < 300; i++) buffer.add(packet(next++, (i * 37) % 700));
	const kept = buffer.after(0);
	assert.equal(kept.at(-1)?.sequence, 300);
	assert.deepEqual(
		sequences(kept),
		sequences(kept).sort((a, b) => a - b),
	);
	const size = kept.reduce((sum, { bytes }) => sum + bytes.length + 8, 0);
	assert.ok(size <= 8192 && size > 7000, `${size} bytes`);
	for (const { sequence, bytes } of kept)
		assert.ok(bytes.every((byte) => byte === (sequence & 255)));
	buffer.add(packet(next++, 8184));
	assert.deepEqual(sequences(buffer.after(0)), [301]);
	buffer.add(packet(next++, 8185)); // too large
	assert.deepEqual(buffer.after(0), []);
	buffer.add(packet(next++));
	assert.deepEqual(sequences(buffer.after(0)), [303]);
	buffer.clear();
	assert.deepEqual(buffer.after(0), []);
});

test("many small ones cost no slots", () => {
	const buffer = new ReplayBuffer();
	buffer.add(packet(1, 8));
	collect();
	const { slots } = heap();
	for (let i = 2; i < 400; i++) buffer.add(packet(i, 8));
	collect();
	assert.ok(heap().slots <= slots + 8, `${heap().slots - slots} slots more`);
});
