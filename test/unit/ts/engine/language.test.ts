import { assert, test } from "harness";

test("strings are as on the device: one emoji is one character", () => {
	assert.equal("😀".length, 1);
	assert.equal("😀".charCodeAt(0), 0x1f600);
	assert.equal("a😀b".indexOf("b"), 2);
});
