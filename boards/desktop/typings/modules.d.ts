/* The SDK's modules that apps and the library import, as its own typings declare them. */

declare module "timer" {
	export type TimerCallback = (timer: Timer) => void;
	class Timer {
		private constructor();
		static set(callback: TimerCallback, interval?: number, repeat?: number): Timer;
		static repeat(callback: TimerCallback, interval: number): Timer;
		static schedule(timer: Timer, interval?: number, repeat?: number): void;
		static clear(timer: Timer | undefined | null): void;
		private brand: boolean;
	}
	export default Timer;
}

declare module "time" {
	const Time: {
		readonly ticks: number;
		delta(start: number, end?: number): number;
	};
	export default Time;
}

declare module "preference" {
	const Preference: {
		set(domain: string, key: string, value: string | boolean | number | ArrayBuffer): void;
		get(domain: string, key: string): string | boolean | number | ArrayBuffer | undefined;
		delete(domain: string, key: string): void;
		keys(domain: string): string[];
	};
	export default Preference;
}

declare module "base64" {
	const Base64: {
		encode(source: ArrayBufferLike | ArrayBufferView | string): string;
		decode(text: string): ArrayBuffer;
	};
	export default Base64;
}

declare module "text/encoder" {
	class TextEncoder {
		encode(text: string): Uint8Array;
		encodeInto(text: string, into: Uint8Array): { read: number; written: number };
	}
	export default TextEncoder;
}

declare module "text/decoder" {
	class TextDecoder {
		constructor(label?: "utf-8", options?: { fatal?: boolean; ignoreBOM?: boolean });
		decode(bytes?: ArrayBufferLike | ArrayBufferView, options?: { stream?: boolean }): string;
		readonly encoding: string;
		readonly fatal: boolean;
		readonly ignoreBOM: boolean;
	}
	export default TextDecoder;
}

declare module "mc/config" {
	/** The manifests' config, with the command line's key=value over it. */
	// biome-ignore lint/suspicious/noExplicitAny: JSON of the manifests
	const config: Readonly<Record<string, any>>;
	export default config;
}
