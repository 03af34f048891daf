import { assert, sleep, test } from "harness";
import { SignalClient } from "livekit/signal/SignalClient";
import type { SignalClosed } from "livekit/signal/types";
import config from "mc/config";

test("the server ends", async () => {
	const signal = new SignalClient();
	let left = false;
	signal.on("leave", () => {
		left = true;
	});
	const closed = new Promise<SignalClosed>((resolve) => {
		signal.on("closed", resolve);
	});
	await signal.connect(config.url, config.token, {});
	const { code } = await closed;
	assert.ok(left || code === 1006 || code === 1000 || code === 1001, `${left} ${code}`);
	assert.equal(signal.connected, false);
}, 15000);

test("and cannot be reached any more", async () => {
	for (;;) {
		try {
			const signal = new SignalClient();
			await signal.connect(config.url, config.token, {});
			signal.close();
		} catch (error) {
			if (/: nothing listens at 127\.0\.0\.1:\d+: start the server/.test(String(error))) return;
		}
		await sleep(100);
	}
}, 15000);
