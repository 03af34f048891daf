/**
 * Tests inside XS: a test module calls test() at its top level, main.ts runs them in order and prints
 * TAP, which run.mjs turns into node:test subtests. See README.md.
 */

import { exit } from "simulator";
import Timer from "timer";

interface Test {
	name: string;
	body: () => void | Promise<void>;
	timeout: number;
}

const tests: Test[] = [];

/** `timeout` in milliseconds. */
export function test(name: string, body: () => void | Promise<void>, timeout = 5000): void {
	tests.push({ name, body, timeout });
}

export class AssertionError extends Error {
	override get name(): string {
		return "AssertionError";
	}
}

function fail(what: string, message?: string): never {
	throw new AssertionError(message === undefined ? what : `${message}: ${what}`);
}

/** A value as text, deep enough to see where two differ. */
export function show(value: unknown, depth = 0): string {
	if (typeof value === "string") return JSON.stringify(value);
	if (typeof value === "bigint") return `${value}n`;
	if (typeof value === "function") return "function";
	if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
	if (value instanceof Error) return `${value.name}: ${value.message}`;
	if (value instanceof ArrayBuffer) return `ArrayBuffer ${show(new Uint8Array(value))}`;
	if (depth > 6) return "…";
	if (Array.isArray(value) || ArrayBuffer.isView(value)) {
		return `[${Array.from(value as any, (item) => show(item, depth + 1)).join(", ")}]`;
	}
	if (value instanceof Map) return `Map ${show([...value], depth)}`;
	if (value instanceof Set) return `Set ${show([...value], depth)}`;
	const properties = Object.entries(value).map(([key, item]) => `${key}: ${show(item, depth + 1)}`);
	return `{ ${properties.join(", ")} }`;
}

function same(a: any, b: any): boolean {
	if (Object.is(a, b)) return true;
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
	if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
	if (a instanceof ArrayBuffer) return same(new Uint8Array(a), new Uint8Array(b));
	if (a instanceof Map || a instanceof Set) return same([...a], [...b]);
	if (a instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
	const keys = Object.keys(a);
	return keys.length === Object.keys(b).length && keys.every((key) => key in b && same(a[key], b[key]));
}

/** A class, a pattern of "name: message", or a check of one's own. */
type Expected = (abstract new (...args: any[]) => Error) | RegExp | ((error: any) => boolean);

function checkError(error: any, expected?: Expected): void {
	if (expected === undefined) return;
	if (expected instanceof RegExp) {
		if (!expected.test(String(error))) fail(`${show(error)} does not match ${expected}`);
	} else if ((expected as any).prototype instanceof Error || (expected as unknown) === Error) {
		if (!(error instanceof (expected as any))) fail(`${show(error)} is of another class`);
	} else if (!(expected as (error: any) => boolean)(error)) fail(`${show(error)} is not what was expected`);
}

export const assert = Object.freeze({
	ok(value: unknown, message?: string): void {
		if (!value) fail(`${show(value)} is not true`, message);
	},
	/** Object.is */
	equal(actual: unknown, expected: unknown, message?: string): void {
		if (!Object.is(actual, expected)) fail(`${show(actual)} is not ${show(expected)}`, message);
	},
	notEqual(actual: unknown, expected: unknown, message?: string): void {
		if (Object.is(actual, expected)) fail(`${show(actual)} is not expected`, message);
	},
	/** Same classes, keys and values, all the way down; bytes by content. */
	deepEqual(actual: unknown, expected: unknown, message?: string): void {
		if (!same(actual, expected)) fail(`${show(actual)} is not ${show(expected)}`, message);
	},
	match(actual: string, pattern: RegExp, message?: string): void {
		if (!pattern.test(actual)) fail(`${show(actual)} does not match ${pattern}`, message);
	},
	throws(body: () => unknown, expected?: Expected, message?: string): void {
		let error: any;
		try {
			body();
		} catch (thrown) {
			error = thrown ?? "undefined";
		}
		if (error === undefined) fail("nothing was thrown", message);
		checkError(error, expected);
	},
	async rejects(promise: PromiseLike<unknown> | (() => PromiseLike<unknown>), expected?: Expected): Promise<void> {
		let error: any;
		try {
			await (typeof promise === "function" ? promise() : promise);
		} catch (thrown) {
			error = thrown ?? "undefined";
		}
		if (error === undefined) fail("the promise was fulfilled");
		checkError(error, expected);
	},
	fail(message: string): never {
		fail(message);
	},
});

/** Resolves after `milliseconds`. */
export function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});
}

function limited({ name, body, timeout }: Test): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = Timer.set(() => reject(new AssertionError(`"${name}" took more than ${timeout} ms`)), timeout);
		Promise.resolve()
			.then(body)
			.finally(() => Timer.clear(timer))
			.then(resolve, reject);
	});
}

/** Runs what test() collected, one after the other, and ends the app. */
export async function run(): Promise<never> {
	let failed = 0;
	trace(`1..${tests.length}\n`);
	for (const [index, item] of tests.entries()) {
		try {
			await limited(item);
			trace(`ok ${index + 1} - ${item.name}\n`);
		} catch (error) {
			failed++;
			const text = String((error as Error | undefined)?.stack ?? error);
			trace(`not ok ${index + 1} - ${item.name}\n${text.replace(/^/gm, "# ")}\n`);
		}
	}
	exit(failed > 0 ? 1 : 0);
}
