import { assert, sleep, test } from "harness";
import { pretendLink } from "simulator";
import { NetworkLink } from "webrtc-native/device";

async function until(what: string, condition: () => boolean): Promise<void> {
	for (let i = 0; i < 400; i++) {
		if (condition()) return;
		await sleep(5);
	}
	assert.fail(`never: ${what}`);
}

test("a link that goes and comes is told, and what is between calls may be one", async () => {
	const told: boolean[] = [];
	pretendLink(true);
	const link = new NetworkLink({ onChange: (up) => told.push(up) });
	assert.equal(link.up, true);
	pretendLink(false);
	assert.equal(link.up, false);
	assert.deepEqual(told, [], "never inside the call that caused it");
	await until("down is told", () => told.length > 0);
	assert.deepEqual(told, [false]);
	pretendLink(true);
	pretendLink(false);
	pretendLink(true);
	await until("up is told", () => told.length > 1);
	await sleep(20);
	assert.deepEqual(told, [false, true], "three changes are one message");
	link.close();
	link.close();
	pretendLink();
});

test("nobody is told after close()", async () => {
	let told = 0;
	const link = new NetworkLink({
		onChange: () => {
			told++;
		},
	});
	const other = new NetworkLink({
		onChange: () => {
			told += 100;
		},
	});
	pretendLink(false);
	link.close();
	await until("the other is told", () => told > 0);
	await sleep(20);
	assert.equal(told, 100);
	other.close();
	pretendLink();
});
