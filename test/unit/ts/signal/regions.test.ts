import { assert, sleep, test } from "harness";
import { ConnectionError, ConnectionErrorReason } from "livekit/signal/ConnectionError";
import { isCloud, Regions } from "livekit/signal/regions/Regions";
import config from "mc/config";

const home = `ws://127.0.0.1:${config.port}/some/where`;
const failed = new ConnectionError("no", ConnectionErrorReason.ServerUnreachable);
const make = () => new Regions({ hasRegions: () => true });

/** All that there is for a token. */
async function all(token: string): Promise<string[]> {
	const regions = make();
	const urls: string[] = [];
	for (;;) {
		const next = await regions.next(home, token, failed);
		if (next === undefined) return urls;
		urls.push(next);
	}
}

test("clouds by their names", () => {
	for (const host of ["x.livekit.cloud", "x.y.LiveKit.Cloud", "x.livekit.run"]) {
		assert.ok(isCloud(host), host);
	}
	for (const host of ["livekit.cloud.example", "xlivekit.cloud", "localhost", "livekit.cloud"]) {
		assert.ok(!isCloud(host), host);
	}
});

test("one after the other, nearest first, then none, until reset", async () => {
	assert.deepEqual(await all("good"), ["ws://a.example", "wss://b.example"]);
	const regions = make();
	assert.equal(await regions.next(home, "good", failed), "ws://a.example");
	regions.reset();
	assert.equal(await regions.next(home, "good", failed), "ws://a.example");
});

test("not the one that failed; and the nearest by itself", async () => {
	const regions = make();
	assert.equal(await regions.next(home, "good", failed, "ws://a.example"), "wss://b.example");
	assert.equal(await regions.next(home, "good", failed, "wss://b.example"), undefined);
	assert.equal(await make().nearest(home, "good"), "ws://a.example");
	assert.equal(await make().nearest(home, "missing"), undefined);
	assert.equal(await new Regions({}).nearest(home, "good"), undefined);
	await assert.rejects(make().nearest(home, "refused"), /401/);
});

test("what a server says is bounded, and nonsense is none", async () => {
	assert.equal((await all("many")).length, 16);
	for (const token of ["large", "strange", "broken", "missing"]) {
		assert.deepEqual(await all(token), [], token);
	}
});

test("a token that is not taken ends it", async () => {
	await assert.rejects(
		make().next(home, "refused", failed),
		(error) =>
			error instanceof ConnectionError && error.reason === ConnectionErrorReason.NotAllowed,
	);
});

test("nobody is asked when it is of no use", async () => {
	const regions = make();
	for (const reason of [ConnectionErrorReason.NotAllowed, ConnectionErrorReason.Cancelled]) {
		assert.equal(await regions.next(home, "good", new ConnectionError("", reason)), undefined);
	}
	assert.equal(await new Regions({}).next(home, "good", failed), undefined); // no cloud
	assert.equal(await regions.next("nonsense", "good", failed), undefined);
});

test("what a server reports comes first, and not without TLS where there was", async () => {
	const regions = make();
	const said = ["ws://c.example", "wss://d.example"].map((url) => ({
		region: "",
		url,
		distance: 0,
	}));
	regions.reported(home, said);
	assert.equal(await regions.next(home, "good", failed), "ws://c.example");
	const secure = home.replace("ws:", "wss:");
	regions.reported(secure, said);
	assert.equal(await regions.next(secure, "good", failed), "wss://d.example");
	assert.equal(await regions.next(secure, "good", failed), undefined);
});

test("cancelled, it ends at once", async () => {
	const regions = make();
	const next = regions.next(home, "silent", failed);
	await sleep(20);
	regions.cancel();
	assert.equal(await next, undefined);
});
