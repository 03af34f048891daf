/** A device's memory, for the simulator. */

import { Failure } from "./failure.mjs";

/**
 * A profile of docs/memory.md, the 32-bit host with these libraries, and a heap of so many bytes of chunks,
 * slots and slots of stack instead of the profile's.
 * @typedef {{ profile?: "psram" | "internal", libraries?: "x86-32" | "x86-32-internal",
 *   heap?: { chunk: number, slots: number, stack: number } }} Memory
 */

/** A board's of this profile. @param {string} profile @returns {Required<Omit<Memory, "heap">>} */
export function deviceMemory(profile) {
	if (profile === "psram") return { profile, libraries: "x86-32" };
	if (profile === "internal") return { profile, libraries: "x86-32-internal" };
	throw new Failure(`no memory profile "${profile}": there are psram and internal`);
}

/** Names the profile of all simulators that are not told otherwise, as `npm test -- --profile` does. */
export const profileVariable = "LIVEKIT_XS_PROFILE";

/** What that variable says; nothing: a desktop's memory. @returns {Memory} */
export function commonMemory() {
	const profile = process.env[profileVariable];
	return profile ? deviceMemory(profile) : {};
}
