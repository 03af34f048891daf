import { assert, sleep, test } from "harness";
import { collect } from "simulator";

class Fixture extends Native("xs_fixture_destructor") {
	#private = "own";
	own = 1;
	constructor(value: number) {
		super();
		native("xs_fixture").call(this, value);
	}
	get value(): number {
		return native("xs_fixture_get_value").call(this);
	}
	get private(): string {
		return this.#private;
	}
	start(onEvent: (text: string) => void): void {
		native("xs_fixture_start").call(this, onEvent);
	}
	close(): void {
		native("xs_fixture_close").call(this);
	}
}

const destroyed = (): number => native("xs_fixture_destroyed").call(undefined);

test("a native class has its prototype, fields and private fields", () => {
	const fixture = new Fixture(7);
	assert.ok(fixture instanceof Fixture);
	assert.equal(fixture.value, 7);
	assert.equal(fixture.own, 1);
	assert.equal(fixture.private, "own");
	assert.deepEqual(Object.keys(fixture), ["own"]);
	fixture.close();
});

test("native() gives the same function for the same name", () => {
	assert.equal(native("xs_fixture_fill"), native("xs_fixture_fill"));
});

test("the destructor runs once: at close, or when the object is garbage", () => {
	const before = destroyed();
	new Fixture(1).close();
	collect();
	assert.equal(destroyed(), before + 1);
	(() => {
		new Fixture(2);
	})();
	collect();
	assert.equal(destroyed(), before + 2);
});

test("an unknown symbol is an error that names it, as are symbols that are no binding's", () => {
	assert.throws(() => native("xs_no_such_thing"), /xs_no_such_thing/);
	assert.throws(() => native("system"), /system/);
	const Missing = Native("xs_missing_destructor");
	assert.throws(() => new Missing(), /xs_missing_destructor/);
	assert.throws(() => Reflect.apply(Missing, undefined, []), TypeError);
});

test("another thread's messages come in order and none is lost", async () => {
	const fixture = new Fixture(26);
	let text = "";
	await new Promise<void>((resolve) => {
		fixture.start((letter) => {
			text += letter;
			if (text.length === 26) resolve();
		});
	});
	assert.equal(text, "abcdefghijklmnopqrstuvwxyz");
	fixture.close();
});

test("the queue is bounded as the device's: 10", async () => {
	assert.equal(native("xs_fixture_fill").call(undefined), 10);
	await sleep(5);
	assert.equal(native("xs_fixture_counted").call(undefined), 10);
});
