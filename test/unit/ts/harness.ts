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
export function test(name: string, body: () => void | Promise<void>, timeout = 20_000): void {
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
	if (typeof value !== "object" || value === null)
		return Object.is(value, -0) ? "-0" : String(value);
	if (value instanceof Error) return `${value.name}: ${value.message}`;
	if (value instanceof ArrayBuffer) return `ArrayBuffer ${show(new Uint8Array(value))}`;
	if (depth > 6) return "…";
	if (Array.isArray(value) || ArrayBuffer.isView(value)) {
		const items = Array.from(value as unknown as ArrayLike<unknown>);
		return `[${items.map((item) => show(item, depth + 1)).join(", ")}]`;
	}
	if (value instanceof Map) return `Map ${show([...value], depth)}`;
	if (value instanceof Set) return `Set ${show([...value], depth)}`;
	const properties = Object.entries(value).map(([key, item]) => `${key}: ${show(item, depth + 1)}`);
	return `{ ${properties.join(", ")} }`;
}

function same(a: unknown, b: unknown): boolean {
	if (Object.is(a, b)) return true;
	if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
	if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
	if (a instanceof ArrayBuffer) return same(new Uint8Array(a), new Uint8Array(b as ArrayBuffer));
	if (a instanceof Map || a instanceof Set) return same([...a], [...(b as Iterable<unknown>)]);
	if (a instanceof Error && String(a) !== String(b)) return false;
	const keys = Object.keys(a);
	return (
		keys.length === Object.keys(b).length &&
		keys.every((key) => key in b && same(Reflect.get(a, key), Reflect.get(b, key)))
	);
}

type ErrorClass = abstract new (...args: never[]) => Error;
/** A class, a pattern of "name: message", or a check of one's own. */
// biome-ignore lint/suspicious/noExplicitAny: what is thrown can be anything
type Expected = ErrorClass | RegExp | ((error: any) => boolean);

function isErrorClass(expected: object): expected is ErrorClass {
	return expected === Error || Reflect.get(expected, "prototype") instanceof Error;
}

function checkError(error: unknown, expected?: Expected, message?: string): void {
	if (expected === undefined) return;
	if (expected instanceof RegExp) {
		if (!expected.test(String(error))) fail(`${show(error)} does not match ${expected}`, message);
	} else if (isErrorClass(expected)) {
		if (!(error instanceof expected)) fail(`${show(error)} is no ${expected.name}`, message);
	} else if (!expected(error)) fail(`${show(error)} is not what was expected`, message);
}

export interface Assert {
	ok(value: unknown, message?: string): asserts value;
	/** Object.is */
	equal(actual: unknown, expected: unknown, message?: string): void;
	notEqual(actual: unknown, expected: unknown, message?: string): void;
	/** Same classes, keys and values, all the way down; bytes by content. */
	deepEqual(actual: unknown, expected: unknown, message?: string): void;
	match(actual: string, pattern: RegExp, message?: string): void;
	throws(body: () => unknown, expected?: Expected, message?: string): void;
	rejects(
		promise: PromiseLike<unknown> | (() => PromiseLike<unknown>),
		expected?: Expected,
	): Promise<void>;
	fail(message: string): never;
}

const nothing = Symbol("nothing was thrown");

export const assert: Assert = {
	ok(value, message) {
		if (!value) fail(`${show(value)} is not true`, message);
	},
	equal(actual, expected, message) {
		if (!Object.is(actual, expected)) fail(`${show(actual)} is not ${show(expected)}`, message);
	},
	notEqual(actual, expected, message) {
		if (Object.is(actual, expected)) fail(`${show(actual)} is not expected`, message);
	},
	deepEqual(actual, expected, message) {
		if (!same(actual, expected)) fail(`${show(actual)} is not ${show(expected)}`, message);
	},
	match(actual, pattern, message) {
		if (!pattern.test(actual)) fail(`${show(actual)} does not match ${pattern}`, message);
	},
	throws(body, expected, message) {
		let error: unknown = nothing;
		try {
			body();
		} catch (thrown) {
			error = thrown;
		}
		if (error === nothing) fail("nothing was thrown", message);
		checkError(error, expected, message);
	},
	async rejects(promise, expected) {
		let error: unknown = nothing;
		try {
			await (typeof promise === "function" ? promise() : promise);
		} catch (thrown) {
			error = thrown;
		}
		if (error === nothing) fail("the promise was fulfilled");
		checkError(error, expected);
	},
	fail(message) {
		fail(message);
	},
};

/** Resolves after `milliseconds`. */
export function sleep(milliseconds: number): Promise<void> {
	return new Promise((resolve) => {
		Timer.set(() => resolve(), milliseconds);
	});
}

function limited({ name, body, timeout }: Test): Promise<void> {
	return new Promise((resolve, reject) => {
		const timer = Timer.set(
			() => reject(new AssertionError(`"${name}" took more than ${timeout} ms`)),
			timeout,
		);
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
