/**
 * Waits until `probe` gives something true, and returns it.
 * @template T
 * @param {() => T} probe @param {string} what for the error @param {number} [timeout] milliseconds
 */
export async function until(probe, what, timeout = 10_000) {
	const deadline = performance.now() + timeout;
	for (;;) {
		const value = probe();
		if (value) return value;
		if (performance.now() > deadline) throw new Error(`waited ${timeout} ms in vain for ${what}`);
		await new Promise((resolve) => setTimeout(resolve, 20));
	}
}
