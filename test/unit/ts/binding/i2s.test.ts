import { assert, test } from "harness";
import { type I2SOptions, Microphone, Speaker } from "webrtc-native/device";

function complaint(i2s?: I2SOptions): string {
	try {
		new Microphone({ driver: "i2s", i2s, sampleRate: 16000 });
	} catch (error) {
		return (error as Error).message;
	}
	return "";
}

test("what an I2S bus cannot be is refused by name", () => {
	const bus: I2SOptions = { mclk: 0, bclk: 34, ws: 33, din: 14, dout: 13 };
	assert.match(complaint(), /no i2s/);
	assert.match(complaint({ ...bus, format: "i2s" as "std" }), /no such format: i2s|format is too/);
	assert.match(complaint({ ...bus, bclk: 64 }), /bclk is out of range/);
	assert.match(complaint({ ...bus, controller: 2 as 1 }), /controller is out of range/);
	assert.match(complaint({ ...bus, slots: 4 }), /slots is out of range/, "std has two");
	assert.match(complaint({ ...bus, format: "tdm", slots: 4, slot: 4 }), /slot is out of range/);
	assert.match(complaint({ ...bus, format: "tdm", slots: 17 }), /slots is out of range/);
});

test("a bus that can be, on a desktop", () => {
	const bus: I2SOptions = { bclk: 8, ws: 6, din: 7, dout: 5, bits: 32, slot: 1 };
	assert.match(complaint(bus), /no such driver/);
	assert.throws(() => new Speaker({ driver: "i2s", i2s: bus, sampleRate: 16000 }));
});
