/** The memory profiles as the C module has them. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/lib/paths.mjs";
import { figure } from "../figures.mjs";

const source = join(root, "modules/webrtc-native/port/common/profile.c");
const slotBytes = 16;

/**
 * @typedef {object} Profile
 * @property {number} chunk bytes @property {number} slots @property {number} stack slots
 * @property {number} heap bytes of the three together
 * @property {Record<string, number>} budget bytes by subsystem
 * @property {Record<string, number>} tasks bytes of stack; those of the transport and of audio, which
 *   live as long as the call, first
 * @property {number} stacks bytes of the tasks that a call has while it runs
 * @property {number} maxSignal @property {number} maxData @property {number} maxText bytes
 * @property {number} maxStreams
 */

/** Read from its C table. @returns {Record<"psram" | "internal", Profile>} */
export function profiles() {
	const text = readFileSync(source, "utf8");
	return { psram: profile(text, "psram"), internal: profile(text, "internal") };
}

/** @param {string} text @param {string} name @returns {Profile} */
function profile(text, name) {
	const begin = text.indexOf(`.name = "${name}"`);
	const row = text.slice(
		begin,
		text.indexOf("},\n\t{", begin) + 1 || text.indexOf("#ifndef", begin),
	);
	/** @param {string} field */
	const number = (field) => {
		const [, value] = new RegExp(`\\.${field} = (\\d+)`).exec(row) ?? [];
		if (!value) throw new Error(`no ${field} in the profile ${name}`);
		return Number(value);
	};
	const budget = Object.fromEntries(
		[...row.matchAll(/\[PORT_(\w+)\] = KB\((\d+)\)/g)].map(([, key, size]) => [
			key.toLowerCase(),
			Number(size) * 1024,
		]),
	);
	const [, list] = /TASKS\((.*)\)/.exec(row) ?? ["", ""];
	const [transport, audio, worker, waiting] = [...list.matchAll(/KB\((\d+)\)/g)].map(
		([, size]) => Number(size) * 1024,
	);
	const [chunk, slots, stack] = ["xs_chunk", "xs_slots", "xs_stack"].map(number);
	return {
		chunk,
		slots,
		stack,
		heap: chunk + (slots + stack) * slotBytes,
		budget,
		tasks: { transport, audio, worker, waiting },
		stacks: transport + audio,
		maxSignal: number("max_signal"),
		maxData: number("max_data"),
		maxText: number("max_text"),
		maxStreams: number("max_streams"),
	};
}

/**
 * What a call takes of a board without PSRAM: native code with the stacks of its tasks, and all.
 * @param {number} peak bytes that native code had at most at one time
 */
export function internalProfile(peak) {
	const { heap, stacks } = profiles().internal;
	return [
		figure("memory.internal_profile.native", "B", [peak + stacks]),
		figure("memory.internal_profile.total", "B", [peak + stacks + heap]),
	];
}

/** What docs/memory.md shows of core/bounds.h. */
export function boundsTable() {
	const text = readFileSync(join(root, "modules/webrtc-native/core/bounds.h"), "utf8");
	const rows = [...text.matchAll(/^#define (\w+) BOUND\((\d+), (\d+)\)$/gm)];
	return [
		"| | `psram` | `internal` |",
		"|---|---|---|",
		...rows.map(([, name, one, other]) => `| \`${name}\` | ${one} | ${other} |`),
	].join("\n");
}

/** What docs/memory.md shows of them. */
export function table() {
	const { psram, internal } = profiles();
	/** @param {string} name @param {number} one @param {number} other */
	const row = (name, one, other) =>
		`| ${name} | ${one.toLocaleString("en")} | ${other.toLocaleString("en")} |`;
	return [
		"| | `psram` | `internal` |",
		"|---|---|---|",
		row("XS: chunks, bytes", psram.chunk, internal.chunk),
		row("XS: slots of 16 bytes", psram.slots, internal.slots),
		row("XS: stack, slots", psram.stack, internal.stack),
		...Object.keys(psram.budget).map((name) =>
			row(`native: ${name}, bytes`, psram.budget[name], internal.budget[name]),
		),
		...Object.keys(psram.tasks).map((name) =>
			row(`stack: ${name}, bytes`, psram.tasks[name], internal.tasks[name]),
		),
		row("largest signal message, bytes", psram.maxSignal, internal.maxSignal),
		row("largest data message of others, bytes", psram.maxData, internal.maxData),
		row("texts and calls of others at a time, bytes", psram.maxText, internal.maxText),
		row("streams of others, and calls, at a time", psram.maxStreams, internal.maxStreams),
	].join("\n");
}
