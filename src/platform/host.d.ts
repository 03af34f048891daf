/** What the engine and its host lend, on every board: Moddable's modules and XS' own built-ins. */

declare function trace(...messages: string[]): void;

interface StringConstructor {
	/** The text of UTF-8 bytes; XS before 14 stops at a zero. Throws TypeError on malformed bytes. */
	fromArrayBuffer(buffer: ArrayBufferLike, byteOffset?: number, byteLength?: number): string;
}

interface ArrayBufferConstructor {
	/** The string as XS holds it: UTF-8, with zeros as C0 80 and lone surrogates as three bytes. */
	fromString(text: string): ArrayBuffer;
}

declare module "timer" {
	interface Timer {
		readonly brand: unique symbol;
	}
	const Timer: {
		set(callback: () => void, delay?: number): Timer;
		repeat(callback: () => void, interval: number): Timer;
		clear(timer: Timer | undefined): void;
	};
	export default Timer;
}

declare module "time" {
	const Time: {
		/** Monotonic; wraps on no board within its uptime. */
		readonly microseconds: number;
	};
	export default Time;
}

declare module "preference" {
	type Value = string | number | boolean | ArrayBuffer;
	const Preference: {
		get(domain: string, key: string): Value | undefined;
		set(domain: string, key: string, value: Value): void;
		delete(domain: string, key: string): void;
		keys(domain: string): string[];
	};
	export default Preference;
}
