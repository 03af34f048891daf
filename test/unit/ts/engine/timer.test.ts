import { assert, sleep, test } from "harness";
import Time from "time";
import Timer from "timer";

/** Milliseconds with fractions; the engine's own tests have no library that would lend it. */
const now = (): number => native("xs_device_now").call(undefined);

test("timers fire by time, those of one time as they were set", async () => {
	const order: string[] = [];
	Timer.set(() => order.push("20"), 20);
	Timer.set(() => order.push("5 a"), 5);
	Timer.set(() => order.push("5 b"), 5);
	Timer.set(() => order.push("0"));
	await sleep(30);
	assert.deepEqual(order, ["0", "5 a", "5 b", "20"]);
});

test("a timer is not early and not late", async () => {
	const before = now();
	await sleep(20);
	const elapsed = now() - before;
	assert.ok(elapsed >= 20 && elapsed < 2000, `${elapsed} ms`);
});

test("clear() stops one that waits, one that repeats, from inside too, and takes nothing", async () => {
	let calls = 0;
	const waiting = Timer.set(() => calls++, 5);
	Timer.clear(waiting);
	Timer.clear(waiting);
	Timer.clear(undefined);
	Timer.clear(null);
	const repeating = Timer.repeat((timer) => {
		assert.equal(timer, repeating);
		if (++calls === 3) Timer.clear(timer);
	}, 2);
	await sleep(30);
	assert.equal(calls, 3);
});

test("set() with a repeat goes on with it", async () => {
	const at: number[] = [];
	const before = Time.ticks;
	const timer = Timer.set(() => at.push(Time.delta(before)), 1, 20);
	await sleep(55);
	Timer.clear(timer);
	assert.equal(at.length, 3);
	assert.ok(at[0] >= 1 && at[1] >= 20, `${at}`);
});

test("a repeating timer does not drift", async () => {
	const at: number[] = [];
	const before = now();
	const timer = Timer.repeat(() => {
		at.push(now() - before);
		const busy = Time.ticks;
		while (Time.delta(busy) < 3);
	}, 5);
	await sleep(102);
	Timer.clear(timer);
	// By due time it has fired every 5 ms up to the end of the sleep, however late each one was.
	assert.equal(at.length, 20);
	assert.ok(
		at.every((time, index) => time >= 5 * (index + 1)),
		`${at}`,
	);
});

test("schedule() moves a timer, holds it, and sets it again from its callback", async () => {
	let calls = 0;
	const timer = Timer.set(() => calls++, 5);
	Timer.schedule(timer);
	await sleep(15);
	assert.equal(calls, 0);
	Timer.schedule(timer, 1);
	await sleep(15);
	assert.equal(calls, 1);
	assert.throws(() => Timer.schedule(timer, 1), /over/);
	const again = Timer.set((it) => {
		if (++calls < 3) Timer.schedule(it, 1);
	}, 1);
	await sleep(20);
	assert.equal(calls, 3);
	Timer.clear(again);
});

test("promise jobs run before the next timer", async () => {
	const order: string[] = [];
	Timer.set(() => {
		order.push("timer 1");
		Promise.resolve()
			.then(() => order.push("job 1"))
			.then(() => order.push("job 2"));
	}, 1);
	Timer.set(() => order.push("timer 2"), 1);
	await sleep(10);
	assert.deepEqual(order, ["timer 1", "job 1", "job 2", "timer 2"]);
});

test("delta() counts across the wrap of ticks", () => {
	assert.equal(Time.delta(0x7ffffff0, -0x7ffffff0), 0x20);
	assert.equal(Time.delta(10, 5), -5);
});

test("a timer needs a function", () => {
	assert.throws(() => Reflect.apply(Timer.set, Timer, [undefined, 1]), TypeError);
});
