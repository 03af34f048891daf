import { assert, test } from "harness";
import { forget, load, save } from "livekit/platform/storage";
import { loadIdentity } from "livekit/session/identity";

test("an identity is made once and kept", async () => {
	forget("identity");
	const made = await loadIdentity();
	assert.match(made.fingerprint, /^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
	assert.deepEqual(load("identity"), made.bytes);
	const loaded = await loadIdentity();
	assert.equal(loaded.fingerprint, made.fingerprint);
	assert.deepEqual(loaded.bytes, made.bytes);
});

test("a stored identity that is broken is replaced", async () => {
	const { bytes, fingerprint } = await loadIdentity();
	const broken = bytes.slice(0);
	new Uint8Array(broken)[20] ^= 0xff;
	for (const stored of [broken, bytes.slice(0, 40), new ArrayBuffer(0), new ArrayBuffer(10_000)]) {
		save("identity", stored);
		const made = await loadIdentity();
		assert.notEqual(made.fingerprint, fingerprint);
		assert.deepEqual(load("identity"), made.bytes);
	}
});
